/* The head of HRNetV2+OCR (graph/ocr.c), found in an ONNX graph.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_OCR_H
#define HRNET_WEIGHTS_ONNX_OCR_H

#include "weights/onnx-parts.h"

/* Whether what begins at the concatenated branches may be that head: two convolutions do, one of
 * them 3x3. */
gboolean hrnet_onnx_is_ocr(const HrnetOnnxMatch *match, guint branches);

/* Names its convolutions, and holds what is between them to the published computation. */
gboolean hrnet_onnx_match_ocr(HrnetOnnxMatch *match, guint branches, guint *logits);

#endif
