/* Class scores averaged over time.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An exponential average of the logits, whose members lose half of their weight in a half-life.
 * Averaging logits rather than labels weighs each frame by its certainty: one that is torn between
 * two classes, which is what flicker is made of, hardly moves the average.
 *
 * It gives way, a pixel at a time and as far as either of two doubts goes (HrnetSmoothing): where
 * the new scores are decidedly for another class, and where the luma has changed, which is where
 * things move. So what moves keeps the edges that the network gives it. Where more than half of the
 * picture has changed it is another scene, and nothing is carried over. */
#ifndef HRNET_OPS_SMOOTH_H
#define HRNET_OPS_SMOOTH_H

#include "base/workers.h"
#include "ops/tensor.h"

#include <stdbool.h>

/* The average for logits of this shape is a tensor of the same. plane_floats of all tensors here
 * are equal but for luma's own.
 *
 * Takes the logits into the history, with `share` as their part where nothing is in doubt. luma,
 * last_luma: one channel of the logits' height and width, levels 0..255. Allocates nothing. */
void hrnet_smooth_run(const HrnetTensor *history, const HrnetTensor *logits,
                      const HrnetTensor *luma, const HrnetTensor *last_luma, float share,
                      HrnetWorkers *workers);

/* Makes the logits the whole history. */
void hrnet_smooth_restart(const HrnetTensor *history, const HrnetTensor *logits);

/* Whether two looks are of different scenes. */
bool hrnet_smooth_is_cut(const HrnetTensor *luma, const HrnetTensor *last_luma);

#endif
