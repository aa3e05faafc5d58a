/* The engine's tensor: planar float32, one image.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_TENSOR_H
#define HRNET_OPS_TENSOR_H

#include "base/memory.h"

#include <stddef.h>

/* channels planes of height rows of width floats. Rows are dense; plane_floats >= height * width is
 * the distance of two planes, a multiple of 16, so that every plane starts on a cache line. What
 * lies between height * width and plane_floats may be read and written by anyone and means nothing.
 * A view: it owns nothing. */
typedef struct {
    float *data;
    unsigned channels, height, width;
    size_t plane_floats;
} HrnetTensor;

/* The plane distance for a size: an odd number of cache lines. Planes of power-of-two sizes would
 * otherwise start in the same few sets of every cache, and one pixel's channels would drive each
 * other out. */
static inline size_t hrnet_tensor_plane_floats(unsigned height, unsigned width)
{
    const size_t line_floats = HRNET_ALIGNMENT / sizeof(float);
    const size_t n_lines = ((size_t)height * width + line_floats - 1) / line_floats;
    return (n_lines | 1) * line_floats;
}

#endif
