/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/int8_weights.h"

#include "kernels/float_mode.h"

#include <math.h>
#include <string.h>

#define WEIGHT_MAX 127
#define VALUE_MAX  0x1p30 /* of what is rounded to an integer, and of the sums' parts */

__attribute__((noinline)) static HrnetInt8Range range_of(double low, double high)
{
    low = low < 0 ? low : 0;
    high = high > 0 ? high : 0;
    if (low == 0 && high == 0)
        high = 1; /* nothing but zeros: any scale */
    const double scale = (high - low) / 255;
    return (HrnetInt8Range){ .scale = scale, .zero_point = (unsigned)rint(-low / scale) };
}

HrnetInt8Range hrnet_int8_range(double low, double high)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    const HrnetInt8Range range = range_of(low, high);
    hrnet_float_mode_restore(&before);
    return range;
}

static unsigned n_quads(const HrnetInt8Layer *layer)
{
    return (layer->in_channels + HRNET_QUAD - 1) / HRNET_QUAD;
}

static unsigned n_taps(const HrnetInt8Layer *layer)
{
    return layer->kernel * layer->kernel;
}

unsigned hrnet_int8_padded_rows(unsigned out_channels)
{
    return (out_channels + HRNET_QUAD - 1) / HRNET_QUAD * HRNET_QUAD;
}

/* All groups but the last are whole, and the last has an even number of rows. */
static unsigned packed_rows(const HrnetInt8Layer *layer, const HrnetInt8Kernels *kernels)
{
    const unsigned rows = layer->out_channels;
    const unsigned last = (rows - 1) / kernels->block_rows * kernels->block_rows;
    return last + hrnet_int8_group_rows(rows, last, kernels->block_rows);
}

size_t hrnet_int8_weights_bytes(const HrnetInt8Layer *layer, const HrnetInt8Kernels *kernels)
{
    return (size_t)packed_rows(layer, kernels) * n_quads(layer) * n_taps(layer) * HRNET_QUAD *
           kernels->weight_bytes;
}

/* Where weight `channel`, `tap` of a row goes, counted in weights. */
static size_t packed_index(const HrnetInt8Layer *layer, const HrnetInt8Kernels *kernels,
                           unsigned row, unsigned channel, unsigned tap)
{
    static const unsigned char wide_order[HRNET_QUAD] = { 0, 2, 1, 3 };
    const unsigned first = row / kernels->block_rows * kernels->block_rows;
    const unsigned group_rows =
        hrnet_int8_group_rows(layer->out_channels, first, kernels->block_rows);
    const size_t step = (size_t)(channel / HRNET_QUAD) * n_taps(layer) + tap;
    const unsigned lane = channel % HRNET_QUAD;
    return HRNET_QUAD *
               ((size_t)first * n_quads(layer) * n_taps(layer) + step * group_rows + row - first) +
           (kernels->weight_bytes == 2 ? wide_order[lane] : lane);
}

static void store_weight(const HrnetInt8Kernels *kernels, void *weights, size_t index, int value)
{
    if (kernels->weight_bytes == 2)
        ((int16_t *)weights)[index] = (int16_t)value;
    else
        ((int8_t *)weights)[index] = (int8_t)value;
}

typedef struct {
    double scale;      /* of the weights */
    double zeros;      /* of them, quantised, times their source's zero point */
    int64_t sum;       /* of them */
    int64_t magnitude; /* of their absolute values */
} RowWeights;

/* Quantises and packs the weights of a row. */
static RowWeights pack_row(const HrnetInt8Layer *layer, const HrnetInt8Kernels *kernels,
                           unsigned row, void *weights)
{
    const unsigned taps = n_taps(layer);
    const float *from = layer->weights + (size_t)row * layer->in_channels * taps;
    double most = 0;
    for (size_t i = 0; i < (size_t)layer->in_channels * taps; i++)
        most = fabs((double)from[i]) > most ? fabs((double)from[i]) : most;
    RowWeights packed = { .scale = most > 0 ? most / WEIGHT_MAX : 1 };
    for (unsigned c = 0; c < layer->in_channels; c++) {
        int64_t sum = 0;
        for (unsigned t = 0; t < taps; t++) {
            const int q = (int)rint((double)from[c * taps + t] / packed.scale);
            store_weight(kernels, weights, packed_index(layer, kernels, row, c, t), q);
            sum += q;
            packed.magnitude += q < 0 ? -q : q;
        }
        packed.sum += sum;
        packed.zeros +=
            (layer->in_zeros ? layer->in_zeros[c] : (double)layer->in.zero_point) * (double)sum;
    }
    return packed;
}

static bool all_finite(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static bool is_computable(const HrnetInt8Layer *layer)
{
    const size_t n_terms = (size_t)n_quads(layer) * HRNET_QUAD * n_taps(layer);
    return n_terms <= HRNET_INT8_TERMS_MAX &&
           all_finite(layer->weights,
                      (size_t)layer->out_channels * layer->in_channels * n_taps(layer)) &&
           (!layer->bias || all_finite(layer->bias, layer->out_channels));
}

__attribute__((noinline)) static bool pack_rows(const HrnetInt8Layer *layer,
                                                const HrnetInt8Kernels *kernels, void *weights,
                                                int32_t *bias, float *scale, float *residual_scale)
{
    const double residual = layer->residual ? layer->residual->scale / layer->out.scale : 0;
    *residual_scale = (float)residual;
    memset(weights, 0, hrnet_int8_weights_bytes(layer, kernels));
    for (unsigned row = 0; row < hrnet_int8_padded_rows(layer->out_channels); row++) {
        bias[row] = 0;
        scale[row] = 0;
        if (row >= layer->out_channels)
            continue;
        const RowWeights packed = pack_row(layer, kernels, row, weights);
        const double unit = layer->in.scale * packed.scale; /* what a sum of 1 stands for */
        double start = layer->bias ? (double)layer->bias[row] : 0;
        if (layer->residual)
            start -= layer->residual->scale * layer->residual->zero_point;
        start = start / unit - packed.zeros;
        const double factor = unit / layer->out.scale;
        const double sum_max = fabs(start) + 1 + 255.0 * (double)packed.magnitude;
        if (!(fabs(start) < VALUE_MAX) || !(sum_max * factor + 255 * residual < VALUE_MAX))
            return false;
        /* below 2^30 and 128 * 127 * HRNET_INT8_TERMS_MAX in magnitude */
        bias[row] = (int32_t)((int64_t)rint(start) + (int64_t)kernels->source_offset * packed.sum);
        scale[row] = (float)factor;
    }
    return true;
}

bool hrnet_int8_weights_pack(const HrnetInt8Layer *layer, const HrnetInt8Kernels *kernels,
                             void *weights, int32_t *bias, float *scale, float *residual_scale)
{
    if (!is_computable(layer))
        return false;
    const HrnetFloatMode before = hrnet_float_mode_default();
    const bool packed = pack_rows(layer, kernels, weights, bias, scale, residual_scale);
    hrnet_float_mode_restore(&before);
    return packed;
}
