/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/conv_plane.h"

/* The sum for one pixel. */
static double conv_pixel(const HrnetConvPlane *p, unsigned y, unsigned x)
{
    double sum = p->bias;
    for (unsigned c = 0; c < p->in_channels; c++) {
        const float *plane = p->in + c * p->in_plane_floats;
        const float *weights = p->weights + (size_t)c * p->kernel * p->kernel;
        for (unsigned i = 0; i < p->kernel; i++) {
            for (unsigned j = 0; j < p->kernel; j++) {
                const size_t row = (size_t)y * p->stride + i;
                const size_t column = (size_t)x * p->stride + j;
                if (row < p->pad_top || row - p->pad_top >= p->in_height || column < p->pad_left ||
                    column - p->pad_left >= p->in_width)
                    continue;
                sum += (double)weights[i * p->kernel + j] *
                       plane[(row - p->pad_top) * p->in_width + (column - p->pad_left)];
            }
        }
    }
    return sum;
}

void hrnet_conv_plane_f32_c(const HrnetConvPlane *p)
{
    for (unsigned y = 0; y < p->out_height; y++) {
        for (unsigned x = 0; x < p->out_width; x++) {
            const size_t at = (size_t)y * p->out_width + x;
            double sum = conv_pixel(p, y, x);
            if (p->residual)
                sum += p->residual[at];
            p->out[at] = p->relu && sum < 0 ? 0.0f : (float)sum;
        }
    }
}
