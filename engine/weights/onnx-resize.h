/* How an ONNX graph upsamples.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_RESIZE_H
#define HRNET_WEIGHTS_ONNX_RESIZE_H

#include "weights/onnx-match.h"

/* Reads a Resize or Upsample node: `factor` times (0: by any), bilinear or nearest as the engine
 * does it. What an earlier node of the same part said, this one has to repeat. */
gboolean hrnet_onnx_read_resize(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                                guint factor, HrnetOnnxResizing *resizing, GError **error);

#endif
