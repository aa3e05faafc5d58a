/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-fold.h"

#include <math.h>
#include <string.h>

#include "weights/onnx-array.h"
#include "weights/onnx-arithmetic.h"
#include "weights/onnx-node.h"

#define TYPE(name)  ONNX__TENSOR_PROTO__DATA_TYPE__##name
#define MOST_INPUTS 8

/* A node and its constants; `tensors` of inputs that are left out: NULL. */
typedef struct {
    HrnetOnnxMaker *maker;
    const Onnx__NodeProto *node;
    const Onnx__TensorProto *tensors[MOST_INPUTS];
    guint n;
} Fold;

/* What a node makes: NULL where it cannot be computed. */
typedef const Onnx__TensorProto *(*FoldFunc)(const Fold *fold);

static gint64 whole_attribute(const Onnx__NodeProto *node, const gchar *name, gint64 otherwise)
{
    const Onnx__AttributeProto *attribute = hrnet_onnx_attribute(node, name);
    return attribute && attribute->has_i ? attribute->i : otherwise;
}

/* Up to HRNET_ONNX_MOST_DIMS whole numbers, of an input or, in older operators, of an attribute; -1
 * where there are none. */
static gint numbers_of(const Fold *fold, guint input, const gchar *attribute_name, gint64 *numbers)
{
    gdouble values[HRNET_ONNX_MOST_DIMS];
    const Onnx__AttributeProto *attribute = hrnet_onnx_attribute(fold->node, attribute_name);
    if (attribute && attribute->n_ints <= HRNET_ONNX_MOST_DIMS) {
        for (gsize i = 0; i < attribute->n_ints; i++)
            numbers[i] = attribute->ints[i];
        return (gint)attribute->n_ints;
    }
    const gint n = input < fold->n && fold->tensors[input]
                       ? hrnet_onnx_numbers(fold->tensors[input], values, HRNET_ONNX_MOST_DIMS)
                       : -1;
    for (gint i = 0; i < n; i++)
        numbers[i] = (gint64)CLAMP(values[i], -9e18, 9e18);
    return n;
}

static const Onnx__TensorProto *keep(const Fold *fold, HrnetOnnxArray *array, gboolean good)
{
    const Onnx__TensorProto *kept = good ? hrnet_onnx_array_keep(fold->maker, array) : NULL;
    hrnet_onnx_array_clear(fold->maker, array);
    return kept;
}

static const Onnx__TensorProto *fold_same(const Fold *fold)
{
    return fold->tensors[0];
}

/* Between kinds of fractions nothing happens that weights would show; to whole numbers is a step of
 * computing sizes. */
static const Onnx__TensorProto *fold_cast(const Fold *fold)
{
    const gint64 to = whole_attribute(fold->node, "to", 0);
    const gint32 type = fold->n > 1 && fold->tensors[1] ? fold->tensors[1]->data_type : (gint32)to;
    const gboolean whole = hrnet_onnx_type_is_whole(type);
    if (hrnet_onnx_type_is_whole(fold->tensors[0]->data_type) == whole)
        return fold->tensors[0];
    HrnetOnnxArray array;
    gboolean good = hrnet_onnx_array_read(fold->maker, fold->tensors[0], &array);
    for (gsize i = 0; good && whole && i < array.n; i++)
        array.values[i] = trunc(array.values[i]);
    array.type = whole ? TYPE(INT64) : TYPE(FLOAT);
    return keep(fold, &array, good);
}

static const Onnx__TensorProto *fold_reshape(const Fold *fold)
{
    const Onnx__TensorProto *tensor = fold->tensors[0];
    gint64 dims[HRNET_ONNX_MOST_DIMS];
    const gint n_dims = numbers_of(fold, 1, "shape", dims);
    gsize n, others = 1;
    gint open = -1;
    if (n_dims < 0 || !hrnet_onnx_count(tensor->dims, (guint)tensor->n_dims, &n))
        return NULL;
    for (gint d = 0; d < n_dims; d++) {
        if (dims[d] == 0 && !whole_attribute(fold->node, "allowzero", 0))
            dims[d] = (gsize)d < tensor->n_dims ? tensor->dims[d] : -2;
        if (dims[d] < -1 || dims[d] > G_MAXINT32 || (dims[d] == -1 && open >= 0))
            return NULL;
        if (dims[d] == -1)
            open = d;
        else if (!hrnet_onnx_count((gint64[]){ (gint64)others, dims[d] }, 2, &others))
            return NULL;
    }
    if (open >= 0)
        dims[open] = others ? (gint64)(n / others) : 0;
    return hrnet_onnx_reshaped(fold->maker, tensor, dims, (guint)n_dims);
}

/* Which dimensions a list of axes names, of n; FALSE where one is out of range. */
static gboolean mark_axes(const gint64 *axes, gint n_axes, guint n, gboolean *marked)
{
    memset(marked, 0, HRNET_ONNX_MOST_DIMS * sizeof *marked);
    for (gint i = 0; i < n_axes; i++) {
        const gint64 axis = axes[i] < 0 ? axes[i] + n : axes[i];
        if (axis < 0 || axis >= n || marked[axis])
            return FALSE;
        marked[axis] = TRUE;
    }
    return TRUE;
}

static const Onnx__TensorProto *fold_unsqueeze(const Fold *fold)
{
    const Onnx__TensorProto *tensor = fold->tensors[0];
    gint64 axes[HRNET_ONNX_MOST_DIMS], dims[HRNET_ONNX_MOST_DIMS];
    gboolean marked[HRNET_ONNX_MOST_DIMS];
    const gint n_axes = numbers_of(fold, 1, "axes", axes);
    const gsize n_dims = tensor->n_dims + (gsize)MAX(n_axes, 0);
    if (n_axes < 0 || n_dims > HRNET_ONNX_MOST_DIMS ||
        !mark_axes(axes, n_axes, (guint)n_dims, marked))
        return NULL;
    for (gsize d = 0, from = 0; d < n_dims; d++)
        dims[d] = marked[d] ? 1 : tensor->dims[from++];
    return hrnet_onnx_reshaped(fold->maker, tensor, dims, (guint)n_dims);
}

static const Onnx__TensorProto *fold_squeeze(const Fold *fold)
{
    const Onnx__TensorProto *tensor = fold->tensors[0];
    gint64 axes[HRNET_ONNX_MOST_DIMS], dims[HRNET_ONNX_MOST_DIMS];
    gboolean marked[HRNET_ONNX_MOST_DIMS];
    const gint n_axes = numbers_of(fold, 1, "axes", axes);
    guint n_dims = 0;
    if (tensor->n_dims > HRNET_ONNX_MOST_DIMS ||
        !mark_axes(axes, n_axes, (guint)tensor->n_dims, marked))
        return NULL;
    for (gsize d = 0; d < tensor->n_dims; d++)
        if (n_axes < 0 ? tensor->dims[d] != 1 : !marked[d])
            dims[n_dims++] = tensor->dims[d];
    return hrnet_onnx_reshaped(fold->maker, tensor, dims, n_dims);
}

static const Onnx__TensorProto *fold_unary(const Fold *fold)
{
    HrnetOnnxArray array;
    gboolean good = hrnet_onnx_array_read(fold->maker, fold->tensors[0], &array) &&
                    hrnet_onnx_apply(fold->node->op_type, &array);
    return keep(fold, &array, good);
}

/* Of two constants. */
static const Onnx__TensorProto *fold_pair(const Fold *fold)
{
    HrnetOnnxArray a = { 0 }, b = { 0 }, out = { 0 };
    gboolean good = fold->n == 2 && fold->tensors[1] &&
                    hrnet_onnx_array_read(fold->maker, fold->tensors[0], &a) &&
                    hrnet_onnx_array_read(fold->maker, fold->tensors[1], &b) &&
                    hrnet_onnx_combine(fold->maker, fold->node->op_type, &a, &b, &out);
    hrnet_onnx_array_clear(fold->maker, &a);
    hrnet_onnx_array_clear(fold->maker, &b);
    return keep(fold, &out, good);
}

/* Onto a larger shape, by the rules of arithmetic: with zeros. */
static const Onnx__TensorProto *fold_expand(const Fold *fold)
{
    HrnetOnnxArray a = { 0 }, zeros = { 0 }, out = { 0 };
    gint64 dims[HRNET_ONNX_MOST_DIMS];
    const gint n_dims = numbers_of(fold, 1, "shape", dims);
    gboolean good = n_dims >= 0 && hrnet_onnx_array_read(fold->maker, fold->tensors[0], &a) &&
                    hrnet_onnx_array_alloc(fold->maker, &zeros, a.type, dims, (guint)n_dims) &&
                    hrnet_onnx_combine(fold->maker, "Add", &a, &zeros, &out);
    hrnet_onnx_array_clear(fold->maker, &a);
    hrnet_onnx_array_clear(fold->maker, &zeros);
    return keep(fold, &out, good);
}

static const Onnx__TensorProto *fold_filled(const Fold *fold)
{
    const Onnx__AttributeProto *value = hrnet_onnx_attribute(fold->node, "value");
    HrnetOnnxArray array = { 0 };
    gint64 dims[HRNET_ONNX_MOST_DIMS];
    gdouble filling = 0;
    const gint n_dims = numbers_of(fold, 0, "shape", dims);
    gboolean good =
        n_dims >= 0 && (!value || (value->t && hrnet_onnx_numbers(value->t, &filling, 1) == 1)) &&
        hrnet_onnx_array_alloc(fold->maker, &array, value ? value->t->data_type : TYPE(FLOAT), dims,
                               (guint)n_dims);
    for (gsize i = 0; good && i < array.n; i++)
        array.values[i] = filling;
    return keep(fold, &array, good);
}

static const Onnx__TensorProto *fold_transpose(const Fold *fold)
{
    const Onnx__AttributeProto *perm = hrnet_onnx_attribute(fold->node, "perm");
    HrnetOnnxArray in = { 0 }, out = { 0 };
    gboolean good = hrnet_onnx_array_read(fold->maker, fold->tensors[0], &in) &&
                    (!perm || perm->n_ints == in.n_dims) &&
                    hrnet_onnx_transpose(fold->maker, &in, perm ? perm->ints : NULL, &out);
    hrnet_onnx_array_clear(fold->maker, &in);
    return keep(fold, &out, good);
}

/* (x - zero) * scale, one of both for all or for each index of an axis. */
static const Onnx__TensorProto *fold_dequantize(const Fold *fold)
{
    HrnetOnnxArray x = { 0 }, scale = { 0 }, zero = { 0 };
    const gint64 given = whole_attribute(fold->node, "axis", 1);
    gboolean good = fold->n >= 2 && fold->tensors[1] &&
                    !whole_attribute(fold->node, "block_size", 0) &&
                    hrnet_onnx_array_read(fold->maker, fold->tensors[0], &x) &&
                    hrnet_onnx_array_read(fold->maker, fold->tensors[1], &scale) &&
                    (fold->n < 3 || !fold->tensors[2] ||
                     hrnet_onnx_array_read(fold->maker, fold->tensors[2], &zero)) &&
                    hrnet_onnx_dequantize(&x, &scale, zero.values ? &zero : NULL, given);
    hrnet_onnx_array_clear(fold->maker, &scale);
    hrnet_onnx_array_clear(fold->maker, &zero);
    return keep(fold, &x, good);
}

void hrnet_onnx_shape_range(const Onnx__NodeProto *node, guint n_dims, guint *start, guint *end)
{
    gint64 from = whole_attribute(node, "start", 0), to = whole_attribute(node, "end", n_dims);
    from = from < 0 ? from + n_dims : from;
    to = to < 0 ? to + n_dims : to;
    *start = (guint)CLAMP(from, 0, n_dims);
    *end = (guint)CLAMP(to, *start, n_dims);
}

static const Onnx__TensorProto *keep_numbers(const Fold *fold, const gint64 *numbers, guint n)
{
    HrnetOnnxArray array;
    const gboolean good =
        hrnet_onnx_array_alloc(fold->maker, &array, TYPE(INT64), (gint64[]){ n }, 1);
    for (guint i = 0; good && i < n; i++)
        array.values[i] = (gdouble)numbers[i];
    return keep(fold, &array, good);
}

static const Onnx__TensorProto *fold_shape(const Fold *fold)
{
    const Onnx__TensorProto *tensor = fold->tensors[0];
    guint start, end;
    if (tensor->n_dims > HRNET_ONNX_MOST_DIMS)
        return NULL;
    hrnet_onnx_shape_range(fold->node, (guint)tensor->n_dims, &start, &end);
    return keep_numbers(fold, start < end ? tensor->dims + start : NULL, end - start);
}

/* Of one dimension. */
static const Onnx__TensorProto *fold_gather(const Fold *fold)
{
    HrnetOnnxArray data = { 0 }, indices = { 0 };
    gboolean good = fold->n == 2 && fold->tensors[1] && fold->tensors[0]->n_dims == 1 &&
                    whole_attribute(fold->node, "axis", 0) <= 0 &&
                    hrnet_onnx_array_read(fold->maker, fold->tensors[0], &data) &&
                    hrnet_onnx_array_read(fold->maker, fold->tensors[1], &indices);
    for (gsize i = 0; good && i < indices.n; i++) {
        const gdouble n = (gdouble)data.n;
        const gdouble index = indices.values[i] < 0 ? indices.values[i] + n : indices.values[i];
        good = index >= 0 && index < n;
        indices.values[i] = good ? data.values[(gsize)index] : 0;
    }
    indices.type = data.type;
    hrnet_onnx_array_clear(fold->maker, &data);
    return keep(fold, &indices, good);
}

/* Of one dimension, forwards. */
static const Onnx__TensorProto *fold_slice(const Fold *fold)
{
    gint64 start[HRNET_ONNX_MOST_DIMS], end[HRNET_ONNX_MOST_DIMS],
        step[HRNET_ONNX_MOST_DIMS] = { 1 };
    HrnetOnnxArray array = { 0 };
    gboolean good = fold->tensors[0]->n_dims == 1 && numbers_of(fold, 1, "starts", start) == 1 &&
                    numbers_of(fold, 2, "ends", end) == 1 && numbers_of(fold, 4, "steps", step) &&
                    step[0] > 0 && hrnet_onnx_array_read(fold->maker, fold->tensors[0], &array);
    if (good) {
        const gint64 n = (gint64)array.n;
        const gint64 from = CLAMP(start[0] < 0 ? start[0] + n : start[0], 0, n);
        const gint64 to = CLAMP(end[0] < 0 ? end[0] + n : end[0], from, n);
        gsize kept = 0;
        for (gint64 i = from; i < to; i += MIN(step[0], n))
            array.values[kept++] = array.values[i];
        array.dims[0] = (gint64)kept;
        hrnet_budget_give_back(fold->maker->budget, (array.n - kept) * sizeof(gdouble));
        array.n = kept;
    }
    return keep(fold, &array, good);
}

/* Of one dimension each. */
static const Onnx__TensorProto *fold_concat(const Fold *fold)
{
    HrnetOnnxArray out = { 0 }, part = { 0 };
    gint64 n = 0;
    gsize at = 0;
    gboolean good = whole_attribute(fold->node, "axis", 0) <= 0;
    for (guint i = 0; good && i < fold->n; i++) {
        good = fold->tensors[i] && fold->tensors[i]->n_dims == 1 &&
               fold->tensors[i]->dims[0] >= 0 && fold->tensors[i]->dims[0] <= G_MAXINT32;
        n += good ? fold->tensors[i]->dims[0] : 0;
    }
    good = good && hrnet_onnx_array_alloc(fold->maker, &out, fold->tensors[0]->data_type, &n, 1);
    for (guint i = 0; good && i < fold->n; i++) {
        good = hrnet_onnx_array_read(fold->maker, fold->tensors[i], &part);
        for (gsize k = 0; good && k < part.n; k++)
            out.values[at++] = part.values[k];
        hrnet_onnx_array_clear(fold->maker, &part);
    }
    return keep(fold, &out, good);
}

static const Onnx__TensorProto *fold_constant(const Fold *fold)
{
    const Onnx__AttributeProto *value = hrnet_onnx_attribute(fold->node, "value");
    const Onnx__AttributeProto *one = hrnet_onnx_attribute(fold->node, "value_float");
    const Onnx__AttributeProto *whole = hrnet_onnx_attribute(fold->node, "value_int");
    const Onnx__AttributeProto *floats = hrnet_onnx_attribute(fold->node, "value_floats");
    const Onnx__AttributeProto *ints = hrnet_onnx_attribute(fold->node, "value_ints");
    if (value)
        return value->t;
    HrnetOnnxArray array = { 0 };
    const gint64 n = floats ? (gint64)floats->n_floats : ints ? (gint64)ints->n_ints : 1;
    gboolean good =
        (one || whole || floats || ints) &&
        hrnet_onnx_array_alloc(fold->maker, &array, one || floats ? TYPE(FLOAT) : TYPE(INT64), &n,
                               one || whole ? 0 : 1);
    for (gsize i = 0; good && i < array.n; i++)
        array.values[i] = one      ? one->f
                          : whole  ? (gdouble)whole->i
                          : floats ? floats->floats[i]
                                   : (gdouble)ints->ints[i];
    return keep(fold, &array, good);
}

static FoldFunc find_func(const gchar *type)
{
    static const struct {
        const gchar *type;
        FoldFunc func;
    } funcs[] = {
        { "Constant", fold_constant },
        { "Identity", fold_same },
        { "Dropout", fold_same },
        { "Cast", fold_cast },
        { "CastLike", fold_cast },
        { "Reshape", fold_reshape },
        { "Unsqueeze", fold_unsqueeze },
        { "Squeeze", fold_squeeze },
        { "Transpose", fold_transpose },
        { "DequantizeLinear", fold_dequantize },
        { "Expand", fold_expand },
        { "ConstantOfShape", fold_filled },
        { "Shape", fold_shape },
        { "Gather", fold_gather },
        { "Slice", fold_slice },
        { "Concat", fold_concat },
        { "Add", fold_pair },
        { "Sub", fold_pair },
        { "Mul", fold_pair },
        { "Div", fold_pair },
        { "Min", fold_pair },
        { "Max", fold_pair },
        { "Floor", fold_unary },
        { "Ceil", fold_unary },
        { "Neg", fold_unary },
        { "Sqrt", fold_unary },
        { "Reciprocal", fold_unary },
    };
    for (guint i = 0; i < G_N_ELEMENTS(funcs); i++)
        if (strcmp(funcs[i].type, type) == 0)
            return funcs[i].func;
    return NULL;
}

static gboolean note(HrnetOnnxBuild *build, const Onnx__NodeProto *node,
                     const Onnx__TensorProto *tensor)
{
    if (build->maker->budget->trouble)
        return hrnet_budget_fail(build->maker->budget, build->graph->path, build->error);
    if (tensor)
        g_hash_table_insert(build->graph->constants, node->output[0], (gpointer)tensor);
    return TRUE;
}

gboolean hrnet_onnx_fold(HrnetOnnxBuild *build, const Onnx__NodeProto *node)
{
    Fold fold = { .maker = build->maker, .node = node, .n = (guint)node->n_input };
    const FoldFunc func = find_func(node->op_type ? node->op_type : "");
    if (!func || node->n_output == 0 || node->n_input > MOST_INPUTS)
        return TRUE;
    for (guint i = 0; i < fold.n; i++) {
        fold.tensors[i] = hrnet_onnx_constant(build->graph, node, i);
        if (!fold.tensors[i] && (i == 0 || *node->input[i]))
            return TRUE;
    }
    if (fold.n == 0 && func != fold_constant)
        return TRUE;
    return note(build, node, func(&fold));
}

gboolean hrnet_onnx_note_numbers(HrnetOnnxBuild *build, const Onnx__NodeProto *node,
                                 const gint64 *numbers, guint n)
{
    const Fold fold = { .maker = build->maker, .node = node };
    return node->n_output == 0 || note(build, node, keep_numbers(&fold, numbers, n));
}
