/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-conv.h"

#include "weights/onnx-extent.h"
#include "weights/onnx-node.h"
#include "weights/onnx-preparation.h"

#include <math.h>
#include <string.h>

#define EPSILON 1e-5f

/* A padding of its own, to be taken up by the convolution behind it. */
typedef struct {
    guint value; /* what is padded */
    const gchar *name;
    gdouble pads[8];
} Pad;

static HrnetOnnxPadding padding_of(const HrnetOnnxConv *conv, gint64 top, gint64 left,
                                   gint64 bottom, gint64 right)
{
    if (top == 0 && left == 0 && bottom == 0 && right == 0)
        return HRNET_ONNX_NO_PADDING;
    if (top != left || bottom != right || conv->kernel != 3 || bottom != 1 || top < 0 || top > 1)
        return HRNET_ONNX_ODD_PADDING;
    return top == 1 ? HRNET_ONNX_SYMMETRIC : HRNET_ONNX_SAME;
}

static gboolean read_padding(HrnetOnnxBuild *build, const Onnx__NodeProto *node, const Pad *pad,
                             HrnetOnnxConv *conv)
{
    const Onnx__AttributeProto *pads = hrnet_onnx_attribute(node, "pads");
    gint64 sides[4] = { 0 };
    if (hrnet_onnx_text_is(node, "auto_pad", "NOTSET", "SAME_UPPER")) {
        conv->padding = conv->kernel == 1   ? HRNET_ONNX_NO_PADDING
                        : conv->stride == 1 ? HRNET_ONNX_SYMMETRIC
                                            : HRNET_ONNX_SAME;
        conv->automatic = TRUE;
        return !pad || hrnet_onnx_refuse(build->error, build->graph, node, "is padded twice");
    }
    if (hrnet_onnx_text_is(node, "auto_pad", "NOTSET", "SAME_LOWER") && conv->stride > 1)
        return hrnet_onnx_refuse(build->error, build->graph, node,
                                 "padding of SAME_LOWER is not supported");
    if (pads && pads->n_ints != 4)
        return hrnet_onnx_refuse(build->error, build->graph, node, "its pads are not 4 numbers");
    for (guint i = 0; i < 4; i++)
        sides[i] =
            (pads ? pads->ints[i] : 0) + (pad ? (gint64)pad->pads[i < 2 ? 2 + i : 4 + i] : 0);
    if (hrnet_onnx_text_is(node, "auto_pad", "NOTSET", "SAME_LOWER"))
        sides[0] = sides[1] = sides[2] = sides[3] = conv->kernel / 2;
    conv->padding = padding_of(conv, sides[0], sides[1], sides[2], sides[3]);
    return TRUE;
}

gboolean hrnet_onnx_add_conv(HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    HrnetOnnxGraph *graph = build->graph;
    const Pad *pad = node->n_input ? g_hash_table_lookup(build->pads, node->input[0]) : NULL;
    gint input = pad             ? (gint)pad->value
                 : node->n_input ? hrnet_onnx_find_value(graph, node->input[0])
                                 : -1;
    HrnetOnnxConv conv = { .weight = hrnet_onnx_constant(graph, node, 1),
                           .bias = hrnet_onnx_constant(graph, node, 2) };
    const Onnx__AttributeProto *group = hrnet_onnx_attribute(node, "group");
    if (input < 0 || !conv.weight || (node->n_input > 2 && *node->input[2] && !conv.bias))
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "its input is no feature map, or its weights no constants");
    if (conv.weight->n_dims != 4 || conv.weight->dims[2] != conv.weight->dims[3] ||
        conv.weight->dims[2] < 1 || conv.weight->dims[2] > 7 ||
        (group && group->has_i && group->i != 1) ||
        hrnet_onnx_equal_numbers(node, "dilations", 2, 1) != 1)
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "no plain two-dimensional convolution of one group");
    conv.kernel = (guint)conv.weight->dims[2];
    gint64 stride = hrnet_onnx_equal_numbers(node, "strides", 2, 1);
    if (stride != 1 && stride != 2)
        return hrnet_onnx_refuse(build->error, graph, node, "its stride is not 1 or 2");
    conv.stride = (guint)stride;
    if (!read_padding(build, node, pad, &conv) || !hrnet_onnx_end_preparation(build, node))
        return FALSE;
    gboolean fits = conv.kernel == 1 ? conv.padding == HRNET_ONNX_NO_PADDING
                                     : conv.padding == HRNET_ONNX_SYMMETRIC ||
                                           (conv.padding == HRNET_ONNX_SAME && conv.stride == 2);
    if (!fits)
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "its padding is not [1, 1, 1, 1], nor [0, 0, 1, 1] at stride 2");
    HrnetOnnxOp *op = hrnet_onnx_add_op(graph, HRNET_ONNX_CONV, node);
    op->conv = conv;
    hrnet_onnx_add_input(graph, op, (guint)input);
    hrnet_onnx_measure(graph, op);
    return TRUE;
}

/* The convolution that alone makes the value, while nothing uses it yet; or NULL. */
static HrnetOnnxConv *open_conv(const HrnetOnnxGraph *graph, gint value)
{
    if (value < 0 || hrnet_onnx_value(graph, (guint)value)->producer < 0 ||
        hrnet_onnx_value(graph, (guint)value)->consumers->len > 0)
        return NULL;
    HrnetOnnxOp *op = hrnet_onnx_op(graph, (guint)hrnet_onnx_value(graph, (guint)value)->producer);
    return op->kind == HRNET_ONNX_CONV && !op->conv.norm[0] ? &op->conv : NULL;
}

/* The node's output is the convolution's from now on, and its input's name no more. */
static gboolean pass_on(HrnetOnnxGraph *graph, const gchar *input, const Onnx__NodeProto *node)
{
    gint value = hrnet_onnx_find_value(graph, input);
    g_hash_table_remove(graph->values, input);
    g_hash_table_add(graph->spent, (gpointer)input);
    if (node->n_output > 0)
        hrnet_onnx_name_value(graph, node->output[0], (guint)value);
    return TRUE;
}

gboolean hrnet_onnx_add_norm(HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    HrnetOnnxGraph *graph = build->graph;
    HrnetOnnxConv *conv =
        node->n_input == 5 ? open_conv(graph, hrnet_onnx_find_value(graph, node->input[0])) : NULL;
    const Onnx__AttributeProto *epsilon = hrnet_onnx_attribute(node, "epsilon");
    const Onnx__TensorProto *parts[4];
    if (!conv)
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "no convolution of its own is before it");
    const gfloat eps = epsilon && epsilon->has_f ? epsilon->f : EPSILON;
    if (!(eps >= 0 && eps < 1) || (graph->eps >= 0 && fabsf(eps - graph->eps) > 1e-8f))
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "its epsilon is %g, expected one from 0 to 1, the same in all",
                                 eps);
    graph->eps = eps;
    for (guint i = 0; i < 4; i++) {
        parts[i] = hrnet_onnx_constant(graph, node, i + 1);
        if (!parts[i])
            return hrnet_onnx_refuse(build->error, graph, node, "%s is no constant",
                                     node->input[i + 1]);
    }
    memcpy(conv->norm, parts, sizeof parts);
    return pass_on(graph, node->input[0], node);
}

gboolean hrnet_onnx_take_bias(HrnetOnnxGraph *graph, const Onnx__NodeProto *node)
{
    for (guint i = 0; node->n_input == 2 && i < 2; i++) {
        const Onnx__TensorProto *bias = hrnet_onnx_constant(graph, node, i);
        HrnetOnnxConv *conv =
            bias ? open_conv(graph, hrnet_onnx_find_value(graph, node->input[1 - i])) : NULL;
        gint64 n = 1;
        for (gsize d = 0; conv && d < bias->n_dims; d++)
            n = bias->dims[d] == 1 ? n : n == 1 ? bias->dims[d] : -1;
        if (!conv || conv->bias || n != conv->weight->dims[0])
            continue;
        conv->bias = bias;
        return pass_on(graph, node->input[1 - i], node);
    }
    return FALSE;
}

gboolean hrnet_onnx_add_pad(HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    HrnetOnnxGraph *graph = build->graph;
    gint value = node->n_input ? hrnet_onnx_find_value(graph, node->input[0]) : -1;
    const Onnx__TensorProto *pads = hrnet_onnx_constant(graph, node, 1),
                            *filling = hrnet_onnx_constant(graph, node, 2);
    Pad *pad = g_new0(Pad, 1);
    gdouble fill = 0;
    gboolean good = value >= 0 && pads && node->n_output > 0 &&
                    hrnet_onnx_numbers(pads, pad->pads, 8) == 8 &&
                    hrnet_onnx_text_is(node, "mode", "constant", "constant") &&
                    (!filling || (hrnet_onnx_numbers(filling, &fill, 1) == 1 && fill == 0));
    for (guint i = 0; i < 8; i++) /* of batch and channels none, of rows and columns a few */
        good = good && pad->pads[i] >= 0 && pad->pads[i] <= (i % 4 < 2 ? 0 : 1);
    if (!good) {
        g_free(pad);
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "pads by something else than a constant row or column of zeros");
    }
    pad->value = (guint)value;
    pad->name = node->input[0];
    g_hash_table_insert(build->pads, node->output[0], pad);
    return TRUE;
}

const HrnetOnnxPicture *hrnet_onnx_padded_picture(const HrnetOnnxBuild *build,
                                                  const Onnx__NodeProto *node)
{
    const Pad *pad = node->n_input ? g_hash_table_lookup(build->pads, node->input[0]) : NULL;
    return pad ? g_hash_table_lookup(build->pictures, pad->name) : NULL;
}
