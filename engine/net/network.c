/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/network.h"

#include "net/tuning.h"
#include "ops/head.h"

#include <string.h>

/* Room for one convolution as the checkpoint has it, kept between layers. */
typedef struct {
    gfloat *weights;
    gsize n_weights;
    gfloat *part; /* the input channels of one node of several */
    gfloat *bias;
} ReadBuffer;

static gsize kernel_area(const HrnetNode *node)
{
    return (gsize)node->shape.kernel * node->shape.kernel;
}

/* Room for the largest convolution of the graph. The sizes were checked against the file's tensors. */
static gboolean read_buffer_init(ReadBuffer *buffer, const HrnetGraph *graph)
{
    gsize n_weights = 0, n_bias = 0;
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        if (node->type != HRNET_NODE_CONV)
            continue;
        n_weights = MAX(n_weights, (gsize)node->shape.out_channels * node->total_channels * kernel_area(node));
        n_bias = MAX(n_bias, node->shape.out_channels);
    }
    buffer->n_weights = n_weights;
    buffer->weights = g_try_new(gfloat, n_weights);
    buffer->part = g_try_new(gfloat, n_weights);
    buffer->bias = g_try_new(gfloat, n_bias);
    return buffer->weights && buffer->part && buffer->bias;
}

static void read_buffer_clear(ReadBuffer *buffer)
{
    g_free(buffer->weights);
    g_free(buffer->part);
    g_free(buffer->bias);
}

/* The node's own input channels out of the convolution's. */
static const gfloat *slice_channels(const HrnetNode *node, ReadBuffer *buffer)
{
    const HrnetConvShape *shape = &node->shape;
    if (shape->in_channels == node->total_channels)
        return buffer->weights;
    const gsize area = kernel_area(node);
    for (guint k = 0; k < shape->out_channels; k++)
        memcpy(buffer->part + k * shape->in_channels * area,
               buffer->weights + (k * (gsize)node->total_channels + node->first_channel) * area,
               shape->in_channels * area * sizeof(gfloat));
    return buffer->part;
}

/* tuning: what AUTO asks first, or NULL. */
static HrnetConv *load_conv(const HrnetNode *node, guint in_level, HrnetWeights *weights, HrnetConvAlgorithm algorithm,
                            const HrnetTuning *tuning, ReadBuffer *buffer, GError **error)
{
    const HrnetConfig *config = hrnet_weights_config(weights);
    const HrnetConvShape *shape = &node->shape;
    if (!hrnet_weights_read_conv(weights, node->name, node->norm, shape->out_channels, node->total_channels,
                                 shape->kernel, buffer->weights, buffer->bias, error))
        return NULL;
    const guint height = hrnet_graph_level_size(config->input_height, in_level);
    const guint width = hrnet_graph_level_size(config->input_width, in_level);
    if (algorithm == HRNET_CONV_AUTO && tuning)
        algorithm = hrnet_tuning_get(tuning, shape, height, width);
    HrnetConv *conv = hrnet_conv_new(shape, slice_channels(node, buffer), node->has_bias ? buffer->bias : NULL,
                                     algorithm, height, width);
    if (!conv)
        g_set_error(error, HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_NO_MEMORY, "no memory for the weights of %s",
                    node->name);
    return conv;
}

HrnetNetwork *hrnet_network_new(HrnetWeights *weights, HrnetConvAlgorithm algorithm, GError **error)
{
    const HrnetConfig *config = hrnet_weights_config(weights);
    HrnetNetwork *network = g_new0(HrnetNetwork, 1);
    ReadBuffer buffer = { 0 };
    HrnetTuning *tuning = hrnet_tuning_wanted() ? hrnet_tuning_load() : NULL;
    network->graph = hrnet_graph_new(config);
    network->convs = g_new0(HrnetConv *, network->graph->nodes->len);
    network->logits_mode = config->align_corners ? HRNET_RESIZE_BILINEAR_ALIGNED : HRNET_RESIZE_BILINEAR;
    network->exchange_mode =
        config->upsample == HRNET_UPSAMPLE_NEAREST ? HRNET_RESIZE_NEAREST : network->logits_mode;

    if (!read_buffer_init(&buffer, network->graph)) {
        g_set_error(error, HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_NO_MEMORY,
                    "no memory to read a convolution of %" G_GSIZE_FORMAT " weights", buffer.n_weights);
        goto error;
    }
    for (guint i = 0; i < network->graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(network->graph, i);
        if (node->type != HRNET_NODE_CONV)
            continue;
        network->convs[i] = load_conv(node, hrnet_graph_tensor(network->graph, node->in)->level, weights, algorithm,
                                      tuning, &buffer, error);
        if (!network->convs[i])
            goto error;
    }
    read_buffer_clear(&buffer);
    hrnet_tuning_free(tuning);
    const guint head = network->graph->head;
    network->fused_head =
        head != HRNET_NO_NODE && hrnet_head_supports(network->convs[head], network->convs[head + 2]);
    return network;

error:
    read_buffer_clear(&buffer);
    hrnet_tuning_free(tuning);
    hrnet_network_free(network);
    return NULL;
}

const gchar *hrnet_network_algorithm_name(const HrnetNetwork *network, guint i)
{
    const guint head = network->graph->head;
    if (network->fused_head && i >= head)
        return i == head ? "head" : "in head";
    if (!network->convs[i])
        return "resize-add";
    return hrnet_conv_algorithm_name(hrnet_conv_algorithm(network->convs[i]));
}

void hrnet_network_free(HrnetNetwork *network)
{
    if (!network)
        return;
    for (guint i = 0; i < network->graph->nodes->len; i++)
        hrnet_conv_free(network->convs[i]);
    g_free(network->convs);
    hrnet_graph_free(network->graph);
    g_free(network);
}
