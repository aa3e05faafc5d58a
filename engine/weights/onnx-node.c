/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-node.h"

#include <string.h>

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

gint64 hrnet_onnx_equal_numbers(const Onnx__NodeProto *node, const gchar *name, gsize count,
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
