/* Constants of an ONNX graph as arrays of numbers, to compute with.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_ARRAY_H
#define HRNET_WEIGHTS_ONNX_ARRAY_H

#include "weights/onnx.pb-c.h"
#include "weights/budget.h"

#define HRNET_ONNX_MOST_DIMS 8

/* Row-major. */
typedef struct {
    gint32 type; /* ONNX__TENSOR_PROTO__DATA_TYPE__... */
    guint n_dims;
    gint64 dims[HRNET_ONNX_MOST_DIMS];
    gsize n;
    gdouble *values;
} HrnetOnnxArray;

/* Copies the bytes of a tensor whose data lie in another file. */
typedef gboolean (*HrnetOnnxLoad)(gpointer data, const Onnx__TensorProto *tensor, void *out,
                                  gsize n_bytes);

/* Makes tensors of others, and keeps them. */
typedef struct {
    HrnetBudget *budget;
    HrnetOnnxLoad load;
    gpointer data;   /* of load() */
    GPtrArray *made; /* Onnx__TensorProto * */
    guint64 made_bytes;
} HrnetOnnxMaker;

void hrnet_onnx_maker_init(HrnetOnnxMaker *maker, HrnetBudget *budget, HrnetOnnxLoad load,
                           gpointer data);
void hrnet_onnx_maker_clear(HrnetOnnxMaker *maker);

/* Bytes of one element of a type whose elements are numbers of whole bytes; else 0. */
gsize hrnet_onnx_type_size(gint32 type);
/* Whether its elements are whole numbers, as far as they can be read. */
gboolean hrnet_onnx_type_is_whole(gint32 type);

/* Counts the elements of dims; FALSE where a size is negative or there are too many. */
gboolean hrnet_onnx_count(const gint64 *dims, guint n_dims, gsize *n);

/* These give FALSE where the type is none of numbers, the data are not what the sizes say, the
 * budget is overdrawn (see its `trouble`) or there is no memory. An array is cleared afterwards,
 * on failure as well. */
gboolean hrnet_onnx_array_read(HrnetOnnxMaker *maker, const Onnx__TensorProto *tensor,
                               HrnetOnnxArray *array);
gboolean hrnet_onnx_array_alloc(HrnetOnnxMaker *maker, HrnetOnnxArray *array, gint32 type,
                                const gint64 *dims, guint n_dims);
void hrnet_onnx_array_clear(HrnetOnnxMaker *maker, HrnetOnnxArray *array);

/* The array as a tensor of INT64 or FLOAT, or NULL. */
const Onnx__TensorProto *hrnet_onnx_array_keep(HrnetOnnxMaker *maker, const HrnetOnnxArray *array);
/* The same elements in another shape, with no copy; or NULL. */
const Onnx__TensorProto *hrnet_onnx_reshaped(HrnetOnnxMaker *maker, const Onnx__TensorProto *tensor,
                                             const gint64 *dims, guint n_dims);

#endif
