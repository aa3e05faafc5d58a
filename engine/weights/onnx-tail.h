/* What an ONNX graph does with the logits: upsampling, scores, labels.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine makes its own labels of the logits, so that all of it may be there that leaves which
 * class is the highest as it is. */
#ifndef HRNET_WEIGHTS_ONNX_TAIL_H
#define HRNET_WEIGHTS_ONNX_TAIL_H

#include "weights/onnx-match.h"

/* Goes through every op that no part of the network has claimed: each has to be behind the logits.
 * Their upsampling goes into the traits. */
gboolean hrnet_onnx_match_tail(const HrnetOnnxGraph *graph, guint logits, HrnetOnnxTraits *traits,
                               GError **error);

#endif
