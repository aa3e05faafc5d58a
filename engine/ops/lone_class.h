/* A network with one class: everything that its logit speaks against is none, label 0.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * That is the same as two classes, the first with a logit of 0 everywhere, whose labels count one
 * less. So what makes masks of scores, smoothing and edges included, gets a plane of zeros in
 * front, and its labels are lowered. */
#ifndef HRNET_OPS_LONE_CLASS_H
#define HRNET_OPS_LONE_CLASS_H

#include "ops/tensor.h"

#include <stdbool.h>
#include <stdint.h>

/* Allocates two planes of the shape of the logits' one (whose data may be NULL), the first of
 * zeros. Free scores->data with hrnet_aligned_free(). FALSE when there is no memory. */
bool hrnet_lone_class_init(HrnetTensor *scores, const HrnetTensor *logits);

/* The second plane of two, which the logits are to be copied into. */
HrnetTensor hrnet_lone_class_plane(const HrnetTensor *scores);

/* Labels 1 and 2 to 0 and 1. */
void hrnet_lone_class_lower(uint8_t *labels, size_t n);

#endif
