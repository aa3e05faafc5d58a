/* The head in one pass over the highest resolution.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   hidden = relu(projection(in) + resize(sources[0]) + ...),  logits = classifier(hidden)
 *
 * hidden has as many channels as all branches together, at a quarter of the input's size: by far
 * the largest tensor of the network. It is made and used up some rows and channels at a time and
 * never leaves the second-level cache. */
#ifndef HRNET_OPS_HEAD_H
#define HRNET_OPS_HEAD_H

#include "ops/conv.h"
#include "ops/resize.h"

typedef struct {
    const HrnetConv *projection, *classifier; /* such that hrnet_head_supports() them */
    HrnetTensor in;                           /* the highest resolution */
    HrnetTensor
        sources[HRNET_RESIZE_MAX_SOURCES]; /* the other branches' parts of hidden, of any size */
    unsigned n_sources;                    /* 1..HRNET_RESIZE_MAX_SOURCES */
    HrnetResizeMode mode;
    HrnetTensor logits;
    float *scratch; /* hrnet_head_scratch_floats(), aligned to HRNET_ALIGNMENT */
} HrnetHeadArgs;

/* Whether both are 1x1 convolutions by the direct algorithm. */
bool hrnet_head_supports(const HrnetConv *projection, const HrnetConv *classifier);

size_t hrnet_head_scratch_floats(const HrnetHeadArgs *args, unsigned n_threads);

/* Allocates nothing. */
void hrnet_head_run(const HrnetHeadArgs *args, HrnetWorkers *workers);

#endif
