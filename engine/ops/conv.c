/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/conv_layer.h"

#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

static const HrnetConvMethod *const methods[HRNET_CONV_N_ALGORITHMS] = {
    [HRNET_CONV_REFERENCE] = &hrnet_conv_method_reference,
    [HRNET_CONV_GEMM] = &hrnet_conv_method_gemm,
    [HRNET_CONV_DIRECT] = &hrnet_conv_method_direct,
    [HRNET_CONV_WINO4] = &hrnet_conv_method_wino4,
};

unsigned hrnet_conv_out_size(const HrnetConvShape *shape, unsigned n)
{
    return n / shape->stride + (n % shape->stride != 0);
}

unsigned hrnet_conv_pad_before(const HrnetConvShape *shape, unsigned n)
{
    if (shape->kernel == 1)
        return 0;
    return shape->padding_same && shape->stride == 2 && n % 2 == 0 ? 0 : 1;
}

size_t hrnet_conv_weight_floats(const HrnetConvShape *shape)
{
    return (size_t)shape->out_channels * shape->in_channels * shape->kernel * shape->kernel;
}

/* The widest tile that divides the channels without a rest if there is one of nearly full width,
 * else the widest of the fewest groups of even width. */
unsigned hrnet_conv_block_rows(unsigned out_channels)
{
    const unsigned widest = hrnet_kernels()->conv.tile_rows_max;
    for (unsigned rows = widest; rows > widest * 2 / 3; rows--) {
        if (out_channels % rows == 0)
            return rows;
    }
    const unsigned n_groups = (out_channels + widest - 1) / widest;
    return (out_channels + n_groups - 1) / n_groups;
}

/* Packed weights of more bytes than this no cache keeps from one frame to the next. */
#define STREAMED_BYTES ((size_t)2 << 20)

/* What reading the weights takes, given the packed floats of a pair of channels. */
static double weight_cost(const HrnetConvShape *shape, double floats)
{
    const double n_floats = floats * shape->in_channels * shape->out_channels;
    return n_floats * (n_floats * sizeof(float) > STREAMED_BYTES ? 2 : 1);
}

/* In multiply-adds of vectors, as measured: the transforms take about 190 (input) and 150 (output)
 * for the 16 vectors of a tile vector at stride 1, 550 and 120 at stride 2. */
static HrnetConvAlgorithm choose_algorithm(const HrnetConvShape *shape, unsigned height,
                                           unsigned width)
{
    if (hrnet_cpu_features() == 0)
        return HRNET_CONV_GEMM;
    if (!hrnet_conv_method_wino4.supports(shape))
        return HRNET_CONV_DIRECT;
    const unsigned out_height = hrnet_conv_out_size(shape, height);
    const unsigned out_width = hrnet_conv_out_size(shape, width);
    const unsigned vector_floats = hrnet_kernels()->conv.vector_floats;
    const double c = shape->in_channels, k = shape->out_channels;
    const unsigned row_vectors = (out_width + vector_floats - 1) / vector_floats;
    const unsigned tile_vectors = ((out_height + 3) / 4 * row_vectors + 3) / 4;
    const double direct = out_height * row_vectors * 9 * c * k + weight_cost(shape, 9);
    const double wino4 =
        shape->stride == 1
            ? tile_vectors * (36 * c * k + 190 * c + 150 * k) + weight_cost(shape, 36)
            : tile_vectors * (81 * c * k + 550 * c + 120 * k) + weight_cost(shape, 81);
    return wino4 < direct ? HRNET_CONV_WINO4 : HRNET_CONV_DIRECT;
}

static const HrnetConvMethod *choose_method(const HrnetConvShape *shape, HrnetConvAlgorithm wanted,
                                            unsigned height, unsigned width)
{
    if (wanted == HRNET_CONV_AUTO)
        wanted = choose_algorithm(shape, height, width);
    if (wanted < HRNET_CONV_N_ALGORITHMS && methods[wanted]->supports(shape))
        return methods[wanted];
    return &hrnet_conv_method_gemm;
}

/* The bias comes first. */
static size_t bias_bytes(const HrnetConvShape *shape)
{
    return hrnet_round_up(shape->out_channels * sizeof(float), HRNET_ALIGNMENT);
}

size_t hrnet_conv_memory_bytes(const HrnetConvShape *shape, HrnetConvAlgorithm algorithm,
                               unsigned height, unsigned width)
{
    const HrnetConvMethod *method = choose_method(shape, algorithm, height, width);
    size_t n_bytes;
    if (!hrnet_checked_mul(method->packed_floats(shape), sizeof(float), &n_bytes) ||
        !hrnet_checked_add(n_bytes, bias_bytes(shape) + HRNET_ALIGNMENT - 1, &n_bytes))
        return 0;
    return n_bytes / HRNET_ALIGNMENT * HRNET_ALIGNMENT;
}

HrnetConv *hrnet_conv_new_at(const HrnetConvShape *shape, const float *weights, const float *bias,
                             HrnetConvAlgorithm algorithm, unsigned height, unsigned width,
                             void *memory)
{
    HrnetConv *conv = calloc(1, sizeof *conv);
    if (!conv)
        return NULL;
    conv->shape = *shape;
    conv->method = choose_method(shape, algorithm, height, width);
    conv->bias = memory;
    conv->packed = conv->bias + bias_bytes(shape) / sizeof(float);
    if (bias)
        memcpy(conv->bias, bias, shape->out_channels * sizeof(float));
    else
        memset(conv->bias, 0, shape->out_channels * sizeof(float));
    conv->method->pack(shape, weights, conv->packed);
    return conv;
}

HrnetConv *hrnet_conv_new(const HrnetConvShape *shape, const float *weights, const float *bias,
                          HrnetConvAlgorithm algorithm, unsigned height, unsigned width)
{
    const size_t n_bytes = hrnet_conv_memory_bytes(shape, algorithm, height, width);
    void *memory = n_bytes ? hrnet_aligned_alloc(n_bytes) : NULL;
    HrnetConv *conv =
        memory ? hrnet_conv_new_at(shape, weights, bias, algorithm, height, width, memory) : NULL;
    if (conv)
        conv->owned = memory;
    else
        hrnet_aligned_free(memory);
    return conv;
}

void hrnet_conv_free(HrnetConv *conv)
{
    if (!conv)
        return;
    hrnet_aligned_free(conv->owned);
    free(conv);
}

bool hrnet_conv_equal(const HrnetConv *a, const HrnetConv *b)
{
    return a->method == b->method && a->shape.in_channels == b->shape.in_channels &&
           a->shape.out_channels == b->shape.out_channels && a->shape.kernel == b->shape.kernel &&
           a->shape.stride == b->shape.stride && a->shape.padding_same == b->shape.padding_same &&
           memcmp(a->bias, b->bias, a->shape.out_channels * sizeof(float)) == 0 &&
           memcmp(a->packed, b->packed, a->method->packed_floats(&a->shape) * sizeof(float)) == 0;
}

HrnetConvAlgorithm hrnet_conv_algorithm(const HrnetConv *conv)
{
    return conv->method->algorithm;
}

const char *hrnet_conv_algorithm_name(HrnetConvAlgorithm algorithm)
{
    static const char *const names[HRNET_CONV_N_ALGORITHMS] = {
        [HRNET_CONV_AUTO] = "auto",   [HRNET_CONV_REFERENCE] = "reference",
        [HRNET_CONV_GEMM] = "gemm",   [HRNET_CONV_DIRECT] = "direct",
        [HRNET_CONV_WINO4] = "wino4",
    };
    return algorithm < HRNET_CONV_N_ALGORITHMS ? names[algorithm] : "unknown";
}

size_t hrnet_conv_scratch_floats(const HrnetConv *conv, unsigned height, unsigned width,
                                 unsigned n_threads)
{
    return conv->method->scratch_floats(conv, height, width, n_threads);
}

void hrnet_conv_run(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers)
{
    conv->method->run(conv, args, workers);
}

unsigned hrnet_conv_row_step(const HrnetConv *conv)
{
    return conv->method->row_step;
}

size_t hrnet_conv_rows_scratch_floats(const HrnetConv *conv, unsigned width, unsigned n_rows)
{
    return conv->method->rows_scratch_floats(conv, width, n_rows);
}

void hrnet_conv_run_rows(const HrnetConv *conv, const HrnetConvArgs *args, unsigned first_row,
                         unsigned end_row)
{
    conv->method->run_rows(conv, args, first_row, end_row);
}

void hrnet_conv_input_rows(const HrnetConvShape *shape, unsigned height, unsigned first_row,
                           unsigned end_row, unsigned *first, unsigned *end)
{
    const unsigned pad = hrnet_conv_pad_before(shape, height);
    const unsigned from = first_row * shape->stride;
    const unsigned to = (end_row - 1) * shape->stride + shape->kernel; /* + pad */
    *first = from > pad ? from - pad : 0;
    *end = to - pad < height ? to - pad : height;
}

const HrnetConvShape *hrnet_conv_shape(const HrnetConv *conv)
{
    return &conv->shape;
}
