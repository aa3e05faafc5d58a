/* Convolution of bytes as it is written down. Compiled without contraction of floating point.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/float_mode.h"
#include "kernels/int8_kernels.h"

#include <math.h>

#define BLOCK_ROWS 8

/* The rows' weights for source quad 0, tap 0; those of a step lie group_rows * HRNET_QUAD behind
 * those of the last. */
typedef struct {
    const int8_t *weights;
    size_t step_bytes;
} Filter;

static Filter filter_of_row(const HrnetInt8Conv *c, unsigned row)
{
    const unsigned first = row / BLOCK_ROWS * BLOCK_ROWS;
    const unsigned group_rows = hrnet_int8_group_rows(c->rows, first, BLOCK_ROWS);
    const size_t n_steps = (size_t)c->n_quads * c->n_taps;
    return (Filter){ .weights = (const int8_t *)c->weights + first * n_steps * HRNET_QUAD +
                                (size_t)(row - first) * HRNET_QUAD,
                     .step_bytes = (size_t)group_rows * HRNET_QUAD };
}

static int32_t pixel_sum(const HrnetInt8Conv *c, const Filter *filter, size_t x)
{
    const int8_t *weights = filter->weights;
    int32_t sum = 0;
    for (unsigned q = 0; q < c->n_quads; q++) {
        const uint8_t *quad = c->src + q * c->src_quad_bytes + HRNET_QUAD * c->stride * x;
        for (unsigned t = 0; t < c->n_taps; t++, weights += filter->step_bytes)
            for (unsigned i = 0; i < HRNET_QUAD; i++)
                sum += weights[i] * quad[c->tap_bytes[t] + (ptrdiff_t)i];
    }
    return sum;
}

static uint8_t requantised(float value, unsigned zero_point)
{
    const long q = lrintf(value) + (long)zero_point;
    return (uint8_t)(q < 0 ? 0 : q > 255 ? 255 : q);
}

__attribute__((noinline)) static void score_rows(const HrnetInt8Conv *c)
{
    for (unsigned row = 0; row < c->rows; row++) {
        const Filter filter = filter_of_row(c, row);
        float *scores = c->scores + row * c->score_plane_floats;
        for (size_t x = 0; x < c->pixels; x++)
            scores[x] = (float)(c->bias[row] + pixel_sum(c, &filter, x)) * c->scale[row];
    }
}

/* Row by row, those behind the last row of a quad included. */
__attribute__((noinline)) static void conv_rows(const HrnetInt8Conv *c)
{
    for (unsigned row = 0; row < c->rows || row % HRNET_QUAD; row++) {
        uint8_t *out = c->out + row / HRNET_QUAD * c->out_quad_bytes + row % HRNET_QUAD;
        const uint8_t *residual =
            c->residual ? c->residual + row / HRNET_QUAD * c->residual_quad_bytes + row % HRNET_QUAD
                        : NULL;
        const Filter filter = filter_of_row(c, row < c->rows ? row : 0);
        for (size_t x = 0; x < c->pixels; x++) {
            if (row >= c->rows) {
                out[HRNET_QUAD * x] = 0;
                continue;
            }
            float value = (float)(c->bias[row] + pixel_sum(c, &filter, x)) * c->scale[row];
            if (residual)
                value = value + (float)residual[HRNET_QUAD * x] * c->residual_scale;
            out[HRNET_QUAD * x] = requantised(value, c->zero_point);
        }
    }
}

void hrnet_int8_conv_c(const HrnetInt8Conv *conv)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    if (conv->scores)
        score_rows(conv);
    else
        conv_rows(conv);
    hrnet_float_mode_restore(&before);
}

const HrnetInt8Kernels hrnet_int8_kernels_c = {
    .block_rows = BLOCK_ROWS,
    .weight_bytes = 1,
    .conv = hrnet_int8_conv_c,
    .spread = hrnet_int8_spread_c,
    .sum = hrnet_int8_sum_c,
    .levels = hrnet_int8_levels_c,
};
