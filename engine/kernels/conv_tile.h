/* Register tiles: the multiplication at the heart of every fast convolution.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vectors run across pixels (or Winograd tiles), rows are output channels, so that no channel count
 * wastes a lane. */
#ifndef HRNET_KERNELS_CONV_TILE_H
#define HRNET_KERNELS_CONV_TILE_H

#include <stdbool.h>
#include <stddef.h>

/* Output channels are packed in groups of block_rows, the last group with what is left: weights of
 * group g start at weights + g * block_rows * n_channels * n_taps, in the order channel, tap, row.
 * The widest group that the instruction set's registers hold is HrnetConvKernels.tile_rows_max. */

/* for r < rows, x < columns:
 *   out[r][x] = act(bias[r] + residual[r][x] + sum over c, t of weights[c][t][r] *
 * src[c][tap_floats[t] + x])
 *
 * Any alignment. The source may be read up to columns rounded up to a whole vector; out and
 * residual are touched for x < columns alone. out may be residual, else nothing overlaps. Sums run
 * over c, then t, in float, with or without fused multiply-adds: within n_channels * n_taps
 * rounding errors of the C reference. */
typedef struct {
    const float *weights;
    const float *bias; /* rows, or NULL for zeros */
    unsigned rows, block_rows;

    const float *src;
    size_t src_channel_floats;
    unsigned n_channels, n_taps;
    const size_t *tap_floats; /* n_taps offsets */
    /* How far behind src, out and residual those of the next tile lie; 0 = nothing to fetch. Only
     * a hint. */
    size_t prefetch_floats;

    float *out;
    size_t out_row_floats;
    const float *residual; /* or NULL */
    size_t residual_row_floats;
    unsigned columns; /* 1..vector_floats * tile_vectors_max */
    bool relu;
} HrnetConvTile;

void hrnet_conv_tile_f32_c(const HrnetConvTile *tile);

/* A zero-padded, for stride 2 deinterleaved copy of n_rows rows of n_channels planes: for -1 <= i <
 * n
 *
 *   stride 1: dst[i] = in[first_row + row][first + i]
 *   stride 2: dst[i] = in[first_row + row][first + 2 i],
 *             dst[odd_floats + i] = in[first_row + row][first + 2 i + 1]
 *
 * where dst is meant for that channel and row, with zeros for whatever lies outside the plane.
 * Counting from -1 keeps both sides aligned where first and dst are. May write up to n rounded up
 * to a whole vector; reads nothing outside the planes. Any alignment. */
typedef struct {
    const float *in;
    size_t in_plane_floats;
    unsigned height, width, n_channels;
    long first_row;
    unsigned n_rows, first, n, stride;
    float *dst;
    size_t dst_channel_floats, dst_row_floats, odd_floats;
} HrnetConvStage;

void hrnet_conv_stage_f32_c(const HrnetConvStage *stage);

#endif
