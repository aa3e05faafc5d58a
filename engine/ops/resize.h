/* Upsampling inside the network, folded into the sum that takes it.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Semantics are PyTorch's F.interpolate to the target's size (scale factors from the two sizes, not from a factor):
 * mode "bilinear" with align_corners as given, or "nearest". */
#ifndef HRNET_OPS_RESIZE_H
#define HRNET_OPS_RESIZE_H

#include "base/workers.h"
#include "ops/tensor.h"

#include <stdbool.h>

#define HRNET_RESIZE_MAX_SOURCES 3

typedef enum { HRNET_RESIZE_BILINEAR, HRNET_RESIZE_BILINEAR_ALIGNED, HRNET_RESIZE_NEAREST } HrnetResizeMode;

typedef struct {
    HrnetTensor base;                              /* of out's shape; base.data may equal out.data */
    HrnetTensor sources[HRNET_RESIZE_MAX_SOURCES]; /* out's channels, any size */
    unsigned n_sources;                            /* 1..HRNET_RESIZE_MAX_SOURCES */
    HrnetTensor out;
    HrnetResizeMode mode;
    bool relu;
    float *scratch; /* hrnet_resize_add_scratch_floats() */
} HrnetResizeAddArgs;

/* Floats of scratch for this call on up to n_threads threads (row and column tables, say), 0 if none. */
size_t hrnet_resize_add_scratch_floats(const HrnetResizeAddArgs *args, unsigned n_threads);

/* out = act(base + resize(sources[0]) + ...), one pass over out. Allocates nothing. */
void hrnet_resize_add_run(const HrnetResizeAddArgs *args, HrnetWorkers *workers);

#endif
