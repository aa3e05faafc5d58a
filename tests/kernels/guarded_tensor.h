/* A tensor in guarded memory, for tests of operations.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_KERNELS_GUARDED_TENSOR_H
#define TESTS_KERNELS_GUARDED_TENSOR_H

#include "guarded.h"
#include "ops/tensor.h"

/* How far behind a tensor's end operations may read, in floats. */
#define OVER_READ 16

typedef struct {
    Guarded memory;
    HrnetTensor tensor;
} Image;

static inline Image image_new(unsigned channels, unsigned height, unsigned width)
{
    const size_t plane_floats = hrnet_tensor_plane_floats(height, width);
    Image image = { .memory = guarded_new_floats(channels * plane_floats, OVER_READ) };
    image.tensor = (HrnetTensor){ image.memory.floats, channels, height, width, plane_floats };
    return image;
}

#endif
