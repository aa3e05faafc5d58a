/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-tail.h"

#include <string.h>

#include "weights/onnx-node.h"
#include "weights/onnx-resize.h"

/* What a value behind the classifier is. */
typedef enum {
    OUTSIDE,
    LOGITS, /* of all classes, or as the logits are ordered */
    SCORES, /* the same, between 0 and 1 */
    RESULT  /* made of them: labels, one class's scores, the highest of them */
} Meaning;

typedef struct {
    const HrnetOnnxGraph *graph;
    HrnetOnnxTraits *traits;
    GHashTable *meanings; /* value -> Meaning */
    guint n_classes;
    GError **error;
} Tail;

static Meaning meaning_of(const Tail *tail, guint value)
{
    return (Meaning)GPOINTER_TO_UINT(g_hash_table_lookup(tail->meanings, GUINT_TO_POINTER(value)));
}

/* A constant of one number among the inputs. */
static gboolean lone_number(const Tail *tail, const Onnx__NodeProto *node, gdouble *number,
                            guint *input)
{
    for (guint i = 0; i < node->n_input; i++) {
        const Onnx__TensorProto *constant = hrnet_onnx_constant(tail->graph, node, i);
        *input = i;
        if (constant && hrnet_onnx_numbers(constant, number, 1) == 1)
            return TRUE;
    }
    return FALSE;
}

/* Arithmetic with one number for all, which keeps the order of the classes. */
static gboolean keeps_order(const Tail *tail, const HrnetOnnxOp *op)
{
    const gchar *type = op->node->op_type ? op->node->op_type : "";
    gdouble number;
    guint input;
    if (op->node->n_input != 2 || !lone_number(tail, op->node, &number, &input))
        return FALSE;
    if (strcmp(type, "Add") == 0)
        return tail->n_classes > 1;
    if (strcmp(type, "Sub") == 0)
        return tail->n_classes > 1 && input == 1;
    return number > 0 && (strcmp(type, "Mul") == 0 || (strcmp(type, "Div") == 0 && input == 1));
}

/* A threshold that says what the engine does with one class: a logit above 0, a score above 0.5. */
static gboolean is_own_threshold(const Tail *tail, const HrnetOnnxOp *op, Meaning before)
{
    static const gchar *const types[] = { "Greater", "GreaterOrEqual", NULL };
    const gchar *type = op->node->op_type ? op->node->op_type : "";
    gdouble number;
    guint input;
    if (tail->n_classes != 1)
        return FALSE;
    if (strcmp(type, "Round") == 0)
        return before == SCORES;
    return g_strv_contains(types, type) && lone_number(tail, op->node, &number, &input) &&
           input == 1 && number == (before == SCORES ? 0.5 : 0);
}

/* The axes that a Slice cuts, and whether classes are among them. */
static gboolean cuts_classes(const Tail *tail, const Onnx__NodeProto *node, gboolean *single)
{
    const Onnx__AttributeProto *attribute = hrnet_onnx_attribute(node, "axes");
    const Onnx__TensorProto *constants[3];
    gdouble axes[4], starts[4] = { 0 }, ends[4] = { 0 };
    gint n = 0;
    *single = FALSE;
    if (attribute) /* before opset 10 */
        for (n = 0; n < (gint)MIN(attribute->n_ints, 4); n++)
            axes[n] = (gdouble)attribute->ints[n];
    for (guint i = 0; i < 3; i++)
        constants[i] = hrnet_onnx_constant(tail->graph, node, i + 1);
    if (constants[2])
        n = hrnet_onnx_numbers(constants[2], axes, 4);
    if (n <= 0)
        return TRUE;
    const gboolean bounds = constants[0] && constants[1] &&
                            hrnet_onnx_numbers(constants[0], starts, 4) == n &&
                            hrnet_onnx_numbers(constants[1], ends, 4) == n;
    gboolean cuts = FALSE;
    for (gint i = 0; i < n; i++) {
        if (axes[i] != 1 && axes[i] != -3)
            continue;
        cuts = TRUE;
        *single = bounds && (ends[i] - starts[i] == 1 || (starts[i] == -1 && ends[i] > 0));
    }
    return cuts;
}

/* What an op makes of logits or scores; OUTSIDE: something that would change the classes. */
static Meaning meaning_after(const Tail *tail, const HrnetOnnxOp *op, Meaning before)
{
    static const gchar *const same[] = { "Transpose", "Squeeze", "Unsqueeze", "Reshape", "Flatten",
                                         "Cast",      "Resize",  "Upsample",  NULL };
    static const gchar *const scores[] = { "Softmax", "Sigmoid", "HardSigmoid", NULL };
    static const gchar *const results[] = { "ArgMax", "ReduceMax", "TopK", NULL };
    const gchar *type = op->node->op_type ? op->node->op_type : "";
    gboolean single;
    if (g_strv_contains(same, type) || strcmp(type, "LogSoftmax") == 0 || keeps_order(tail, op))
        return before;
    if (g_strv_contains(scores, type))
        return SCORES;
    if (g_strv_contains(results, type) || is_own_threshold(tail, op, before))
        return RESULT;
    if (strcmp(type, "Slice") == 0)
        return !cuts_classes(tail, op->node, &single) ? before : single ? RESULT : OUTSIDE;
    if (strcmp(type, "Gather") == 0) {
        const Onnx__TensorProto *constant = hrnet_onnx_constant(tail->graph, op->node, 1);
        gdouble index;
        return constant && hrnet_onnx_numbers(constant, &index, 1) == 1 ? RESULT : OUTSIDE;
    }
    return OUTSIDE;
}

/* The least that the inputs are: what is made of results alone is one, too. */
static Meaning meaning_before(const Tail *tail, const HrnetOnnxOp *op)
{
    Meaning least = op->n_inputs ? RESULT : OUTSIDE;
    for (guint i = 0; i < op->n_inputs; i++)
        least = MIN(least, meaning_of(tail, op->inputs[i]));
    return least;
}

static gboolean match_op(Tail *tail, HrnetOnnxOp *op)
{
    const Meaning before = meaning_before(tail, op);
    Meaning after = before;
    if (before == OUTSIDE)
        return hrnet_onnx_refuse(tail->error, tail->graph, op->node, "has no place in an HRNetV2");
    if (before != RESULT)
        after = op->n_inputs == 1 ? meaning_after(tail, op, before) : OUTSIDE;
    if (after == OUTSIDE)
        return hrnet_onnx_refuse(tail->error, tail->graph, op->node,
                                 "would change the classes behind the classifier: export the "
                                 "network without it");
    g_hash_table_insert(tail->meanings, GUINT_TO_POINTER(op->output), GUINT_TO_POINTER(after));
    return before == RESULT || op->kind != HRNET_ONNX_RESIZE ||
           !hrnet_onnx_text_is(op->node, "mode", "nearest", "linear") ||
           hrnet_onnx_read_resize(tail->graph, op->node, 0, &tail->traits->logits, tail->error);
}

gboolean hrnet_onnx_match_tail(const HrnetOnnxGraph *graph, guint logits, HrnetOnnxTraits *traits,
                               GError **error)
{
    Tail tail = { graph, traits, g_hash_table_new(g_direct_hash, g_direct_equal),
                  hrnet_onnx_value(graph, logits)->channels, error };
    gboolean good = TRUE;
    g_hash_table_insert(tail.meanings, GUINT_TO_POINTER(logits), GUINT_TO_POINTER(LOGITS));
    for (guint i = 0; good && i < graph->ops->len; i++) { /* in order */
        HrnetOnnxOp *op = hrnet_onnx_op(graph, i);
        good = op->claimed || match_op(&tail, op);
    }
    g_hash_table_unref(tail.meanings);
    return good;
}
