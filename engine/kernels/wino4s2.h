/* Winograd's minimal filtering for 3x3 filters of stride 2: 81 multiplications for 16 outputs
 * instead of 144.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * At stride 2 a filter's outer taps 0 and 2 meet the input's odd rows (columns) alone and its
 * middle tap 1 the even ones: in one dimension, with one zero in front,
 *
 *   out[x] = (g0 in[2x - 1] + g2 in[2x + 1]) + g1 in[2x]
 *
 * The outer phase is a filter of two taps and stride 1, the middle phase one of a single tap. Both
 * are done by F(4, 2) with the points 0, 1, -1, 2 and infinity, the middle tap as the second of two
 * whose first is 0, so that their products add up point by point:
 *
 *   out = A^T [ (G g) * (B^T d) ],  * elementwise,  d the five values of a phase,
 *
 *         | 2 -1 -2  1  0 |        |  1/2    0   |
 *         | 0 -2 -1  1  0 |        | -1/2  -1/2  |        | 1  1  1  1  0 |
 *   B^T = | 0  2 -3  1  0 |    G = | -1/6   1/6  |  A^T = | 0  1 -1  2  0 |
 *         | 0 -1  0  1  0 |        |  1/6   1/3  |        | 0  1  1  4  0 |
 *         | 0  2 -1 -2  1 |        |   0     1   |        | 0  1 -1  8  1 |
 *
 * The middle phase has nothing at point 0, where G's column 1 is 0: its d[0] is never looked at. In
 * two dimensions both rows and columns have the two phases, of which a point (i, j) has 1, 2 or 4:
 * its depth. Points of a depth make a class:
 *
 *   class 0: (0, 0)                       depth 1: outer rows and outer columns
 *   class 1: (0, 1..4), then (1..4, 0)    depth 2: of j > 0 outer and middle columns,
 *                                                  of i > 0 outer and middle rows
 *   class 2: (1..4, 1..4), row by row     depth 4: columns as before of the outer rows, then of the
 *                                                  middle rows
 *
 * In the order of the classes they are the points of HrnetWino4Product, a class a call: the product
 * of a point runs over its depth of phases for each channel. Pieces, vectors and lanes are those of
 * wino4.h, of the output. */
#ifndef HRNET_KERNELS_WINO4S2_H
#define HRNET_KERNELS_WINO4S2_H

#include "kernels/wino4.h"

#define HRNET_WINO4S2_CLASSES 3
#define HRNET_WINO4S2_POINTS  25
/* Point (1, 1), the one of weight 1 in all 16 outputs, within its class. */
#define HRNET_WINO4S2_BIAS_POINT 0
#define HRNET_WINO4S2_BIAS_CLASS 2

/* Where the value of a phase at a point lies. */
typedef struct {
    unsigned class, point, phase; /* point counts within the class */
} HrnetWino4S2Place;

/* i, j: 0..4 are the points of the outer phase, 5..8 the points 1..4 of the middle phase. */
static inline HrnetWino4S2Place hrnet_wino4s2_place(unsigned i, unsigned j)
{
    const unsigned row = i < 5 ? i : i - 4, column = j < 5 ? j : j - 4;
    const unsigned middle_row = i >= 5, middle_column = j >= 5;
    if (row > 0 && column > 0)
        return (HrnetWino4S2Place){ 2, 4 * (row - 1) + column - 1, 2 * middle_row + middle_column };
    if (column > 0)
        return (HrnetWino4S2Place){ 1, column - 1, middle_column };
    if (row > 0)
        return (HrnetWino4S2Place){ 1, 4 + row - 1, middle_row };
    return (HrnetWino4S2Place){ 0, 0, 0 };
}

/* Number of point (i, j) in the order of the classes. */
static inline unsigned hrnet_wino4s2_point(unsigned i, unsigned j)
{
    const HrnetWino4S2Place place = hrnet_wino4s2_place(i, j);
    return (place.class == 0 ? 0 : place.class == 1 ? 1 : 9) + place.point;
}

static inline unsigned hrnet_wino4s2_depth(unsigned class)
{
    return 1u << class;
}

/* V of n_channels and n_vectors vectors from piece first_piece of the output on. The image is
 * padded with zeros, one in front. Any alignment; reads nothing outside the planes, writes exactly
 * its lanes. */
typedef struct {
    const float *in; /* of the first channel */
    size_t in_plane_floats;
    unsigned height, width, n_channels; /* of the input */
    unsigned first_piece, n_vectors;
    /* vector i of class k, point p, channel c, phase s at
     * v[k] + p * v_point_floats[k] + (c * depth + s) * v_channel_floats + i * vector_floats */
    float *v[HRNET_WINO4S2_CLASSES];
    size_t v_point_floats[HRNET_WINO4S2_CLASSES], v_channel_floats;
    unsigned vector_floats; /* of the instruction set; only the C reference looks */
} HrnetWino4S2Input;

void hrnet_wino4s2_input_f32_c(const HrnetWino4S2Input *input);

/* As for stride 1, with these points; height and width are the output's. */
void hrnet_wino4s2_output_f32_c(const HrnetWino4Output *output);

/* U of one group of a product's rows, computed in double and rounded once. Any alignment; reads and
 * writes nothing else. */
typedef struct {
    const float *weights; /* row r, channel c: 9 floats at + r * row_floats + 9 c */
    size_t row_floats;
    unsigned rows, n_channels;
    /* class k, point p, channel c, phase s, row r at
     * u[k] + p * u_point_floats[k] + (c * depth + s) * rows + r */
    float *u[HRNET_WINO4S2_CLASSES];
    size_t u_point_floats[HRNET_WINO4S2_CLASSES];
} HrnetWino4S2Weights;

void hrnet_wino4s2_weights_f32_c(const HrnetWino4S2Weights *weights);

#endif
