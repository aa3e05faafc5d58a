/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-graph.h"

#include "weights/onnx-build.h"
#include "weights/onnx-conv.h"
#include "weights/onnx-extent.h"
#include "weights/onnx-fold.h"
#include "weights/onnx-node.h"
#include "weights/onnx-preparation.h"
#include "weights/table.h"

#include <math.h>
#include <string.h>

#define UNSUPPORTED HRNET_WEIGHTS_ERROR_UNSUPPORTED

/* What a node becomes: an op, a value, a list of users; and what a name takes in two tables,
 * or in such a list. */
#define NODE_BYTES  (sizeof(HrnetOnnxOp) + sizeof(HrnetOnnxValue) + 120)
#define TABLE_BYTES 120

/* What does nothing to its input, in evaluation. */
static const gchar *const same[] = { "Identity", "Cast", "CastLike", "Dropout", NULL };

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

const Onnx__TensorProto *hrnet_onnx_constant(const HrnetOnnxGraph *graph,
                                             const Onnx__NodeProto *node, guint input)
{
    return input < node->n_input ? g_hash_table_lookup(graph->constants, node->input[input]) : NULL;
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

gint hrnet_onnx_find_value(const HrnetOnnxGraph *graph, const gchar *name)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(graph->values, name)) - 1;
}

void hrnet_onnx_name_value(HrnetOnnxGraph *graph, const gchar *name, guint value)
{
    g_hash_table_insert(graph->values, (gpointer)name, GINT_TO_POINTER((gint)value + 1));
}

HrnetOnnxOp *hrnet_onnx_add_op(HrnetOnnxGraph *graph, HrnetOnnxKind kind,
                               const Onnx__NodeProto *node)
{
    HrnetOnnxOp *op = g_new0(HrnetOnnxOp, 1);
    op->kind = kind;
    op->node = node;
    g_ptr_array_add(graph->ops, op);
    op->output = add_value(graph, (gint)graph->ops->len - 1);
    if (node->n_output > 0)
        hrnet_onnx_name_value(graph, node->output[0], op->output);
    return op;
}

void hrnet_onnx_add_input(HrnetOnnxGraph *graph, HrnetOnnxOp *op, guint value)
{
    guint index = (guint)hrnet_onnx_value(graph, op->output)->producer;
    op->inputs[op->n_inputs++] = value;
    g_array_append_val(hrnet_onnx_value(graph, value)->consumers, index);
}

/* Every feature map among the inputs, in order. FALSE where there are too many. */
static gboolean add_all_inputs(HrnetOnnxGraph *graph, HrnetOnnxOp *op)
{
    for (gsize i = 0; i < op->node->n_input; i++) {
        gint value = hrnet_onnx_find_value(graph, op->node->input[i]);
        if (value < 0)
            continue;
        if (op->n_inputs == HRNET_ONNX_MAX_INPUTS)
            return FALSE;
        hrnet_onnx_add_input(graph, op, (guint)value);
    }
    return TRUE;
}

/* Of two feature maps or more; or of a constant onto a convolution: its bias. */
static gboolean add_addition(HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    HrnetOnnxGraph *graph = build->graph;
    if (hrnet_onnx_take_bias(graph, node))
        return TRUE;
    HrnetOnnxOp *op = hrnet_onnx_add_op(graph, HRNET_ONNX_ADD, node);
    if (!add_all_inputs(graph, op))
        return hrnet_onnx_refuse(build->error, graph, node, "does not add a few feature maps");
    if (op->n_inputs != node->n_input) /* a constant among them */
        op->kind = HRNET_ONNX_OTHER;
    hrnet_onnx_measure(graph, op);
    return TRUE;
}

static gboolean is_one_of(const gchar *type, const gchar *const *types)
{
    return type && g_strv_contains(types, type);
}

static gboolean touches_pads(const HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    for (gsize i = 0; i < node->n_input; i++)
        if (g_hash_table_contains(build->pads, node->input[i]))
            return TRUE;
    return FALSE;
}

static gboolean touches_features(const HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    for (gsize i = 0; i < node->n_input; i++)
        if (hrnet_onnx_find_value(build->graph, node->input[i]) >= 0)
            return TRUE;
    return touches_pads(build, node);
}

/* Addition of zeros, multiplication by ones: what is left of a sum that an exporter began with 0.
 */
static gboolean is_neutral(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node, guint *feature)
{
    static const gchar *const types[] = { "Add", "Sub", "Mul", "Div", NULL };
    gdouble numbers[1];
    if (!is_one_of(node->op_type, types) || node->n_input != 2)
        return FALSE;
    *feature = hrnet_onnx_find_value(graph, node->input[0]) >= 0 ? 0 : 1;
    const Onnx__TensorProto *constant = hrnet_onnx_constant(graph, node, 1 - *feature);
    const gdouble neutral = node->op_type[0] == 'A' || node->op_type[0] == 'S' ? 0 : 1;
    return constant && hrnet_onnx_numbers(constant, numbers, 1) == 1 && numbers[0] == neutral &&
           (*feature == 0 || node->op_type[0] == 'A' || node->op_type[0] == 'M');
}

/* A node that does nothing: its output is its input. */
static gboolean pass(const HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    guint feature = 0;
    const gboolean lone = g_strcmp0(node->op_type, "Concat") == 0 && node->n_input == 1;
    if (node->n_output == 0 ||
        !(lone || is_one_of(node->op_type, same) || is_neutral(build->graph, node, &feature)))
        return FALSE;
    const gint value = hrnet_onnx_find_value(build->graph, node->input[feature]);
    if (value < 0)
        return FALSE;
    hrnet_onnx_name_value(build->graph, node->output[0], (guint)value);
    return TRUE;
}

/* Names have to be made before they are used, and by one node alone. */
static gboolean check_names(HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    for (gsize i = 0; i < node->n_input; i++) {
        if (*node->input[i] && !g_hash_table_contains(build->known, node->input[i]))
            return hrnet_onnx_refuse(build->error, build->graph, node,
                                     "nothing before it makes its input %s", node->input[i]);
        if (g_hash_table_contains(build->graph->spent, node->input[i]))
            return hrnet_onnx_refuse(build->error, build->graph, node,
                                     "a normalisation or bias has taken up its input %s",
                                     node->input[i]);
    }
    for (gsize i = 0; i < node->n_output; i++)
        if (*node->output[i] && !g_hash_table_add(build->known, node->output[i]))
            return hrnet_onnx_refuse(build->error, build->graph, node,
                                     "its output %s is there already", node->output[i]);
    return TRUE;
}

/* An operator of another domain may do anything, whatever its name. */
static gboolean check_domain(const HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    return !node->domain || !*node->domain || strcmp(node->domain, "ai.onnx") == 0 ||
           hrnet_onnx_refuse(build->error, build->graph, node,
                             "is of the domain %s, expected ONNX's own operators", node->domain);
}

/* Feature maps of whole numbers. */
static gboolean is_quantised(const gchar *type)
{
    return g_str_has_prefix(type, "QLinear") || g_str_has_prefix(type, "Quantize") ||
           g_str_has_prefix(type, "DynamicQuantize") || g_str_has_suffix(type, "Integer");
}

/* A bound of Clip, which is an input or, before opset 11, an attribute; `otherwise` where absent.
 */
static gdouble clip_bound(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node, guint input,
                          const gchar *name, gdouble otherwise)
{
    const Onnx__AttributeProto *attribute = hrnet_onnx_attribute(node, name);
    const Onnx__TensorProto *constant = hrnet_onnx_constant(graph, node, input);
    gdouble bound = otherwise;
    if (attribute && attribute->has_f)
        return attribute->f;
    if (input < node->n_input && *node->input[input] &&
        (!constant || hrnet_onnx_numbers(constant, &bound, 1) != 1))
        return -1; /* none of a ReLU's */
    return bound;
}

/* Clip from 0 up. */
static gboolean is_relu(const HrnetOnnxGraph *graph, const Onnx__NodeProto *node)
{
    return node->op_type && strcmp(node->op_type, "Clip") == 0 &&
           clip_bound(graph, node, 1, "min", -1) == 0 &&
           clip_bound(graph, node, 2, "max", INFINITY) >= 3e38;
}

static gboolean add_node(HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    static const gchar *const resizes[] = { "Resize", "Upsample", NULL };
    static const gchar *const sums[] = { "Add", "Sum", NULL };
    HrnetOnnxGraph *graph = build->graph;
    const gchar *type = node->op_type;
    if (!type)
        return hrnet_onnx_refuse(build->error, graph, node, "names no operator");
    if (!check_domain(build, node) || !check_names(build, node))
        return FALSE;
    if (!touches_features(build, node))
        return strcmp(type, "Conv") == 0 ? hrnet_onnx_add_conv(build, node)
                                         : hrnet_onnx_fold(build, node);
    if (strcmp(type, "Shape") == 0)
        return hrnet_onnx_measure_shape(build, node);
    if (hrnet_onnx_prepare(build, node) || pass(build, node))
        return TRUE;
    if (strcmp(type, "Conv") == 0)
        return hrnet_onnx_add_conv(build, node);
    if (strcmp(type, "BatchNormalization") == 0)
        return hrnet_onnx_add_norm(build, node);
    if (strcmp(type, "Pad") == 0)
        return hrnet_onnx_add_pad(build, node);
    if (touches_pads(build, node))
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "its input is padded, expected a convolution there");
    if (is_one_of(type, sums))
        return add_addition(build, node);

    if (is_quantised(type))
        return hrnet_onnx_refuse(build->error, graph, node,
                                 "the network is quantised: take the export that it was made from");
    HrnetOnnxKind kind = strcmp(type, "Relu") == 0 || is_relu(graph, node) ? HRNET_ONNX_RELU
                         : is_one_of(type, resizes)                        ? HRNET_ONNX_RESIZE
                         : strcmp(type, "Concat") == 0                     ? HRNET_ONNX_CONCAT
                                                                           : HRNET_ONNX_OTHER;
    HrnetOnnxOp *op = hrnet_onnx_add_op(graph, kind, node);
    if (!add_all_inputs(graph, op))
        return hrnet_onnx_refuse(build->error, graph, node, "has too many inputs");
    hrnet_onnx_measure(graph, op);
    return TRUE;
}

/* The one input that is no constant. */
static gboolean find_input(HrnetOnnxBuild *build, const Onnx__GraphProto *proto)
{
    HrnetOnnxGraph *graph = build->graph;
    guint value = 0;
    for (gsize i = 0; i < proto->n_input; i++) {
        const gchar *name = proto->input[i]->name;
        if (!name || g_hash_table_contains(graph->constants, name))
            continue;
        if (graph->input)
            return hrnet_weights_fail(
                build->error, UNSUPPORTED, graph->path,
                "no HRNetV2: the graph has the inputs %s and %s, expected one", graph->input->name,
                name);
        graph->input = proto->input[i];
        value = add_value(graph, -1);
        hrnet_onnx_name_value(graph, name, value);
    }
    if (!graph->input)
        return hrnet_weights_fail(build->error, UNSUPPORTED, graph->path,
                                  "no HRNetV2: the graph has no input");
    hrnet_onnx_prepare_input(build, proto, value);
    return TRUE;
}

/* What is there before the first node. */
static void note_names(HrnetOnnxBuild *build, const Onnx__GraphProto *proto)
{
    for (gsize i = 0; i < proto->n_initializer; i++)
        if (proto->initializer[i]->name)
            g_hash_table_add(build->known, proto->initializer[i]->name);
    for (gsize i = 0; i < proto->n_input; i++)
        if (proto->input[i]->name)
            g_hash_table_add(build->known, proto->input[i]->name);
}

static gboolean check_outputs(const HrnetOnnxBuild *build, const Onnx__GraphProto *proto)
{
    for (gsize i = 0; i < proto->n_output; i++)
        if (proto->output[i]->name && !g_hash_table_contains(build->known, proto->output[i]->name))
            return hrnet_weights_fail(build->error, UNSUPPORTED, build->graph->path,
                                      "no HRNetV2: no node makes the graph's output %s",
                                      proto->output[i]->name);
    return TRUE;
}

/* Before anything is built of it. A node's attributes are looked through some ten times. */
static gboolean pay_for_graph(const Onnx__GraphProto *proto, HrnetBudget *budget, const gchar *path,
                              GError **error)
{
    gboolean good =
        hrnet_budget_take(budget, proto->n_initializer * TABLE_BYTES, proto->n_initializer);
    for (gsize i = 0; good && i < proto->n_node; i++) {
        const Onnx__NodeProto *node = proto->node[i];
        const guint64 n_names = node->n_input + node->n_output;
        good = hrnet_budget_take(
            budget, NODE_BYTES + n_names * TABLE_BYTES + node->n_output * sizeof(HrnetOnnxPicture),
            10 * (1 + n_names + node->n_attribute));
    }
    return good || hrnet_budget_fail(budget, path, error);
}

HrnetOnnxGraph *hrnet_onnx_graph_new(const Onnx__GraphProto *proto, gint64 opset,
                                     HrnetOnnxMaker *maker, const gchar *path, GError **error)
{
    HrnetOnnxGraph *graph = g_new0(HrnetOnnxGraph, 1);
    graph->path = path;
    graph->eps = -1;
    graph->opset = opset;
    graph->constants = hrnet_table_new(NULL, NULL);
    graph->values = hrnet_table_new(NULL, NULL);
    graph->spent = hrnet_table_new(NULL, NULL);
    graph->ops = g_ptr_array_new_with_free_func(g_free);
    graph->all_values = g_ptr_array_new_with_free_func(value_free);
    for (gsize i = 0; i < proto->n_initializer; i++)
        if (proto->initializer[i]->name)
            g_hash_table_insert(graph->constants, proto->initializer[i]->name,
                                proto->initializer[i]);

    HrnetOnnxBuild build = { graph,
                             maker,
                             hrnet_table_new(NULL, g_free),
                             hrnet_table_new(NULL, g_free),
                             hrnet_table_new(NULL, NULL),
                             error };
    gboolean good = pay_for_graph(proto, maker->budget, path, error) && find_input(&build, proto);
    note_names(&build, proto);
    for (gsize i = 0; good && i < proto->n_node; i++)
        good = add_node(&build, proto->node[i]);
    good = good && check_outputs(&build, proto);
    g_hash_table_unref(build.pads);
    g_hash_table_unref(build.pictures);
    g_hash_table_unref(build.known);
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
    g_hash_table_unref(graph->spent);
    g_ptr_array_unref(graph->ops);
    g_ptr_array_unref(graph->all_values);
    g_free(graph);
}
