/* Convolutions of an ONNX graph, with the padding, normalisation and bias that are nodes of their
 * own there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_CONV_H
#define HRNET_WEIGHTS_ONNX_CONV_H

#include "weights/onnx-build.h"

/* Conv. Takes up a padding that was noted of its input. */
gboolean hrnet_onnx_add_conv(HrnetOnnxBuild *build, const Onnx__NodeProto *node);
/* Pad: noted for the convolution behind it. */
gboolean hrnet_onnx_add_pad(HrnetOnnxBuild *build, const Onnx__NodeProto *node);
/* What a padding before the node pads, where that is the picture; else NULL. */
const HrnetOnnxPicture *hrnet_onnx_padded_picture(const HrnetOnnxBuild *build,
                                                  const Onnx__NodeProto *node);
/* BatchNormalization: goes into the convolution before it. */
gboolean hrnet_onnx_add_norm(HrnetOnnxBuild *build, const Onnx__NodeProto *node);
/* Add, of a constant onto a convolution: its bias from now on. FALSE for any other, and no error.
 */
gboolean hrnet_onnx_take_bias(HrnetOnnxGraph *graph, const Onnx__NodeProto *node);

#endif
