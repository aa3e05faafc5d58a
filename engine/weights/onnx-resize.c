/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-resize.h"

#include "weights/onnx-extent.h"
#include "weights/onnx-node.h"

#include <string.h>

#define COORDINATES       "coordinate_transformation_mode"
#define FIRST_COORDINATES 11 /* the opset from which on Resize says how they are computed */

/* What an input says of rows and columns, as it does of all four axes or of `axes`. */
static gboolean last_two(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node, guint input,
                         gdouble out[2])
{
    const Onnx__TensorProto *constant = hrnet_onnx_constant(graph, node, input);
    const Onnx__AttributeProto *axes = hrnet_onnx_attribute(node, "axes");
    gdouble numbers[4];
    const gint n = constant ? hrnet_onnx_numbers(constant, numbers, 4) : 0;
    const gboolean spatial = axes && axes->n_ints == 2 &&
                             (axes->ints[0] == 2 || axes->ints[0] == -2) &&
                             (axes->ints[1] == 3 || axes->ints[1] == -1);
    if (axes ? n != 2 || !spatial : n != 4)
        return FALSE;
    out[0] = numbers[n - 2];
    out[1] = numbers[n - 1];
    return TRUE;
}

gboolean hrnet_onnx_resize_sizes(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                                 gdouble sizes[2])
{
    return last_two(graph, node, 3, sizes);
}

static guint scales_input(const Onnx__NodeProto *node)
{
    return node->n_input == 2 ? 1 : 2;
}

gboolean hrnet_onnx_resize_scales(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                                  gdouble scales[2])
{
    return last_two(graph, node, scales_input(node), scales);
}

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
    const Onnx__TensorProto *constant = hrnet_onnx_constant(graph, node, scales_input(node));
    gdouble numbers[4], scales[2];
    if (!factor || !constant || hrnet_onnx_numbers(constant, numbers, 4) == 0)
        return TRUE;
    return hrnet_onnx_resize_scales(graph, node, scales) && scales[0] == factor &&
           scales[1] == factor;
}

gboolean hrnet_onnx_read_resize(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                                guint factor, HrnetOnnxResizing *resizing, GError **error)
{
    const gboolean old =
        g_strcmp0(node->op_type, "Upsample") == 0 || graph->opset < FIRST_COORDINATES;
    const Onnx__AttributeProto *antialias = hrnet_onnx_attribute(node, "antialias");
    gboolean align = FALSE;
    HrnetUpsample upsample;
    if (antialias && antialias->i)
        return hrnet_onnx_refuse(error, graph, node, "resizes with antialiasing");
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
    } else if (hrnet_onnx_text_is(node, "mode", "nearest", "linear")) {
        return hrnet_onnx_refuse(error, graph, node,
                                 "bilinear upsampling of opset %" G_GINT64_FORMAT
                                 " is not that of PyTorch: export the network again, with "
                                 "opset_version=%d or later",
                                 graph->opset, FIRST_COORDINATES);
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

/* The first step of a graph for any size that was traced at one: it goes to the multiple of the
 * size that the branch had then. All such steps have to tell the same of each branch, and each
 * branch to be half the one before it. */
static gboolean is_scaled_as_traced(const HrnetOnnxGraph *graph, const HrnetOnnxValue *between,
                                    guint branch, guint factor, HrnetOnnxTraits *traits)
{
    const guint size[2] = { between->height, between->width };
    if (graph->input_height && graph->input_width)
        return FALSE;
    for (guint axis = 0; axis < 2; axis++) {
        guint(*traced)[2] = traits->traced;
        const guint n = size[axis] / factor;
        if (n == 0 || size[axis] % factor || (traced[branch][axis] && traced[branch][axis] != n))
            return FALSE;
        traced[branch][axis] = n;
        for (guint b = 1; b < HRNET_MAX_BRANCHES; b++)
            if (traced[b - 1][axis] && traced[b][axis] &&
                traced[b][axis] != (traced[b - 1][axis] + 1) / 2)
                return FALSE;
    }
    return TRUE;
}

gboolean hrnet_onnx_read_upsampling(const HrnetOnnxGraph *graph, HrnetOnnxOp *const *steps,
                                    guint n_steps, guint branch, guint factor,
                                    HrnetOnnxTraits *traits, GError **error)
{
    const Onnx__NodeProto *last = steps[0]->node;
    const HrnetOnnxValue *from = hrnet_onnx_value(graph, steps[n_steps - 1]->inputs[0]);
    const HrnetOnnxValue *to = hrnet_onnx_value(graph, steps[0]->output);
    if (n_steps == 2) {
        const HrnetOnnxValue *between = hrnet_onnx_value(graph, steps[1]->output);
        if (!hrnet_onnx_is_scaled(from, between, factor) &&
            !is_scaled_as_traced(graph, between, branch, factor, traits))
            return hrnet_onnx_refuse(error, graph, steps[1]->node,
                                     "is not known to upsample %u times", factor);
        traits->twice = TRUE;
        if (!hrnet_onnx_read_resize(graph, steps[1]->node, factor, &traits->exchange, error))
            return FALSE;
    } else if (!hrnet_onnx_is_scaled(from, to, factor)) {
        traits->once = TRUE;
    }
    return hrnet_onnx_read_resize(graph, last, n_steps == 2 ? 0 : factor, &traits->exchange,
                                  error) &&
           (!(traits->once && traits->twice) ||
            hrnet_onnx_refuse(error, graph, last, "resizes in another way than the nodes before"));
}

gboolean hrnet_onnx_keeps_size(const HrnetOnnxGraph *graph, const HrnetOnnxOp *op)
{
    return hrnet_onnx_is_scaled(hrnet_onnx_value(graph, op->inputs[0]),
                                hrnet_onnx_value(graph, op->output), 1);
}
