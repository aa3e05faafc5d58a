/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/resize_axis.h"

#include <math.h>

static unsigned min_unsigned(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

void hrnet_resize_axis_fill(HrnetResizeMode mode, unsigned n_in, unsigned n_out, int32_t *index,
                            float *weight)
{
    float scale = (float)n_in / (float)n_out;
    if (mode == HRNET_RESIZE_BILINEAR_ALIGNED)
        scale = n_out > 1 ? (float)(n_in - 1) / (float)(n_out - 1) : 0.0f;
    for (unsigned o = 0; o < n_out; o++) {
        float position = scale * (float)o;
        if (mode == HRNET_RESIZE_BILINEAR)
            position = fmaxf(scale * ((float)o + 0.5f) - 0.5f, 0.0f);
        const unsigned first = min_unsigned((unsigned)position, n_in - 1);
        index[o] = (int32_t)first;
        weight[o] = mode == HRNET_RESIZE_NEAREST ? 0.0f : fminf(position - (float)first, 1.0f);
    }
}

/* From a block's first column to the second of its last pair. */
static unsigned largest_span(const int32_t *index, unsigned n_in, unsigned n, unsigned block)
{
    unsigned span = 0;
    for (unsigned o = 0; o < n; o += block) {
        const unsigned last = min_unsigned((unsigned)index[o + block - 1] + 1, n_in - 1);
        const unsigned block_span = last - (unsigned)index[o];
        if (block_span > span)
            span = block_span;
    }
    return span;
}

static unsigned padded_columns(unsigned n_out)
{
    return (unsigned)hrnet_round_up(n_out, HRNET_COLUMN_BLOCK);
}

size_t hrnet_columns_floats(unsigned n_out)
{
    return 4 * (size_t)padded_columns(n_out);
}

void hrnet_columns_fill(HrnetColumns *columns, float *memory, HrnetResizeMode mode, unsigned n_in,
                        unsigned n_out)
{
    const unsigned n_padded = padded_columns(n_out);
    int32_t *index = (int32_t *)memory;
    int32_t *first = index + n_padded, *second = first + n_padded;
    float *weight = memory + 3 * (size_t)n_padded;
    hrnet_resize_axis_fill(mode, n_in, n_out, index, weight);
    for (unsigned o = n_out; o < n_padded; o++) {
        index[o] = index[n_out - 1];
        weight[o] = 0.0f;
    }
    for (unsigned o = 0; o < n_padded; o++) {
        const int32_t start = index[o - o % HRNET_COLUMN_BLOCK];
        first[o] = index[o] - start;
        second[o] = (int32_t)min_unsigned((unsigned)index[o] + 1, n_in - 1) - start;
    }
    *columns = (HrnetColumns){
        .index = index,
        .weight = weight,
        .first = first,
        .second = second,
        .span8 = largest_span(index, n_in, n_padded, 8),
        .span16 = largest_span(index, n_in, n_padded, 16),
    };
}

size_t hrnet_line_floats(unsigned n_in)
{
    return hrnet_round_up((size_t)n_in + HRNET_LINE_PADDING, HRNET_ALIGNMENT / sizeof(float));
}
