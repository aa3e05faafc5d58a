/* Winograd's minimal filtering F(4x4, 3x3): 36 multiplications for 16 outputs instead of 144.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015 (arXiv:1509.09308). Per
 * tile of 4x4 outputs, d its 6x6 inputs, g a 3x3 filter, * elementwise:
 *
 *   out = A^T [ sum over channels of (G g G^T) * (B^T d B) ] A,   points 0, 1, -1, 2, -2 and
 * infinity:
 *
 *         | 4  0 -5  0  1  0 |        |  1/4    0     0   |
 *         | 0 -4 -4  1  1  0 |        | -1/6  -1/6  -1/6  |        | 1  1  1  1  1  0 |
 *   B^T = | 0  4 -4 -1  1  0 |    G = | -1/6   1/6  -1/6  |  A^T = | 0  1 -1  2 -2  0 |
 *         | 0 -2 -1  2  1  0 |        | 1/24   1/12  1/6  |        | 0  1  1  4  4  0 |
 *         | 0  2 -1 -2  1  0 |        | 1/24  -1/12  1/6  |        | 0  1 -1  8 -8  1 |
 *         | 0  4  0 -5  0  1 |        |   0     0     1   |
 *
 * The 36 elements of a transformed tile are its points, point 6 i + j for row i and column j. Each
 * point is a matrix product of its own: M[k] = sum over c of U[k][c] V[c], V and M being vectors
 * across tiles.
 *
 * Geometry. A piece is vector_floats / 4 tiles side by side: vector_floats columns, 4 rows of the
 * image. Pieces are numbered row by row, ceil(width / vector_floats) a row, ceil(height / 4) rows.
 * A vector holds four pieces in a row of that numbering, so that images narrower than a vector
 * waste nothing: lane 4 i + q is tile i of the vector's piece q. Pieces behind the last are zeros
 * on the way in and left out on the way out. */
#ifndef HRNET_KERNELS_WINO4_H
#define HRNET_KERNELS_WINO4_H

#include "kernels/conv_prefetch.h"

#include <stdbool.h>
#include <stddef.h>

#define HRNET_WINO4_POINTS 36
/* The point whose value goes into all 16 outputs with weight 1: where a bias is added. */
#define HRNET_WINO4_BIAS_POINT 7

/* V[point][channel][lane] = (B^T d B)[point] for n_channels and n_vectors vectors from piece
 * first_piece on. The image is padded with zeros on each side. Any alignment; reads nothing outside
 * the planes, writes exactly its lanes. */
typedef struct {
    const float *in; /* of the first channel */
    size_t in_plane_floats;
    unsigned height, width, n_channels;
    unsigned first_piece, n_vectors;
    float *v; /* vector i, channel c, point p at v + p * v_point_floats + c * v_channel_floats + i *
                 vector_floats */
    size_t v_point_floats, v_channel_floats;
    unsigned vector_floats; /* of the instruction set; only the C reference looks */
} HrnetWino4Input;

void hrnet_wino4_input_f32_c(const HrnetWino4Input *input);

/* M[row][point][lane] = sum over c of U[point][c][row] V[point][c][lane] for n_points points,
 * bias[row] added at bias_point, and what M was before where `accumulate` says so. U has u_channels
 * channels, of which those from u_first_channel on count. Rows are grouped as in conv_tile.h: group
 * g at u + p * u_point_floats + g * block_rows * u_channels, in the order channel, row. */
typedef struct {
    const float *u;
    size_t u_point_floats;
    unsigned u_channels, u_first_channel;
    const float *bias; /* or NULL */
    unsigned bias_point;
    bool accumulate;             /* needs bias NULL */
    HrnetConvPrefetch *prefetch; /* or NULL; only a hint */
    bool far_weights;            /* U is too large for near caches: only a hint */
    unsigned n_points, rows, block_rows, n_channels;
    unsigned n_vectors; /* 1..tile_vectors_max */
    const float *v;
    size_t v_point_floats, v_channel_floats;
    float *m; /* row r, point p at m + r * m_row_floats + p * m_point_floats */
    size_t m_row_floats, m_point_floats;
    unsigned vector_floats;
} HrnetWino4Product;

void hrnet_wino4_product_f32_c(const HrnetWino4Product *product);

/* out = act(A^T M A + residual) for n_rows output channels and n_vectors vectors from piece
 * first_piece on. Writes the pixels of its pieces that lie inside the image and nothing else; out
 * may be residual. */
typedef struct {
    const float *m; /* as above, vector i at + i * vector_floats */
    size_t m_row_floats, m_point_floats;
    unsigned n_rows, n_vectors, first_piece;
    unsigned height, width;
    float *out; /* of the first row's channel */
    size_t out_plane_floats;
    const float *residual; /* or NULL */
    size_t residual_plane_floats;
    bool relu;
    unsigned vector_floats;
} HrnetWino4Output;

void hrnet_wino4_output_f32_c(const HrnetWino4Output *output);

/* U[point][channel][row] = (G g G^T)[point], g being the 3x3 filter of a row and channel: one group
 * of a product's rows. Computed in double and rounded once, so that instruction sets differ by a
 * unit in the last place at most. Any alignment; reads and writes nothing else. */
typedef struct {
    const float *weights; /* row r, channel c: 9 floats at + r * row_floats + 9 c */
    size_t row_floats;
    unsigned rows, n_channels;
    float *u; /* point p, channel c, row r at + p * u_point_floats + c * rows + r */
    size_t u_point_floats;
} HrnetWino4Weights;

void hrnet_wino4_weights_f32_c(const HrnetWino4Weights *weights);

/* For the C references: the first output row and column of a lane's tile, and one output. */
typedef struct {
    unsigned y, x;
} HrnetWino4Place;

HrnetWino4Place hrnet_wino4_place(unsigned first_piece, unsigned vector, unsigned lane,
                                  unsigned width, unsigned vector_floats);
void hrnet_wino4_output_pixel(const HrnetWino4Output *output, unsigned row, unsigned y, unsigned x,
                              float value);

#endif
