/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-array.h"

#include <string.h>

#include "weights/halves.h"

#define TYPE(name)      ONNX__TENSOR_PROTO__DATA_TYPE__##name
#define MOST_ELEMENTS   (G_GUINT64_CONSTANT(1) << 31)
#define TENSOR_BYTES    (sizeof(Made) + 64)
#define ELEMENTS_A_STEP 8

/* A tensor that is computed; its sizes lie in it, its data may be another one's. */
typedef struct {
    Onnx__TensorProto tensor;
    gint64 dims[HRNET_ONNX_MOST_DIMS];
    guint8 *owned;
} Made;

static void made_free(gpointer data)
{
    Made *made = data;
    g_free(made->owned);
    g_free(made);
}

void hrnet_onnx_maker_init(HrnetOnnxMaker *maker, HrnetBudget *budget, HrnetOnnxLoad load,
                           gpointer data)
{
    *maker = (HrnetOnnxMaker){ budget, load, data, g_ptr_array_new_with_free_func(made_free), 0 };
}

void hrnet_onnx_maker_clear(HrnetOnnxMaker *maker)
{
    g_clear_pointer(&maker->made, g_ptr_array_unref);
}

gsize hrnet_onnx_type_size(gint32 type)
{
    switch (type) {
    case TYPE(BOOL):
    case TYPE(INT8):
    case TYPE(UINT8):
        return 1;
    case TYPE(INT16):
    case TYPE(UINT16):
    case TYPE(FLOAT16):
    case TYPE(BFLOAT16):
        return 2;
    case TYPE(INT32):
    case TYPE(FLOAT):
        return 4;
    case TYPE(INT64):
    case TYPE(DOUBLE):
        return 8;
    default:
        return 0;
    }
}

gboolean hrnet_onnx_type_is_whole(gint32 type)
{
    return hrnet_onnx_type_size(type) > 0 && type != TYPE(FLOAT16) && type != TYPE(BFLOAT16) &&
           type != TYPE(FLOAT) && type != TYPE(DOUBLE);
}

gboolean hrnet_onnx_count(const gint64 *dims, guint n_dims, gsize *n)
{
    *n = 1;
    for (guint d = 0; d < n_dims; d++) {
        if (dims[d] < 0 || (*n > 0 && (guint64)dims[d] > MOST_ELEMENTS / *n))
            return FALSE;
        *n *= (gsize)dims[d];
    }
    return TRUE;
}

gboolean hrnet_onnx_array_alloc(HrnetOnnxMaker *maker, HrnetOnnxArray *array, gint32 type,
                                const gint64 *dims, guint n_dims)
{
    *array = (HrnetOnnxArray){ .type = type, .n_dims = n_dims };
    if (n_dims > HRNET_ONNX_MOST_DIMS || !hrnet_onnx_count(dims, n_dims, &array->n) ||
        !hrnet_budget_take(maker->budget, array->n * sizeof(gdouble),
                           1 + array->n / ELEMENTS_A_STEP))
        return FALSE;
    for (guint d = 0; d < n_dims; d++)
        array->dims[d] = dims[d];
    array->values = g_try_new0(gdouble, array->n + 1);
    if (!array->values)
        hrnet_budget_give_back(maker->budget, array->n * sizeof(gdouble));
    return array->values != NULL;
}

void hrnet_onnx_array_clear(HrnetOnnxMaker *maker, HrnetOnnxArray *array)
{
    if (array->values)
        hrnet_budget_give_back(maker->budget, array->n * sizeof(gdouble));
    g_clear_pointer(&array->values, g_free);
}

/* One element of the bytes that raw_data, or a file beside, holds. */
static gdouble element(gint32 type, const guint8 *bytes)
{
    gint16 i16;
    guint16 u16;
    gint32 i32;
    gint64 i64;
    gfloat f32;
    gdouble f64;
    switch (type) {
    case TYPE(INT8):
        return (gint8)*bytes;
    case TYPE(INT16):
        memcpy(&i16, bytes, sizeof i16);
        return i16;
    case TYPE(UINT16):
        memcpy(&u16, bytes, sizeof u16);
        return u16;
    case TYPE(FLOAT16):
        memcpy(&u16, bytes, sizeof u16);
        hrnet_f16_to_f32(&u16, 1, &f32);
        return f32;
    case TYPE(BFLOAT16):
        memcpy(&u16, bytes, sizeof u16);
        hrnet_bf16_to_f32(&u16, 1, &f32);
        return f32;
    case TYPE(INT32):
        memcpy(&i32, bytes, sizeof i32);
        return i32;
    case TYPE(INT64):
        memcpy(&i64, bytes, sizeof i64);
        return (gdouble)i64;
    case TYPE(FLOAT):
        memcpy(&f32, bytes, sizeof f32);
        return f32;
    case TYPE(DOUBLE):
        memcpy(&f64, bytes, sizeof f64);
        return f64;
    default: /* BOOL, UINT8 */
        return *bytes;
    }
}

/* The elements that stand one by one in a list of their type. */
static gboolean read_listed(const Onnx__TensorProto *tensor, HrnetOnnxArray *array)
{
    const gint32 type = tensor->data_type;
    const gsize available = type == TYPE(FLOAT)    ? tensor->n_float_data
                            : type == TYPE(DOUBLE) ? tensor->n_double_data
                            : type == TYPE(INT64)  ? tensor->n_int64_data
                                                   : tensor->n_int32_data;
    if (available != array->n)
        return FALSE;
    for (gsize i = 0; i < array->n; i++) {
        if (type == TYPE(FLOAT)) {
            array->values[i] = tensor->float_data[i];
        } else if (type == TYPE(DOUBLE)) {
            array->values[i] = tensor->double_data[i];
        } else if (type == TYPE(INT64)) {
            array->values[i] = (gdouble)tensor->int64_data[i];
        } else if (type == TYPE(FLOAT16) || type == TYPE(BFLOAT16)) {
            const guint16 half = (guint16)tensor->int32_data[i];
            array->values[i] = element(type, (const guint8 *)&half);
        } else {
            array->values[i] = tensor->int32_data[i];
        }
    }
    return TRUE;
}

gboolean hrnet_onnx_array_read(HrnetOnnxMaker *maker, const Onnx__TensorProto *tensor,
                               HrnetOnnxArray *array)
{
    const gsize size = hrnet_onnx_type_size(tensor->data_type);
    array->values = NULL;
    if (!size || tensor->n_dims > HRNET_ONNX_MOST_DIMS ||
        !hrnet_onnx_array_alloc(maker, array, tensor->data_type, tensor->dims,
                                (guint)tensor->n_dims))
        return FALSE;
    const gboolean elsewhere = tensor->has_data_location &&
                               tensor->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    if (!elsewhere && !tensor->has_raw_data)
        return read_listed(tensor, array);
    const guint8 *bytes = tensor->raw_data.data;
    g_autofree guint8 *loaded = NULL;
    if (elsewhere) {
        loaded = g_try_malloc(array->n * size + 1);
        if (!loaded || !maker->load(maker->data, tensor, loaded, array->n * size))
            return FALSE;
        bytes = loaded;
    } else if (tensor->raw_data.len != array->n * size) {
        return FALSE;
    }
    for (gsize i = 0; i < array->n; i++)
        array->values[i] = element(tensor->data_type, bytes + i * size);
    return TRUE;
}

static Made *made_new(HrnetOnnxMaker *maker, gint32 type, const gint64 *dims, guint n_dims)
{
    if (n_dims > HRNET_ONNX_MOST_DIMS || !hrnet_budget_take(maker->budget, TENSOR_BYTES, 1))
        return NULL;
    Made *made = g_new0(Made, 1);
    onnx__tensor_proto__init(&made->tensor);
    for (guint d = 0; d < n_dims; d++)
        made->dims[d] = dims[d];
    made->tensor.dims = made->dims;
    made->tensor.n_dims = n_dims;
    made->tensor.has_data_type = TRUE;
    made->tensor.data_type = type;
    g_ptr_array_add(maker->made, made);
    return made;
}

const Onnx__TensorProto *hrnet_onnx_array_keep(HrnetOnnxMaker *maker, const HrnetOnnxArray *array)
{
    const gboolean whole = hrnet_onnx_type_is_whole(array->type);
    const gsize size = whole ? sizeof(gint64) : sizeof(gfloat);
    if (!hrnet_budget_take(maker->budget, array->n * size, array->n / ELEMENTS_A_STEP))
        return NULL;
    Made *made = made_new(maker, whole ? TYPE(INT64) : TYPE(FLOAT), array->dims, array->n_dims);
    if (!made)
        return NULL;
    made->owned = g_try_malloc(array->n * size + 1);
    if (!made->owned)
        return NULL;
    maker->made_bytes += array->n * size;
    for (gsize i = 0; i < array->n; i++) {
        const gdouble value = array->values[i];
        const gint64 number = value >= 9.2e18   ? G_MAXINT64
                              : value > -9.2e18 ? (gint64)value
                                                : G_MININT64;
        const gfloat single = (gfloat)value;
        memcpy(made->owned + i * size, whole ? (const void *)&number : (const void *)&single, size);
    }
    made->tensor.has_raw_data = TRUE;
    made->tensor.raw_data.data = made->owned;
    made->tensor.raw_data.len = array->n * size;
    return &made->tensor;
}

const Onnx__TensorProto *hrnet_onnx_reshaped(HrnetOnnxMaker *maker, const Onnx__TensorProto *tensor,
                                             const gint64 *dims, guint n_dims)
{
    gsize before, after;
    if (!hrnet_onnx_count(tensor->dims, (guint)tensor->n_dims, &before) ||
        !hrnet_onnx_count(dims, n_dims, &after) || before != after)
        return NULL;
    Made *made = made_new(maker, tensor->data_type, dims, n_dims);
    if (!made)
        return NULL;
    gint64 *own_dims = made->tensor.dims;
    made->tensor = *tensor;
    made->tensor.dims = own_dims;
    made->tensor.n_dims = n_dims;
    return &made->tensor;
}
