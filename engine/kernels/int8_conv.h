/* Convolution of bytes: the heart of int8 networks.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arithmetic, which gives the same bits on every instruction set, stands in ops/int8.md.
 *
 * Layout: channels come in quads, four bytes side by side that belong to one pixel; pixels of a
 * quad follow each other, so that a vector holds 8 or 16 pixels and no channel count wastes more
 * than three bytes of it. A 3x3 window is nine distances from a pixel (taps): with one pixel of
 * zero points between the rows of a plane, and a row of them above and below, consecutive pixels
 * may run over the ends of rows, whatever the width. */
#ifndef HRNET_KERNELS_INT8_CONV_H
#define HRNET_KERNELS_INT8_CONV_H

#include <stddef.h>
#include <stdint.h>

/* Source channels of a quad, and its bytes. */
#define HRNET_QUAD 4
/* The largest number of source channels times taps: 255 * 127 times that is below 2^30. */
#define HRNET_INT8_TERMS_MAX 32768
/* How far behind what a pixel needs the source may be read: a vector of 16 pixels at stride 2. */
#define HRNET_INT8_OVER_READ 128

/* for r < rows, x < pixels:
 *
 *   sum = bias[r] + sum over q, t, i of weights(r, q, t, i)
 *                   * src[q * src_quad_bytes + tap_bytes[t] + 4 * stride * x + i]
 *   value = float(sum) * scale[r] [ + float(residual[r][x]) * residual_scale ]
 *   out[r][x] = clamp(nearest_even(value) + zero_point, 0, 255)
 *
 * where channel r of pixel x of a tensor is the byte at (r / 4) * quad_bytes + 4 * x + r % 4. Each
 * operation on floats is rounded to nearest even by itself, in whatever mode the caller's thread
 * is. Of a last quad with less than four rows the bytes of the others become 0.
 *
 * |sum| < 2^31 and |value| < 2^30, whatever the source: the packing of weights sees to that.
 *
 * Where scores is not NULL the values themselves go there, and no byte anywhere:
 *
 *   scores[r * score_plane_floats + x] = float(sum) * scale[r]
 *
 * Any alignment. The source may be read up to HRNET_INT8_OVER_READ bytes behind what the last
 * pixel needs; out, scores and residual are touched for x < pixels alone. out may be residual, else
 * nothing overlaps. */
typedef struct {
    const void *weights; /* see below */
    const int32_t *bias; /* rows rounded up to whole quads, 0 behind them; and what source_offset of
                          * HrnetInt8Kernels asks for */
    const float *scale;  /* likewise */
    unsigned rows;       /* output channels */
    const uint8_t *src;
    size_t src_quad_bytes;
    unsigned n_quads, n_taps;
    const ptrdiff_t *tap_bytes; /* n_taps distances */
    unsigned stride;            /* 1 or 2: pixels of the source between two of the output */
    const uint8_t *residual;    /* or NULL */
    size_t residual_quad_bytes;
    float residual_scale;
    uint8_t *out;
    size_t out_quad_bytes;
    unsigned zero_point; /* 0..255, of the output */
    float *scores;       /* or NULL; not together with residual */
    size_t score_plane_floats;
    size_t pixels;
} HrnetInt8Conv;

/* Weights are packed in groups of block_rows rows (HrnetInt8Kernels), the last with what is left,
 * rounded up to an even number; a group in the order quad, tap, row, and the four source channels
 * of each. A weight has a byte, channels in order; or, for instruction sets that have no use for
 * bytes, two, channels in the order 0 2 1 3. What there is no channel or row for is 0. */
void hrnet_int8_conv_c(const HrnetInt8Conv *conv);

/* Rows of the group that starts with first_row, as packed. */
static inline unsigned hrnet_int8_group_rows(unsigned rows, unsigned first_row, unsigned block_rows)
{
    const unsigned left = rows - first_row;
    return left < block_rows ? (left + 1) / 2 * 2 : block_rows;
}

#endif
