/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-resize.h"

#include "weights/onnx-node.h"

#include <string.h>

#define COORDINATES "coordinate_transformation_mode"

/* Only half_pixel with the engine's rounding, or asymmetric with floor, give PyTorch's "nearest" at
 * whole factors. */
static gboolean nearest_fits(const Onnx__NodeProto *node, gboolean upsample)
{
    if (upsample)
        return TRUE;
    if (hrnet_onnx_text_is(node, COORDINATES, "half_pixel", "asymmetric"))
        return hrnet_onnx_text_is(node, "nearest_mode", "round_prefer_floor", "floor");
    return (hrnet_onnx_text_is(node, COORDINATES, "half_pixel", "half_pixel") ||
            hrnet_onnx_text_is(node, COORDINATES, "half_pixel", "pytorch_half_pixel")) &&
           !hrnet_onnx_text_is(node, "nearest_mode", "round_prefer_floor", "floor") &&
           !hrnet_onnx_text_is(node, "nearest_mode", "round_prefer_floor", "ceil");
}

/* Constant scales have to be the factor. Sizes are those of the branch that the result is added to,
 * or the addition would not be valid. */
static gboolean scales_fit(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node, guint factor)
{
    const Onnx__TensorProto *scales = hrnet_onnx_constant(graph, node, node->n_input == 2 ? 1 : 2);
    gdouble numbers[4];
    if (!factor || !scales || hrnet_onnx_numbers(scales, numbers, 4) == 0)
        return TRUE;
    return hrnet_onnx_numbers(scales, numbers, 4) == 4 && numbers[0] == 1 && numbers[1] == 1 &&
           numbers[2] == factor && numbers[3] == factor;
}

gboolean hrnet_onnx_read_resize(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                                guint factor, HrnetOnnxResizing *resizing, GError **error)
{
    gboolean old = strcmp(node->op_type, "Upsample") == 0, align = FALSE;
    HrnetUpsample upsample;
    if (hrnet_onnx_text_is(node, "mode", "nearest", "nearest")) {
        upsample = HRNET_UPSAMPLE_NEAREST;
        if (!nearest_fits(node, old))
            return hrnet_onnx_refuse(error, graph, node,
                                     "its nearest neighbours are not PyTorch's");
    } else if (hrnet_onnx_text_is(node, "mode", "nearest", "linear") && !old) {
        upsample = HRNET_UPSAMPLE_BILINEAR;
        align = hrnet_onnx_text_is(node, COORDINATES, "half_pixel", "align_corners");
        if (!align && !hrnet_onnx_text_is(node, COORDINATES, "half_pixel", "half_pixel") &&
            !hrnet_onnx_text_is(node, COORDINATES, "half_pixel", "pytorch_half_pixel"))
            return hrnet_onnx_refuse(error, graph, node,
                                     "its " COORDINATES " is neither align_corners nor half_pixel");
    } else {
        return hrnet_onnx_refuse(error, graph, node,
                                 "resizes neither by nearest neighbours nor bilinearly");
    }
    if (!scales_fit(graph, node, factor))
        return hrnet_onnx_refuse(error, graph, node, "does not upsample %u times", factor);
    if (resizing->seen && (resizing->upsample != upsample || resizing->align_corners != align))
        return hrnet_onnx_refuse(error, graph, node,
                                 "resizes in another way than the nodes before");
    *resizing = (HrnetOnnxResizing){ TRUE, upsample, align };
    return TRUE;
}
