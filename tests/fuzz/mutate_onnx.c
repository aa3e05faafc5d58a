/* Graphs of ONNX: nodes dropped, doubled, moved, rewired, renamed, put into functions, preceded by
 * others; attributes and tensors that say something else.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mutate.h"

#include <math.h>
#include <string.h>

#include "weights/onnx.pb-c.h"

static const gchar *const types[] = {
    "Conv",
    "Relu",
    "Add",
    "Resize",
    "Concat",
    "Upsample",
    "Clip",
    "Pad",
    "Identity",
    "Cast",
    "CastLike",
    "BatchNormalization",
    "Transpose",
    "Reshape",
    "Unsqueeze",
    "Squeeze",
    "DequantizeLinear",
    "QuantizeLinear",
    "Expand",
    "Shape",
    "Gather",
    "Slice",
    "ConstantOfShape",
    "Constant",
    "Mul",
    "Div",
    "Sub",
    "Floor",
    "Split",
    "Softmax",
    "ArgMax",
    "Sigmoid",
    "ReduceMax",
    "Function",
};

static const gchar *const attribute_names[] = {
    "axis", "axes", "perm",     "pads",  "strides", "dilations", "group", "epsilon",
    "mode", "to",   "auto_pad", "start", "end",     "value",     "shape", "scales",
};

static guint pick(GRand *rand, gsize n)
{
    return n ? g_rand_int(rand) % (guint)n : 0;
}

static gint64 any_number(GRand *rand)
{
    static const gint64 some[] = {
        0, 1, 2, 3, 4, -1, -2, 8, 16, 64, 4096, G_MAXINT32, G_MININT32, G_MAXINT64, G_MININT64, 7
    };
    return some[pick(rand, G_N_ELEMENTS(some))];
}

/* A name that the graph knows, or one that it doesn't. */
static const gchar *any_name(const Onnx__GraphProto *graph, GRand *rand)
{
    const guint kind = pick(rand, 8);
    const Onnx__NodeProto *node = graph->n_node ? graph->node[pick(rand, graph->n_node)] : NULL;
    if (kind < 3 && graph->n_initializer)
        return graph->initializer[pick(rand, graph->n_initializer)]->name;
    if (kind == 3 && graph->n_input)
        return graph->input[0]->name;
    if (kind == 4)
        return "";
    return node && node->n_output ? node->output[pick(rand, node->n_output)] : "nothing";
}

static void set_text(gchar **text, const gchar *value)
{
    gchar *before = *text; /* may be the value itself */
    *text = g_strdup(value ? value : "");
    if (before != protobuf_c_empty_string)
        g_free(before);
}

static Onnx__NodeProto *copy_node(const Onnx__NodeProto *node)
{
    const gsize n = onnx__node_proto__get_packed_size(node);
    g_autofree guint8 *bytes = g_malloc(n + 1);
    onnx__node_proto__pack(node, bytes);
    return onnx__node_proto__unpack(NULL, n, bytes);
}

static void insert_node(Onnx__GraphProto *graph, guint at, Onnx__NodeProto *node)
{
    graph->node = g_renew(Onnx__NodeProto *, graph->node, graph->n_node + 1);
    memmove(graph->node + at + 1, graph->node + at, (graph->n_node - at) * sizeof *graph->node);
    graph->node[at] = node;
    graph->n_node++;
}

static void drop_node(Onnx__GraphProto *graph, guint at)
{
    onnx__node_proto__free_unpacked(graph->node[at], NULL);
    memmove(graph->node + at, graph->node + at + 1, (graph->n_node - at - 1) * sizeof *graph->node);
    graph->n_node--;
}

static void add_number(Onnx__NodeProto *node, GRand *rand)
{
    Onnx__AttributeProto *attribute = g_new0(Onnx__AttributeProto, 1);
    onnx__attribute_proto__init(attribute);
    attribute->name = g_strdup(attribute_names[pick(rand, G_N_ELEMENTS(attribute_names))]);
    attribute->has_i = TRUE;
    attribute->i = any_number(rand);
    if (pick(rand, 2)) {
        attribute->n_ints = 1 + pick(rand, 5);
        attribute->ints = g_new(gint64, attribute->n_ints);
        for (gsize i = 0; i < attribute->n_ints; i++)
            attribute->ints[i] = pick(rand, 2) ? (gint64)i : any_number(rand);
    }
    if (pick(rand, 4) == 0)
        attribute->ref_attr_name =
            g_strdup(attribute_names[pick(rand, G_N_ELEMENTS(attribute_names))]);
    node->attribute = g_renew(Onnx__AttributeProto *, node->attribute, node->n_attribute + 1);
    node->attribute[node->n_attribute++] = attribute;
}

static void change_attribute(Onnx__NodeProto *node, GRand *rand)
{
    Onnx__AttributeProto *attribute =
        node->n_attribute ? node->attribute[pick(rand, node->n_attribute)] : NULL;
    if (!attribute || pick(rand, 3) == 0) {
        add_number(node, rand);
    } else if (attribute->n_ints) {
        attribute->ints[pick(rand, attribute->n_ints)] = any_number(rand);
    } else if (attribute->has_i) {
        attribute->i = any_number(rand);
    } else if (attribute->has_f) {
        attribute->f = pick(rand, 2) ? -1 : NAN;
    } else {
        set_text(&attribute->name, attribute_names[pick(rand, G_N_ELEMENTS(attribute_names))]);
    }
}

static void change_tensor(Onnx__TensorProto *tensor, GRand *rand)
{
    switch (pick(rand, 4)) {
    case 0:
        if (tensor->n_dims)
            tensor->dims[pick(rand, tensor->n_dims)] = any_number(rand);
        break;
    case 1:
        tensor->has_data_type = TRUE;
        tensor->data_type = (gint32)pick(rand, 18);
        break;
    case 2:
        if (tensor->has_raw_data && tensor->raw_data.len)
            tensor->raw_data.len = pick(rand, tensor->raw_data.len);
        break;
    default:
        tensor->n_dims = pick(rand, tensor->n_dims + 1);
    }
}

/* A node before another's input, of that input and some more. */
static void precede(Onnx__GraphProto *graph, guint at, GRand *rand)
{
    Onnx__NodeProto *node = graph->node[at], *before = g_new0(Onnx__NodeProto, 1);
    if (node->n_input == 0) {
        g_free(before);
        return;
    }
    gchar **input = &node->input[pick(rand, node->n_input)];
    onnx__node_proto__init(before);
    before->op_type = g_strdup(types[pick(rand, G_N_ELEMENTS(types))]);
    before->n_input = 1 + pick(rand, 4);
    before->input = g_new0(gchar *, before->n_input);
    for (gsize i = 0; i < before->n_input; i++)
        before->input[i] = g_strdup(i == 0 ? *input : any_name(graph, rand));
    before->n_output = 1;
    before->output = g_new0(gchar *, 1);
    before->output[0] = g_strdup_printf("made%u", g_rand_int(rand));
    set_text(input, before->output[0]);
    if (pick(rand, 2))
        add_number(before, rand);
    insert_node(graph, at, before);
}

/* The node as the body of a function, and a call of that in its place. */
static void put_into_function(Onnx__ModelProto *model, Onnx__NodeProto *node, GRand *rand)
{
    Onnx__FunctionProto *function = g_new0(Onnx__FunctionProto, 1);
    Onnx__NodeProto *inner = copy_node(node);
    if (!inner) {
        g_free(function);
        return;
    }
    onnx__function_proto__init(function);
    function->name = g_strdup("Function");
    function->domain = g_strdup(pick(rand, 3) ? "local" : "");
    function->n_input = inner->n_input;
    function->input = g_new0(gchar *, inner->n_input + 1);
    for (gsize i = 0; i < inner->n_input; i++)
        function->input[i] = g_strdup(inner->input[i]);
    function->n_output = inner->n_output;
    function->output = g_new0(gchar *, inner->n_output + 1);
    for (gsize i = 0; i < inner->n_output; i++)
        function->output[i] = g_strdup(inner->output[i]);
    function->n_node = 1;
    function->node = g_new(Onnx__NodeProto *, 1);
    function->node[0] = inner;
    model->functions = g_renew(Onnx__FunctionProto *, model->functions, model->n_functions + 1);
    model->functions[model->n_functions++] = function;
    set_text(&node->op_type, function->name);
    set_text(&node->domain, function->domain);
}

static void change(Onnx__ModelProto *model, GRand *rand)
{
    Onnx__GraphProto *graph = model->graph;
    const guint at = pick(rand, graph->n_node), to = pick(rand, graph->n_node);
    Onnx__NodeProto *node = graph->node[at];
    switch (pick(rand, 10)) {
    case 0:
        if (graph->n_node > 1)
            drop_node(graph, at);
        break;
    case 1:
        if ((node = copy_node(node)))
            insert_node(graph, to, node);
        break;
    case 2:
        graph->node[at] = graph->node[to];
        graph->node[to] = node;
        break;
    case 3:
        if (node->n_input)
            set_text(&node->input[pick(rand, node->n_input)], any_name(graph, rand));
        break;
    case 4:
        if (node->n_output)
            set_text(&node->output[pick(rand, node->n_output)], any_name(graph, rand));
        break;
    case 5:
        set_text(&node->op_type, types[pick(rand, G_N_ELEMENTS(types))]);
        break;
    case 6:
        change_attribute(node, rand);
        break;
    case 7:
        if (graph->n_initializer)
            change_tensor(graph->initializer[pick(rand, graph->n_initializer)], rand);
        break;
    case 8:
        precede(graph, at, rand);
        break;
    default:
        put_into_function(model, node, rand);
    }
}

guint8 *fuzz_mutate(const guint8 *data, gsize n_bytes, gsize max_bytes, guint32 seed,
                    gsize *n_mutated)
{
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, n_bytes, data);
    guint8 *mutated = NULL;
    if (model && model->graph && model->graph->n_node) {
        GRand *rand = g_rand_new_with_seed(seed);
        for (guint n = 1 + g_rand_int(rand) % 4; n > 0; n--)
            change(model, rand);
        g_rand_free(rand);
        *n_mutated = onnx__model_proto__get_packed_size(model);
        if (*n_mutated <= max_bytes) {
            mutated = g_malloc(*n_mutated + 1);
            onnx__model_proto__pack(model, mutated);
        }
    }
    if (model)
        onnx__model_proto__free_unpacked(model, NULL);
    return mutated;
}
