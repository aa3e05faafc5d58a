/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-inline.h"

#include <string.h>

#include "weights/onnx-node.h"
#include "weights/table.h"

#define MOST_DEPTH  16
#define NAME_BYTES  32  /* what a name within a function gets in front of it, and its place */
#define ENTRY_BYTES 120 /* of a table */

typedef struct {
    HrnetOnnxInlined *inlined;
    HrnetBudget *budget;
    const gchar *path;
    GHashTable *functions; /* domain, newline, name -> Onnx__FunctionProto * */
    guint n_calls;
    GError **error;
} Inlining;

/* One call: what the function's names mean outside, and what its attributes are. */
typedef struct {
    const Onnx__NodeProto *node;
    GHashTable *names; /* of the function -> those of the graph */
    guint number;
} Call;

static gpointer keep(Inlining *inlining, gpointer memory)
{
    g_ptr_array_add(inlining->inlined->made, memory);
    return memory;
}

static gchar *key_of(const gchar *domain, const gchar *name)
{
    const gboolean own = !domain || strcmp(domain, "ai.onnx") == 0;
    return g_strconcat(own ? "" : domain, "\n", name ? name : "", NULL);
}

static gboolean take(Inlining *inlining, guint64 n_bytes, guint64 n_steps)
{
    return hrnet_budget_take(inlining->budget, n_bytes, n_steps) ||
           hrnet_budget_fail(inlining->budget, inlining->path, inlining->error);
}

/* A name of the function, outside. */
static gchar *outer_name(Inlining *inlining, const Call *call, const gchar *name)
{
    gchar *outer = *name ? g_hash_table_lookup(call->names, name) : (gchar *)"";
    if (outer)
        return outer;
    outer = keep(inlining, g_strdup_printf("%u/%s", call->number, name));
    g_hash_table_insert(call->names, (gpointer)name, outer);
    return outer;
}

static gchar **outer_names(Inlining *inlining, const Call *call, gchar **names, gsize n)
{
    gchar **outer = keep(inlining, g_new0(gchar *, n + 1));
    for (gsize i = 0; i < n; i++)
        outer[i] = outer_name(inlining, call, names[i]);
    return outer;
}

/* Attributes that stand for those of the call become these; one that the call leaves out is left
 * out as well. */
static void set_attributes(Inlining *inlining, const Call *call, Onnx__NodeProto *node)
{
    Onnx__AttributeProto **attributes =
        keep(inlining, g_new0(Onnx__AttributeProto *, node->n_attribute + 1));
    gsize n = 0;
    for (gsize i = 0; i < node->n_attribute; i++) {
        Onnx__AttributeProto *attribute = node->attribute[i];
        if (attribute->ref_attr_name && *attribute->ref_attr_name) {
            const Onnx__AttributeProto *given =
                hrnet_onnx_attribute(call->node, attribute->ref_attr_name);
            if (!given)
                continue;
            Onnx__AttributeProto *copy = keep(inlining, g_memdup2(given, sizeof *given));
            copy->name = attribute->name;
            attribute = copy;
        }
        attributes[n++] = attribute;
    }
    node->attribute = attributes;
    node->n_attribute = n;
}

static gboolean add_node(Inlining *inlining, Onnx__NodeProto *node, guint depth);

static gboolean add_body(Inlining *inlining, const Call *call, const Onnx__FunctionProto *function,
                         guint depth)
{
    for (gsize i = 0; i < function->n_node; i++) {
        const Onnx__NodeProto *inner = function->node[i];
        const gsize n_names = inner->n_input + inner->n_output;
        guint64 n_bytes =
            sizeof *inner + (n_names + inner->n_attribute) *
                                (ENTRY_BYTES + NAME_BYTES + sizeof(*inner->attribute[0]));
        for (gsize k = 0; k < n_names; k++)
            n_bytes +=
                strlen(k < inner->n_input ? inner->input[k] : inner->output[k - inner->n_input]);
        if (!take(inlining, n_bytes, 1 + n_names + inner->n_attribute))
            return FALSE;
        Onnx__NodeProto *node = keep(inlining, g_memdup2(inner, sizeof *inner));
        node->input = outer_names(inlining, call, inner->input, inner->n_input);
        node->output = outer_names(inlining, call, inner->output, inner->n_output);
        set_attributes(inlining, call, node);
        if (!add_node(inlining, node, depth + 1))
            return FALSE;
    }
    return TRUE;
}

static gboolean add_call(Inlining *inlining, const Onnx__NodeProto *node,
                         const Onnx__FunctionProto *function, guint depth)
{
    if (depth > MOST_DEPTH)
        return hrnet_weights_fail(inlining->error, HRNET_WEIGHTS_ERROR_INVALID, inlining->path,
                                  "functions call each other more than %d levels deep (%s)",
                                  MOST_DEPTH, node->op_type);
    if (node->n_input > function->n_input || node->n_output > function->n_output)
        return hrnet_weights_fail(inlining->error, HRNET_WEIGHTS_ERROR_INVALID, inlining->path,
                                  "function %s is called with more inputs or outputs than it has",
                                  node->op_type);
    if (!take(inlining, (function->n_input + function->n_output) * ENTRY_BYTES,
              1 + function->n_input + function->n_output))
        return FALSE;
    const Call call = { node, hrnet_table_new(NULL, NULL), ++inlining->n_calls };
    for (gsize i = 0; i < function->n_input; i++)
        g_hash_table_insert(call.names, function->input[i],
                            i < node->n_input ? node->input[i] : (gchar *)"");
    for (gsize i = 0; i < node->n_output; i++)
        if (*node->output[i])
            g_hash_table_insert(call.names, function->output[i], node->output[i]);
    const gboolean good = add_body(inlining, &call, function, depth);
    g_hash_table_unref(call.names);
    return good;
}

static gboolean add_node(Inlining *inlining, Onnx__NodeProto *node, guint depth)
{
    g_autofree gchar *key = key_of(node->domain, node->op_type);
    const Onnx__FunctionProto *function = g_hash_table_lookup(inlining->functions, key);
    if (function)
        return add_call(inlining, node, function, depth);
    g_ptr_array_add(inlining->inlined->nodes, node);
    return TRUE;
}

gboolean hrnet_onnx_inline(HrnetOnnxInlined *inlined, const Onnx__ModelProto *model,
                           HrnetBudget *budget, const gchar *path, GError **error)
{
    gboolean good = TRUE;
    inlined->graph = *model->graph;
    inlined->nodes = inlined->made = NULL;
    if (model->n_functions == 0)
        return TRUE;
    inlined->nodes = g_ptr_array_new();
    inlined->made = g_ptr_array_new_with_free_func(g_free);
    Inlining inlining = { inlined, budget, path, hrnet_table_new(g_free, NULL), 0, error };
    good =
        take(&inlining, model->n_functions * ENTRY_BYTES + model->graph->n_node * sizeof(gpointer),
             model->n_functions + model->graph->n_node);
    for (gsize i = 0; good && i < model->n_functions; i++)
        g_hash_table_insert(inlining.functions,
                            key_of(model->functions[i]->domain, model->functions[i]->name),
                            model->functions[i]);
    for (gsize i = 0; good && i < model->graph->n_node; i++)
        good = add_node(&inlining, model->graph->node[i], 0);
    g_hash_table_unref(inlining.functions);
    inlined->graph.node = (Onnx__NodeProto **)inlined->nodes->pdata;
    inlined->graph.n_node = inlined->nodes->len;
    return good;
}

void hrnet_onnx_inlined_clear(HrnetOnnxInlined *inlined)
{
    g_clear_pointer(&inlined->nodes, g_ptr_array_unref);
    g_clear_pointer(&inlined->made, g_ptr_array_unref);
}
