/* ONNX exports of HRNetV2.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_H
#define HRNET_WEIGHTS_ONNX_H

#include "weights/file.h"
#include "weights/source.h"

/* Takes the file over, on failure as well. The tensors get the authors' names; what the nodes tell
 * of upsampling and padding becomes metadata. Weights within the file stay in memory until the
 * source is freed; those in files beside it are read on demand. */
HrnetSource *hrnet_onnx_open(HrnetFile *file, GError **error);

#endif
