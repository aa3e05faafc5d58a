/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/conv_tile.h"

static float tile_sum(const HrnetConvTile *t, const float *weights, unsigned n_rows, unsigned r,
                      unsigned x)
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

static void stage_row(const HrnetConvStage *s, const float *row, float *dst)
{
    for (long i = -1; i < (long)s->n; i++) {
        for (long phase = 0; phase < (long)s->stride; phase++) {
            const long at = (long)s->first + i * (long)s->stride + phase;
            dst[phase * (long)s->odd_floats + i] =
                row && at >= 0 && at < (long)s->width ? row[at] : 0;
        }
    }
}

void hrnet_conv_stage_f32_c(const HrnetConvStage *s)
{
    for (unsigned c = 0; c < s->n_channels; c++) {
        for (unsigned i = 0; i < s->n_rows; i++) {
            const long y = s->first_row + (long)i;
            const float *row = y >= 0 && y < (long)s->height
                                   ? s->in + c * s->in_plane_floats + (size_t)y * s->width
                                   : NULL;
            stage_row(s, row, s->dst + c * s->dst_channel_floats + i * s->dst_row_floats);
        }
    }
}
