/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-arithmetic.h"

#include <math.h>
#include <string.h>

#define FLOAT ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT

gboolean hrnet_onnx_apply(const gchar *type, HrnetOnnxArray *array)
{
    static const gchar *const types[] = { "Floor", "Ceil", "Neg", "Sqrt", "Reciprocal" };
    guint op = 0;
    while (op < G_N_ELEMENTS(types) && strcmp(types[op], type) != 0)
        op++;
    for (gsize i = 0; i < array->n; i++) {
        const gdouble x = array->values[i];
        array->values[i] = op == 0   ? floor(x)
                           : op == 1 ? ceil(x)
                           : op == 2 ? -x
                           : op == 3 ? sqrt(x)
                                     : 1 / x;
    }
    return op < G_N_ELEMENTS(types);
}

/* The shape of two arrays broadcast onto each other, and for each of its dimensions how far to go
 * in either. */
static gboolean broadcast(const HrnetOnnxArray *a, const HrnetOnnxArray *b, gint64 *dims,
                          guint *n_dims, gsize steps[2][HRNET_ONNX_MOST_DIMS])
{
    const HrnetOnnxArray *const both[2] = { a, b };
    gsize strides[2] = { 1, 1 };
    *n_dims = MAX(a->n_dims, b->n_dims);
    for (guint back = 1; back <= *n_dims; back++) {
        gint64 sizes[2];
        for (guint k = 0; k < 2; k++) {
            sizes[k] = back <= both[k]->n_dims ? both[k]->dims[both[k]->n_dims - back] : 1;
            steps[k][*n_dims - back] = sizes[k] == 1 ? 0 : strides[k];
            strides[k] *= (gsize)sizes[k];
        }
        if (sizes[0] != sizes[1] && sizes[0] != 1 && sizes[1] != 1)
            return FALSE;
        dims[*n_dims - back] = sizes[0] == 1 ? sizes[1] : sizes[0];
    }
    return TRUE;
}

/* The next element in row-major order: its index, and where it is in arrays of those steps. */
static void advance(const gint64 *dims, guint n_dims, gint64 *index, guint n_arrays,
                    gsize steps[][HRNET_ONNX_MOST_DIMS], gsize *at)
{
    for (guint d = n_dims; d-- > 0;) {
        for (guint k = 0; k < n_arrays; k++)
            at[k] += steps[k][d];
        if (++index[d] < dims[d])
            return;
        for (guint k = 0; k < n_arrays; k++)
            at[k] -= steps[k][d] * (gsize)dims[d];
        index[d] = 0;
    }
}

gboolean hrnet_onnx_combine(HrnetOnnxMaker *maker, const gchar *type, const HrnetOnnxArray *a,
                            const HrnetOnnxArray *b, HrnetOnnxArray *out)
{
    static const gchar *const types[] = { "Add", "Sub", "Mul", "Div", "Min", "Max" };
    const gboolean whole = hrnet_onnx_type_is_whole(a->type);
    gint64 dims[HRNET_ONNX_MOST_DIMS], index[HRNET_ONNX_MOST_DIMS] = { 0 };
    gsize steps[2][HRNET_ONNX_MOST_DIMS], at[2] = { 0, 0 };
    guint n_dims, op = 0;
    while (op < G_N_ELEMENTS(types) && strcmp(types[op], type) != 0)
        op++;
    if (op == G_N_ELEMENTS(types) || !broadcast(a, b, dims, &n_dims, steps) ||
        !hrnet_onnx_array_alloc(maker, out, a->type, dims, n_dims))
        return FALSE;
    for (gsize i = 0; i < out->n; i++) {
        const gdouble x = a->values[at[0]], y = b->values[at[1]];
        const gdouble quotient = y == 0 && whole ? 0 : x / y;
        out->values[i] = op == 0   ? x + y
                         : op == 1 ? x - y
                         : op == 2 ? x * y
                         : op == 3 ? (whole ? trunc(quotient) : quotient)
                         : op == 4 ? fmin(x, y)
                                   : fmax(x, y);
        advance(dims, n_dims, index, 2, steps, at);
    }
    return TRUE;
}

gboolean hrnet_onnx_transpose(HrnetOnnxMaker *maker, const HrnetOnnxArray *in, const gint64 *perm,
                              HrnetOnnxArray *out)
{
    gint64 dims[HRNET_ONNX_MOST_DIMS], index[HRNET_ONNX_MOST_DIMS] = { 0 };
    gsize steps[1][HRNET_ONNX_MOST_DIMS], strides[HRNET_ONNX_MOST_DIMS], stride = 1, at[1] = { 0 };
    guint seen = 0;
    for (guint d = in->n_dims; d-- > 0;) {
        strides[d] = stride;
        stride *= (gsize)in->dims[d];
    }
    for (guint d = 0; d < in->n_dims; d++) {
        const gint64 axis = perm ? perm[d] : (gint64)(in->n_dims - 1 - d);
        if (axis < 0 || axis >= in->n_dims || (seen & 1u << axis))
            return FALSE;
        seen |= 1u << axis;
        dims[d] = in->dims[axis];
        steps[0][d] = strides[axis];
    }
    if (!hrnet_onnx_array_alloc(maker, out, in->type, dims, in->n_dims))
        return FALSE;
    for (gsize i = 0; i < out->n; i++) {
        out->values[i] = in->values[at[0]];
        advance(dims, in->n_dims, index, 1, steps, at);
    }
    return TRUE;
}

gboolean hrnet_onnx_dequantize(HrnetOnnxArray *x, const HrnetOnnxArray *scale,
                               const HrnetOnnxArray *zero, gint64 axis)
{
    const gint64 d = axis < 0 ? axis + x->n_dims : axis;
    const gboolean single = scale->n == 1;
    gsize inner = 1;
    if (zero && zero->n != scale->n && zero->n != 1)
        return FALSE;
    if (!single && (d < 0 || d >= x->n_dims || (gint64)scale->n != x->dims[d]))
        return FALSE;
    for (guint i = (guint)d + 1; !single && i < x->n_dims; i++)
        inner *= (gsize)x->dims[i];
    for (gsize i = 0; i < x->n; i++) {
        const gsize k = single ? 0 : i / inner % scale->n;
        x->values[i] =
            (x->values[i] - (zero ? zero->values[zero->n == 1 ? 0 : k] : 0)) * scale->values[k];
    }
    x->type = FLOAT;
    return TRUE;
}
