/* From logits to labels where masks shall be steady: scores averaged over time, edges along the
 * luma, or both.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_STEADY_H
#define HRNET_OPS_STEADY_H

#include "ops/frame.h"

#include <stdbool.h>

typedef struct HrnetSteady HrnetSteady;

/* For frames of this kind (planes may be NULL), and logits of this shape, interpolated as mode
 * says. smooths, refines: what there shall be memory for. NULL when there is none. */
HrnetSteady *hrnet_steady_new(const HrnetFrame *frame, const HrnetTensor *logits,
                              HrnetResizeMode mode, unsigned n_threads, bool smooths, bool refines);
void hrnet_steady_free(HrnetSteady *steady);
/* Whether it was made for this much. */
bool hrnet_steady_fits(const HrnetSteady *steady, bool smooths, bool refines);

/* The scores that the frame's labels are made of: the average of smoothing, or the logits, each
 * valid until the next run. share: of the new logits in the average, 1 = forget all before. */
HrnetTensor hrnet_steady_scores(HrnetSteady *steady, const HrnetFrame *frame,
                                const HrnetTensor *logits, float share, HrnetWorkers *workers);
/* Labels of the frame's size, rows dense, from those scores. scratch: as for hrnet_argmax_run().
 * Neither allocates. */
void hrnet_steady_labels(HrnetSteady *steady, const HrnetTensor *scores, uint8_t *labels,
                         float *scratch, HrnetWorkers *workers);

#endif
