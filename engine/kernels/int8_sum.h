/* Sums of tensors of bytes, some of lower resolution: the exchange units' and the head's.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arithmetic, which gives the same bits on every instruction set, stands in ops/int8.md. As in
 * floats (kernels/resize_kernels.h) a row of lower resolution is spread over the output's columns
 * once, and two such rows are blended for every output row that lies between them. Rows are of one
 * quad: four bytes, or four of 16 bits, a pixel (kernels/int8_conv.h). */
#ifndef HRNET_KERNELS_INT8_SUM_H
#define HRNET_KERNELS_INT8_SUM_H

#include <stdint.h>

#define HRNET_INT8_SOURCES_MAX 3
/* What the two weights of a pair of columns, or of rows, make up together. */
#define HRNET_INT8_WHOLE 128

/* Which two columns of a row make each of n columns of the output. */
typedef struct {
    const int32_t *first, *second; /* pixels of the row */
    const int16_t *weight;         /* 0..HRNET_INT8_WHOLE, of the second */
} HrnetInt8Columns;

/* One row of a sum, n pixels of one quad:
 *
 *   value = start + float(base) * base_scale
 *   value = value + float((128 - weight) * first + weight * second) * scale     for each source
 *   out = clamp(nearest_even(value) + zero_point, 0, 255)
 *
 * |value| < 2^30. Any alignment; nothing is touched outside of the n pixels. out may be base. */
typedef struct {
    const uint8_t *base;
    float start, base_scale;
    unsigned n_sources; /* 0..HRNET_INT8_SOURCES_MAX */
    struct {
        const int16_t *first, *second; /* as spread() makes them */
        unsigned weight;               /* 0..HRNET_INT8_WHOLE */
        float scale;
    } sources[HRNET_INT8_SOURCES_MAX];
    uint8_t *out;
    unsigned zero_point;
    unsigned n;
} HrnetInt8Sum;

/* out[x] = (128 - weight[x]) * row[first[x]] + weight[x] * row[second[x]], for each of the quad's
 * channels: at most 128 * 255, which 16 bits hold. Any alignment; nothing is touched outside of the
 * n pixels of out and of the pixels of row that columns name. */
void hrnet_int8_spread_c(int16_t *out, const uint8_t *row, const HrnetInt8Columns *columns,
                         unsigned n);
void hrnet_int8_sum_c(const HrnetInt8Sum *sum);

#endif
