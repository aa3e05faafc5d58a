/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/conv_tile.h"

static float tile_sum(const HrnetConvTile *t, const float *weights, unsigned n_rows, unsigned r, unsigned x)
{
    float sum = 0;
    for (unsigned c = 0; c < t->n_channels; c++) {
        for (unsigned tap = 0; tap < t->n_taps; tap++)
            sum += weights[((size_t)c * t->n_taps + tap) * n_rows + r] *
                   t->src[c * t->src_channel_floats + t->tap_floats[tap] + x];
    }
    return sum;
}

void hrnet_conv_tile_f32_c(const HrnetConvTile *t)
{
    for (unsigned r = 0; r < t->rows; r++) {
        const unsigned first = r / t->block_rows * t->block_rows;
        const unsigned n_rows = t->rows - first < t->block_rows ? t->rows - first : t->block_rows;
        const float *weights = t->weights + (size_t)first * t->n_channels * t->n_taps;
        for (unsigned x = 0; x < t->columns; x++) {
            float value = tile_sum(t, weights, n_rows, r - first, x) + (t->bias ? t->bias[r] : 0);
            if (t->residual)
                value += t->residual[r * t->residual_row_floats + x];
            t->out[r * t->out_row_floats + x] = t->relu && value < 0 ? 0 : value;
        }
    }
}

static float stage_value(const HrnetConvStage *s, long i)
{
    return s->row && i >= 0 && i < (long)s->width ? s->row[i] : 0;
}

void hrnet_conv_stage_f32_c(const HrnetConvStage *s)
{
    for (long i = 0; i < (long)s->n; i++) {
        s->dst[i] = stage_value(s, s->first + i * s->stride);
        if (s->stride == 2)
            s->dst[s->odd_floats + i] = stage_value(s, s->first + i * 2 + 1);
    }
}
