/* Upsampling inside the network, folded into the sum that takes it.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Semantics are PyTorch's F.interpolate to the target's size (scale factors from the two sizes, not
 * from a factor): mode "bilinear" with align_corners as given, or "nearest". */
#ifndef HRNET_OPS_RESIZE_H
#define HRNET_OPS_RESIZE_H

#include "base/workers.h"
#include "ops/tensor.h"

#include <stdbool.h>

#define HRNET_RESIZE_MAX_SOURCES 3

typedef enum {
    HRNET_RESIZE_BILINEAR,
    HRNET_RESIZE_BILINEAR_ALIGNED,
    HRNET_RESIZE_NEAREST
} HrnetResizeMode;

typedef struct {
    HrnetTensor base; /* of out's shape; base.data may equal out.data */
    HrnetTensor sources[HRNET_RESIZE_MAX_SOURCES]; /* out's channels, any size */
    unsigned n_sources;                            /* 1..HRNET_RESIZE_MAX_SOURCES */
    HrnetTensor out;
    HrnetResizeMode mode;
    bool relu;
    float *scratch; /* hrnet_resize_add_scratch_floats(), aligned to HRNET_ALIGNMENT */
} HrnetResizeAddArgs;

/* Floats of scratch for this call on up to n_threads threads (row and column tables, rows), 0 if
 * none. */
size_t hrnet_resize_add_scratch_floats(const HrnetResizeAddArgs *args, unsigned n_threads);

/* out = act(base + resize(sources[0]) + ...), one pass over out. Allocates nothing. */
void hrnet_resize_add_run(const HrnetResizeAddArgs *args, HrnetWorkers *workers);

/* The same in pieces, for a caller that wants blocks of the sum while they are in cache and so runs
 * a loop of its own: hrnet_resize_add_prepare() once fills the tables in args->scratch, then any
 * thread of the loop makes any piece. */
void hrnet_resize_add_prepare(const HrnetResizeAddArgs *args);

/* Channels c0 <= c < c1 and rows y0 <= y < y1 of the sum, with its ReLU, to out: row y of channel c
 * is at out + (c - c0) * out_plane_floats + (y - y0) * args->out.width. args->out gives the shape,
 * its data is not touched; args->base.data may be NULL: then what stands in out is the base.
 * thread: as the workers' loop numbers it, below the n_threads that scratch was sized for. */
void hrnet_resize_add_rows(const HrnetResizeAddArgs *args, unsigned thread, unsigned c0,
                           unsigned c1, unsigned y0, unsigned y1, float *out,
                           size_t out_plane_floats);

#endif
