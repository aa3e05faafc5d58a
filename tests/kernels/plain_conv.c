/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plain_conv.h"

#include "kernels/conv_plane.h"

#include <glib.h>

void plain_conv_compare(const PlainConv *conv, const float *out, size_t out_plane_floats,
                        float tolerance)
{
    const unsigned out_height = (conv->height + conv->stride - 1) / conv->stride,
                   out_width = (conv->width + conv->stride - 1) / conv->stride;
    const size_t n_floats = (size_t)out_height * out_width;
    g_autofree float *expected = g_new(float, n_floats);
    for (unsigned k = 0; k < conv->rows; k++) {
        hrnet_conv_plane_f32_c(&(HrnetConvPlane){
            .in = conv->in,
            .in_plane_floats = (size_t)conv->height * conv->width,
            .in_channels = conv->in_channels,
            .in_height = conv->height,
            .in_width = conv->width,
            .kernel = 3,
            .stride = conv->stride,
            .pad_top = 1,
            .pad_left = 1,
            .weights = conv->weights + (size_t)k * conv->in_channels * 9,
            .bias = conv->bias[k],
            .out = expected,
            .out_height = out_height,
            .out_width = out_width,
            .relu = conv->relu,
        });
        for (size_t i = 0; i < n_floats; i++)
            g_assert_cmpfloat_with_epsilon(out[k * out_plane_floats + i], expected[i], tolerance);
    }
}
