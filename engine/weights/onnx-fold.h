/* Nodes of an ONNX graph that compute constants of constants: dequantised weights, the sizes that
 * upsampling goes to, arithmetic that an exporter left.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_FOLD_H
#define HRNET_WEIGHTS_ONNX_FOLD_H

#include "weights/onnx-build.h"

/* A node without feature maps: notes its output as a constant where all that it needs is one, and
 * it is an operator that is computed here. FALSE with an error where the budget is overdrawn. */
gboolean hrnet_onnx_fold(HrnetOnnxBuild *build, const Onnx__NodeProto *node);

/* Notes numbers as a node's first output, one dimension of INT64. FALSE as above. */
gboolean hrnet_onnx_note_numbers(HrnetOnnxBuild *build, const Onnx__NodeProto *node,
                                 const gint64 *numbers, guint n);

/* Shape's attributes `start` and `end`, of that many sizes. */
void hrnet_onnx_shape_range(const Onnx__NodeProto *node, guint n_dims, guint *start, guint *end);

#endif
