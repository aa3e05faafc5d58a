/* From a pixel to its logits by way of its regions, tile by tile (HRNetV2+OCR, arXiv 1909.11065).
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   query = relu(query[1](relu(query[0](pixels))))
 *   context = relu(up(attend(query, keys, values)))
 *   logits = classifier(relu(bottleneck[0](context) + bottleneck[1](pixels)))
 *
 * All of it is 1x1: a tile of pixels goes through everything within the second-level cache, and of
 * the planes in between none is ever whole. */
#ifndef HRNET_OPS_CONTEXT_H
#define HRNET_OPS_CONTEXT_H

#include "ops/attend.h"
#include "ops/conv.h"

typedef struct {
    /* All supported; bottleneck[1] has no bias, as the later part of a layer has none. */
    const HrnetConv *query[2], *up, *bottleneck[2], *classifier;
    HrnetTensor pixels, keys, values, logits;
    float *scratch; /* hrnet_context_scratch_floats(), aligned to HRNET_ALIGNMENT */
} HrnetContextArgs;

/* Whether a layer can be one of them: a 1x1 convolution by the direct algorithm. */
bool hrnet_context_supports(const HrnetConv *conv);

size_t hrnet_context_scratch_floats(const HrnetContextArgs *args, unsigned n_threads);

/* Allocates nothing. */
void hrnet_context_run(const HrnetContextArgs *args, HrnetWorkers *workers);

#endif
