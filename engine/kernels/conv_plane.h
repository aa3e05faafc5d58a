/* Convolution as it is written down, to check the fast kernels against and to fall back on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_CONV_PLANE_H
#define HRNET_KERNELS_CONV_PLANE_H

#include <stdbool.h>
#include <stddef.h>

/* One output channel of a layer. Rows are dense, channel c of the input starts at in + c *
 * in_plane_floats. */
typedef struct {
    const float *in;
    size_t in_plane_floats;
    unsigned in_channels, in_height, in_width;
    unsigned kernel, stride;
    unsigned pad_top,
        pad_left; /* zeros before the first row and column; beyond the last as many as it takes */
    const float *weights; /* in_channels x kernel x kernel, of this output channel */
    float bias;
    const float *residual; /* out_height x out_width, or NULL; may be out */
    float *out;            /* out_height x out_width */
    unsigned out_height, out_width;
    bool relu;
} HrnetConvPlane;

/* out[y][x] = act(bias + residual[y][x]
 *                 + sum over c, i, j of weights[c][i][j] * in[c][y * stride + i - pad_top][x *
 * stride + j - pad_left]), summed in double, rounded once. Any alignment. */
void hrnet_conv_plane_f32_c(const HrnetConvPlane *plane);

#endif
