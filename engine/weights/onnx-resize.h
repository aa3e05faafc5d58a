/* How an ONNX graph upsamples.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_RESIZE_H
#define HRNET_WEIGHTS_ONNX_RESIZE_H

#include "weights/onnx-match.h"

/* Reads a Resize or Upsample node: `factor` times (0: by any), bilinear or nearest as the engine
 * does it. What an earlier node of the same part said, this one has to repeat. */
gboolean hrnet_onnx_read_resize(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                                guint factor, HrnetOnnxResizing *resizing, GError **error);

/* The same of a way from branch number `branch` to one of `factor` times its size, in an exchange
 * unit: to the other's size at once, or by the factor and then to size. steps: the last first. */
gboolean hrnet_onnx_read_upsampling(const HrnetOnnxGraph *graph, HrnetOnnxOp *const *steps,
                                    guint n_steps, guint branch, guint factor,
                                    HrnetOnnxTraits *traits, GError **error);

/* Whether a resize is known to leave everything as it is. */
gboolean hrnet_onnx_keeps_size(const HrnetOnnxGraph *graph, const HrnetOnnxOp *op);

/* Where a node is told them: rows, columns. */
gboolean hrnet_onnx_resize_sizes(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                                 gdouble sizes[2]);
gboolean hrnet_onnx_resize_scales(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                                  gdouble scales[2]);

#endif
