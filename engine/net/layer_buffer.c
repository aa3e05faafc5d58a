/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/layer_buffer.h"

#include <string.h>

static gsize kernel_area(const HrnetNode *node)
{
    return (gsize)node->shape.kernel * node->shape.kernel;
}

/* The sizes were checked against the file's tensors. */
gboolean hrnet_layer_buffer_init(HrnetLayerBuffer *buffer, const HrnetGraph *graph)
{
    gsize n_weights = 0, n_bias = 0;
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        if (node->type != HRNET_NODE_CONV)
            continue;
        n_weights = MAX(n_weights,
                        (gsize)node->shape.out_channels * node->total_channels * kernel_area(node));
        n_bias = MAX(n_bias, node->shape.out_channels);
    }
    buffer->n_weights = n_weights;
    buffer->n_bias = n_bias;
    buffer->weights = g_try_new(gfloat, n_weights);
    buffer->part = g_try_new(gfloat, n_weights);
    buffer->bias = g_try_new(gfloat, n_bias);
    return buffer->weights && buffer->part && buffer->bias;
}

void hrnet_layer_buffer_clear(HrnetLayerBuffer *buffer)
{
    g_free(buffer->weights);
    g_free(buffer->part);
    g_free(buffer->bias);
}

gboolean hrnet_layer_buffer_read(HrnetLayerBuffer *buffer, HrnetWeights *weights,
                                 const HrnetNode *node, GError **error)
{
    return hrnet_weights_read_conv(weights, node->name, node->norm, node->shape.out_channels,
                                   node->total_channels, node->shape.kernel, buffer->weights,
                                   buffer->bias, error);
}

const gfloat *hrnet_layer_buffer_weights(HrnetLayerBuffer *buffer, const HrnetNode *node)
{
    const HrnetNodeShape *shape = &node->shape;
    if (shape->in_channels == node->total_channels)
        return buffer->weights;
    const gsize area = kernel_area(node);
    for (guint k = 0; k < shape->out_channels; k++)
        memcpy(buffer->part + k * shape->in_channels * area,
               buffer->weights + (k * (gsize)node->total_channels + node->first_channel) * area,
               shape->in_channels * area * sizeof(gfloat));
    return buffer->part;
}

const gfloat *hrnet_layer_buffer_bias(const HrnetLayerBuffer *buffer, const HrnetNode *node)
{
    return node->first_channel == 0 ? buffer->bias : NULL;
}
