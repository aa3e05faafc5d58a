/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-extent.h"

#include <math.h>
#include <string.h>

#include "weights/onnx-fold.h"
#include "weights/onnx-node.h"
#include "weights/onnx-resize.h"

#define MOST_PIXELS 65536 /* along one axis */

static guint after_conv(const HrnetOnnxConv *conv, guint n)
{
    if (conv->stride == 1)
        return n;
    return conv->padding == HRNET_ONNX_SAME && !conv->automatic ? n / 2 : n / 2 + n % 2;
}

static void measure_resize(const HrnetOnnxGraph *graph, const HrnetOnnxOp *op,
                           const HrnetOnnxValue *in, HrnetOnnxValue *out)
{
    gdouble scales[2], sizes[2];
    if (hrnet_onnx_resize_sizes(graph, op->node, sizes)) {
        out->height = (guint)CLAMP(sizes[0], 0, MOST_PIXELS);
        out->width = (guint)CLAMP(sizes[1], 0, MOST_PIXELS);
    } else if (hrnet_onnx_resize_scales(graph, op->node, scales)) {
        out->height = (guint)CLAMP(floor(in->height * scales[0]), 0, MOST_PIXELS);
        out->width = (guint)CLAMP(floor(in->width * scales[1]), 0, MOST_PIXELS);
    }
}

void hrnet_onnx_measure(const HrnetOnnxGraph *graph, const HrnetOnnxOp *op)
{
    HrnetOnnxValue *out = graph->all_values->pdata[op->output];
    if (op->n_inputs == 0 || op->kind == HRNET_ONNX_OTHER)
        return;
    const HrnetOnnxValue *in = hrnet_onnx_value(graph, op->inputs[0]);
    out->channels = op->kind == HRNET_ONNX_CONV ? (guint)op->conv.weight->dims[0] : in->channels;
    if (op->kind == HRNET_ONNX_RESIZE) {
        measure_resize(graph, op, in, out);
        return;
    }
    if (op->kind == HRNET_ONNX_CONCAT)
        for (guint i = 1; i < op->n_inputs; i++)
            out->channels += hrnet_onnx_value(graph, op->inputs[i])->channels;
    out->height = op->kind == HRNET_ONNX_CONV ? after_conv(&op->conv, in->height) : in->height;
    out->width = op->kind == HRNET_ONNX_CONV ? after_conv(&op->conv, in->width) : in->width;
}

gboolean hrnet_onnx_measure_shape(HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    const gint index = hrnet_onnx_find_value(build->graph, node->input[0]);
    const HrnetOnnxValue *value = index < 0 ? NULL : hrnet_onnx_value(build->graph, (guint)index);
    if (!value || !value->height || !value->width)
        return TRUE;
    const gint64 sizes[4] = { 1, value->channels, value->height, value->width };
    guint start, end;
    hrnet_onnx_shape_range(node, 4, &start, &end);
    return hrnet_onnx_note_numbers(build, node, sizes + start, end - start);
}

gboolean hrnet_onnx_is_scaled(const HrnetOnnxValue *from, const HrnetOnnxValue *to, guint factor)
{
    return from->height > 0 && from->width > 0 && to->height == factor * from->height &&
           to->width == factor * from->width;
}
