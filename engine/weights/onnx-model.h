/* An ONNX file taken apart by protobuf-c, in bounded memory and stack.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_MODEL_H
#define HRNET_WEIGHTS_ONNX_MODEL_H

#include "weights/onnx.pb-c.h"
#include "weights/budget.h"
#include "weights/file.h"

/* Reads the whole file, at the budget's expense. Free with onnx__model_proto__free_unpacked(model,
 * NULL). */
Onnx__ModelProto *hrnet_onnx_model_read(HrnetFile *file, HrnetBudget *budget, GError **error);

#endif
