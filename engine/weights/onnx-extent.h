/* Heights and widths of an ONNX graph's feature maps, at the size that its input has or, where that
 * may be any, at one that tells odd sizes from even ones.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_EXTENT_H
#define HRNET_WEIGHTS_ONNX_EXTENT_H

#include "weights/onnx-build.h"

/* Of what an op makes of its inputs. Where it cannot be told, 0 x 0. */
void hrnet_onnx_measure(const HrnetOnnxGraph *graph, const HrnetOnnxOp *op);

/* Shape, of a feature map: its output becomes a constant where the sizes are known. */
gboolean hrnet_onnx_measure_shape(HrnetOnnxBuild *build, const Onnx__NodeProto *node);

/* Whether `to` is known to be `factor` times as high and wide as `from`. */
gboolean hrnet_onnx_is_scaled(const HrnetOnnxValue *from, const HrnetOnnxValue *to, guint factor);

#endif
