/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-graph.h"

#include <math.h>
#include <string.h>

#define UNSUPPORTED HRNET_WEIGHTS_ERROR_UNSUPPORTED
#define EPSILON     1e-5f

/* A padding of its own, to be taken up by the convolution behind it. */
typedef struct {
    guint value; /* what is padded */
    gdouble pads[8];
} Pad;

typedef struct {
    HrnetOnnxGraph *graph;
    GHashTable *pads; /* output name -> Pad */
    GError **error;
} Build;

gboolean hrnet_onnx_refuse(GError **error, const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                           const gchar *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree gchar *text = g_strdup_vprintf(format, args);
    va_end(args);
    const gchar *name = node->name && *node->name ? node->name
                        : node->n_output          ? node->output[0]
                                                  : "";
    return hrnet_weights_fail(error, UNSUPPORTED, graph->path, "no HRNetV2: node %s (%s): %s", name,
                              node->op_type ? node->op_type : "", text);
}

HrnetOnnxOp *hrnet_onnx_op(const HrnetOnnxGraph *graph, guint index)
{
    return graph->ops->pdata[index];
}

const HrnetOnnxValue *hrnet_onnx_value(const HrnetOnnxGraph *graph, guint index)
{
    return graph->all_values->pdata[index];
}

const Onnx__AttributeProto *hrnet_onnx_attribute(const Onnx__NodeProto *node, const gchar *name)
{
    for (gsize i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

gboolean hrnet_onnx_text_is(const Onnx__NodeProto *node, const gchar *name, const gchar *otherwise,
                            const gchar *text)
{
    const Onnx__AttributeProto *attribute = hrnet_onnx_attribute(node, name);
    if (!attribute || !attribute->has_s)
        return strcmp(otherwise, text) == 0;
    return attribute->s.len == strlen(text) &&
           memcmp(attribute->s.data, text, attribute->s.len) == 0;
}

const Onnx__TensorProto *hrnet_onnx_constant(const HrnetOnnxGraph *graph,
                                             const Onnx__NodeProto *node, guint input)
{
    return input < node->n_input ? g_hash_table_lookup(graph->constants, node->input[input]) : NULL;
}

gint hrnet_onnx_numbers(const Onnx__TensorProto *tensor, gdouble *out, guint most)
{
    gsize n = 1;
    for (gsize d = 0; d < tensor->n_dims; d++) {
        if (tensor->dims[d] < 0 || tensor->dims[d] > most)
            return -1;
        n *= (gsize)tensor->dims[d];
        if (n > most)
            return -1;
    }
    gboolean is_float = tensor->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    if (!is_float && tensor->data_type != ONNX__TENSOR_PROTO__DATA_TYPE__INT64)
        return -1;
    gsize size = is_float ? 4 : 8;
    if (!(tensor->has_raw_data ? tensor->raw_data.len == n * size
                               : (is_float ? tensor->n_float_data : tensor->n_int64_data) == n))
        return -1;
    for (gsize i = 0; i < n; i++) {
        gfloat single;
        gint64 whole;
        if (is_float) {
            memcpy(&single,
                   tensor->has_raw_data ? tensor->raw_data.data + 4 * i
                                        : (void *)(tensor->float_data + i),
                   4);
            out[i] = single;
        } else {
            memcpy(&whole,
                   tensor->has_raw_data ? tensor->raw_data.data + 8 * i
                                        : (void *)(tensor->int64_data + i),
                   8);
            out[i] = (gdouble)whole;
        }
    }
    return (gint)n;
}

static void value_free(gpointer data)
{
    HrnetOnnxValue *value = data;
    g_array_unref(value->consumers);
    g_free(value);
}

static guint add_value(HrnetOnnxGraph *graph, gint producer)
{
    HrnetOnnxValue *value = g_new0(HrnetOnnxValue, 1);
    value->producer = producer;
    value->consumers = g_array_new(FALSE, FALSE, sizeof(guint));
    g_ptr_array_add(graph->all_values, value);
    return graph->all_values->len - 1;
}

/* The value of a name, or -1: no feature map. */
static gint find_value(const HrnetOnnxGraph *graph, const gchar *name)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(graph->values, name)) - 1;
}

static void name_value(HrnetOnnxGraph *graph, const gchar *name, guint value)
{
    g_hash_table_insert(graph->values, (gpointer)name, GINT_TO_POINTER((gint)value + 1));
}

static HrnetOnnxOp *add_op(HrnetOnnxGraph *graph, HrnetOnnxKind kind, const Onnx__NodeProto *node)
{
    HrnetOnnxOp *op = g_new0(HrnetOnnxOp, 1);
    op->kind = kind;
    op->node = node;
    g_ptr_array_add(graph->ops, op);
    op->output = add_value(graph, (gint)graph->ops->len - 1);
    if (node->n_output > 0)
        name_value(graph, node->output[0], op->output);
    return op;
}

static void add_input(HrnetOnnxGraph *graph, HrnetOnnxOp *op, guint value)
{
    guint index = (guint)hrnet_onnx_value(graph, op->output)->producer;
    op->inputs[op->n_inputs++] = value;
    g_array_append_val(hrnet_onnx_value(graph, value)->consumers, index);
}

/* `count` equal whole numbers of an attribute, or `otherwise` where it is absent; -1 where they
 * differ. */
static gint64 equal_numbers(const Onnx__NodeProto *node, const gchar *name, gsize count,
                            gint64 otherwise)
{
    const Onnx__AttributeProto *attribute = hrnet_onnx_attribute(node, name);
    if (!attribute)
        return otherwise;
    if (attribute->n_ints != count)
        return -1;
    for (gsize i = 1; i < count; i++)
        if (attribute->ints[i] != attribute->ints[0])
            return -1;
    return attribute->ints[0];
}

static HrnetOnnxPadding padding_of(const HrnetOnnxConv *conv, gint64 top, gint64 left,
                                   gint64 bottom, gint64 right)
{
    if (top == 0 && left == 0 && bottom == 0 && right == 0)
        return HRNET_ONNX_NO_PADDING;
    if (top != left || bottom != right || conv->kernel != 3 || bottom != 1 || top < 0 || top > 1)
        return HRNET_ONNX_ODD_PADDING;
    return top == 1 ? HRNET_ONNX_SYMMETRIC : HRNET_ONNX_SAME;
}

static gboolean read_padding(Build *build, const Onnx__NodeProto *node, const Pad *pad,
                             HrnetOnnxConv *conv)
{
    const Onnx__AttributeProto *pads = hrnet_onnx_attribute(node, "pads");
    gint64 sides[4] = { 0 };
    if (hrnet_onnx_text_is(node, "auto_pad", "NOTSET", "SAME_UPPER")) {
        conv->padding = conv->kernel == 1   ? HRNET_ONNX_NO_PADDING
                        : conv->stride == 1 ? HRNET_ONNX_SYMMETRIC
                                            : HRNET_ONNX_SAME;
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

static gboolean add_conv(Build *build, const Onnx__NodeProto *node)
{
    HrnetOnnxGraph *graph = build->graph;
    const Pad *pad = node->n_input ? g_hash_table_lookup(build->pads, node->input[0]) : NULL;
    gint input = pad ? (gint)pad->value : node->n_input ? find_value(graph, node->input[0]) : -1;
    HrnetOnnxConv conv = { .weight = hrnet_onnx_constant(graph, node, 1),
                           .bias = hrnet_onnx_constant(graph, node, 2) };
    const Onnx__AttributeProto *group = hrnet_onnx_attribute(node, "group");
    if (input < 0 || !conv.weight || (node->n_input > 2 && *node->input[2] && !conv.bias))
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "its input is no feature map, or its weights no constants");
    if (conv.weight->n_dims != 4 || conv.weight->dims[2] != conv.weight->dims[3] ||
        conv.weight->dims[2] < 1 || conv.weight->dims[2] > 7 ||
        (group && group->has_i && group->i != 1) || equal_numbers(node, "dilations", 2, 1) != 1)
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "no plain two-dimensional convolution of one group");
    conv.kernel = (guint)conv.weight->dims[2];
    gint64 stride = equal_numbers(node, "strides", 2, 1);
    if (stride != 1 && stride != 2)
        return hrnet_onnx_refuse(build->error, graph, node, "its stride is not 1 or 2");
    conv.stride = (guint)stride;
    if (!read_padding(build, node, pad, &conv))
        return FALSE;
    gboolean fits = conv.kernel == 1 ? conv.padding == HRNET_ONNX_NO_PADDING
                                     : conv.padding == HRNET_ONNX_SYMMETRIC ||
                                           (conv.padding == HRNET_ONNX_SAME && conv.stride == 2);
    if (!fits)
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "its padding is not [1, 1, 1, 1], nor [0, 0, 1, 1] at stride 2");
    HrnetOnnxOp *op = add_op(graph, HRNET_ONNX_CONV, node);
    op->conv = conv;
    add_input(graph, op, (guint)input);
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
    gint value = find_value(graph, input);
    g_hash_table_remove(graph->values, input);
    if (node->n_output > 0)
        name_value(graph, node->output[0], (guint)value);
    return TRUE;
}

static gboolean add_norm(Build *build, const Onnx__NodeProto *node)
{
    HrnetOnnxGraph *graph = build->graph;
    HrnetOnnxConv *conv =
        node->n_input == 5 ? open_conv(graph, find_value(graph, node->input[0])) : NULL;
    const Onnx__AttributeProto *epsilon = hrnet_onnx_attribute(node, "epsilon");
    const Onnx__TensorProto *parts[4];
    if (!conv)
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "no convolution of its own is before it");
    if (epsilon && epsilon->has_f && !(fabsf(epsilon->f - EPSILON) < 1e-8f))
        return hrnet_onnx_refuse(build->error, graph, node, "its epsilon is %g, expected 1e-5",
                                 epsilon->f);
    for (guint i = 0; i < 4; i++) {
        parts[i] = hrnet_onnx_constant(graph, node, i + 1);
        if (!parts[i])
            return hrnet_onnx_refuse(build->error, graph, node, "%s is no constant",
                                     node->input[i + 1]);
    }
    memcpy(conv->norm, parts, sizeof parts);
    return pass_on(graph, node->input[0], node);
}

/* Every feature map among the inputs, in order. FALSE where there are too many. */
static gboolean add_all_inputs(HrnetOnnxGraph *graph, HrnetOnnxOp *op)
{
    for (gsize i = 0; i < op->node->n_input; i++) {
        gint value = find_value(graph, op->node->input[i]);
        if (value < 0)
            continue;
        if (op->n_inputs == HRNET_ONNX_MAX_INPUTS)
            return FALSE;
        add_input(graph, op, (guint)value);
    }
    return TRUE;
}

/* Of two feature maps or more; or of a constant onto a convolution: its bias. */
static gboolean add_addition(Build *build, const Onnx__NodeProto *node)
{
    HrnetOnnxGraph *graph = build->graph;
    for (guint i = 0; node->n_input == 2 && i < 2; i++) {
        const Onnx__TensorProto *bias = hrnet_onnx_constant(graph, node, i);
        HrnetOnnxConv *conv = bias ? open_conv(graph, find_value(graph, node->input[1 - i])) : NULL;
        gint64 n = 1;
        for (gsize d = 0; conv && d < bias->n_dims; d++)
            n = bias->dims[d] == 1 ? n : n == 1 ? bias->dims[d] : -1;
        if (!conv || conv->bias || n != conv->weight->dims[0])
            continue;
        conv->bias = bias;
        return pass_on(graph, node->input[1 - i], node);
    }
    HrnetOnnxOp *op = add_op(graph, HRNET_ONNX_ADD, node);
    if (!add_all_inputs(graph, op) || op->n_inputs != node->n_input)
        return hrnet_onnx_refuse(build->error, graph, node, "does not add a few feature maps");
    return TRUE;
}

static gboolean add_pad(Build *build, const Onnx__NodeProto *node)
{
    HrnetOnnxGraph *graph = build->graph;
    gint value = node->n_input ? find_value(graph, node->input[0]) : -1;
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
    g_hash_table_insert(build->pads, node->output[0], pad);
    return TRUE;
}

static gboolean is_one_of(const gchar *type, const gchar *const *types)
{
    return type && g_strv_contains(types, type);
}

static gboolean touches_features(const Build *build, const Onnx__NodeProto *node)
{
    for (gsize i = 0; i < node->n_input; i++)
        if (find_value(build->graph, node->input[i]) >= 0 ||
            g_hash_table_contains(build->pads, node->input[i]))
            return TRUE;
    return FALSE;
}

/* Nodes without feature maps: constants are noted; what is computed of shapes is not needed. */
static gboolean add_constant(Build *build, const Onnx__NodeProto *node)
{
    static const gchar *const same[] = { "Identity", "Cast", "Dropout", NULL };
    const Onnx__AttributeProto *value = hrnet_onnx_attribute(node, "value");
    const Onnx__TensorProto *constant = NULL;
    if (node->n_output == 0)
        return TRUE;
    if (node->op_type && strcmp(node->op_type, "Constant") == 0 && value)
        constant = value->t;
    else if (is_one_of(node->op_type, same))
        constant = hrnet_onnx_constant(build->graph, node, 0);
    if (constant)
        g_hash_table_insert(build->graph->constants, node->output[0], (gpointer)constant);
    return TRUE;
}

static gboolean add_node(Build *build, const Onnx__NodeProto *node)
{
    static const gchar *const same[] = { "Identity", "Cast", "Dropout", NULL };
    static const gchar *const resizes[] = { "Resize", "Upsample", NULL };
    static const gchar *const sums[] = { "Add", "Sum", NULL };
    HrnetOnnxGraph *graph = build->graph;
    const gchar *type = node->op_type ? node->op_type : "";
    if (!touches_features(build, node))
        return strcmp(type, "Conv") == 0 ? add_conv(build, node) : add_constant(build, node);
    if (strcmp(type, "Shape") == 0)
        return TRUE;
    gboolean lone = strcmp(type, "Concat") == 0 && node->n_input == 1;
    if ((lone || is_one_of(type, same)) && node->n_output > 0 &&
        find_value(graph, node->input[0]) >= 0) {
        name_value(graph, node->output[0], (guint)find_value(graph, node->input[0]));
        return TRUE;
    }
    if (strcmp(type, "Conv") == 0)
        return add_conv(build, node);
    if (strcmp(type, "BatchNormalization") == 0)
        return add_norm(build, node);
    if (strcmp(type, "Pad") == 0)
        return add_pad(build, node);
    if (is_one_of(type, sums))
        return add_addition(build, node);

    HrnetOnnxKind kind = strcmp(type, "Relu") == 0     ? HRNET_ONNX_RELU
                         : is_one_of(type, resizes)    ? HRNET_ONNX_RESIZE
                         : strcmp(type, "Concat") == 0 ? HRNET_ONNX_CONCAT
                                                       : HRNET_ONNX_OTHER;
    HrnetOnnxOp *op = add_op(graph, kind, node);
    if (!add_all_inputs(graph, op))
        return hrnet_onnx_refuse(build->error, graph, node, "has too many inputs");
    return TRUE;
}

/* The one input that is no constant. */
static gboolean find_input(HrnetOnnxGraph *graph, const Onnx__GraphProto *proto, GError **error)
{
    for (gsize i = 0; i < proto->n_input; i++) {
        const gchar *name = proto->input[i]->name;
        if (!name || g_hash_table_contains(graph->constants, name))
            continue;
        if (graph->input)
            return hrnet_weights_fail(
                error, UNSUPPORTED, graph->path,
                "no HRNetV2: the graph has the inputs %s and %s, expected one", graph->input->name,
                name);
        graph->input = proto->input[i];
        name_value(graph, name, add_value(graph, -1));
    }
    return graph->input != NULL || hrnet_weights_fail(error, UNSUPPORTED, graph->path,
                                                      "no HRNetV2: the graph has no input");
}

HrnetOnnxGraph *hrnet_onnx_graph_new(const Onnx__GraphProto *proto, const gchar *path,
                                     GError **error)
{
    HrnetOnnxGraph *graph = g_new0(HrnetOnnxGraph, 1);
    graph->path = path;
    graph->constants = g_hash_table_new(g_str_hash, g_str_equal);
    graph->values = g_hash_table_new(g_str_hash, g_str_equal);
    graph->ops = g_ptr_array_new_with_free_func(g_free);
    graph->all_values = g_ptr_array_new_with_free_func(value_free);
    for (gsize i = 0; i < proto->n_initializer; i++)
        if (proto->initializer[i]->name)
            g_hash_table_insert(graph->constants, proto->initializer[i]->name,
                                proto->initializer[i]);

    Build build = { graph, g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free), error };
    gboolean good = find_input(graph, proto, error);
    for (gsize i = 0; good && i < proto->n_node; i++)
        good = add_node(&build, proto->node[i]);
    g_hash_table_unref(build.pads);
    if (good)
        return graph;
    hrnet_onnx_graph_free(graph);
    return NULL;
}

void hrnet_onnx_graph_free(HrnetOnnxGraph *graph)
{
    if (!graph)
        return;
    g_hash_table_unref(graph->constants);
    g_hash_table_unref(graph->values);
    g_ptr_array_unref(graph->ops);
    g_ptr_array_unref(graph->all_values);
    g_free(graph);
}
