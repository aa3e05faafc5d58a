/* A layer's outcome against the convolution as it is written down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_KERNELS_PLAIN_CONV_H
#define TESTS_KERNELS_PLAIN_CONV_H

#include <stdbool.h>
#include <stddef.h>

/* A 3x3 convolution, padded by 1 on each side. All is dense. */
typedef struct {
    const float *in; /* in_channels x height x width */
    unsigned in_channels, height, width;
    const float *weights; /* rows x in_channels x 3 x 3 */
    const float *bias;    /* rows */
    unsigned rows, stride;
    bool relu;
} PlainConv;

/* Fails the test unless every float of the output is within tolerance of what it should be. out:
 * rows planes, out_plane_floats apart, of the size that the stride leaves, rounded up. */
void plain_conv_compare(const PlainConv *conv, const float *out, size_t out_plane_floats,
                        float tolerance);

#endif
