/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/graph.h"

#include "graph/parts.h"

guint hrnet_graph_level_size(guint n, guint level)
{
    for (guint i = 0; i < level; i++)
        n = (n + 1) / 2;
    return n;
}

void hrnet_graph_tensor_size(const HrnetGraphTensor *tensor, guint height, guint width,
                             guint *tensor_height, guint *tensor_width)
{
    *tensor_height = tensor->n_regions ? 1 : hrnet_graph_level_size(height, tensor->level);
    *tensor_width =
        tensor->n_regions ? tensor->n_regions : hrnet_graph_level_size(width, tensor->level);
}

static void clear_node(gpointer data)
{
    HrnetNode *node = data;
    g_free(node->name);
    g_free(node->norm);
}

HrnetGraph *hrnet_graph_new(const HrnetConfig *config)
{
    HrnetGraphBuilder b = { .graph = g_new0(HrnetGraph, 1), .config = config };
    b.graph->tensors = g_array_new(FALSE, FALSE, sizeof(HrnetGraphTensor));
    b.graph->nodes = g_array_new(FALSE, FALSE, sizeof(HrnetNode));
    g_array_set_clear_func(b.graph->nodes, clear_node);

    b.graph->input =
        hrnet_graph_add_tensor(&b, (HrnetGraphTensor){ .channels = config->input_channels });
    const HrnetGraphBranches x = hrnet_graph_add_trunk(&b);
    b.graph->head = b.graph->context = HRNET_NO_NODE;
    if (config->ocr_channels > 0)
        hrnet_graph_add_ocr(&b, &x);
    else
        hrnet_graph_add_head(&b, &x);
    return b.graph;
}

void hrnet_graph_free(HrnetGraph *graph)
{
    if (!graph)
        return;
    g_array_unref(graph->tensors);
    g_array_unref(graph->nodes);
    g_free(graph);
}

/* Multiply-adds for one element of the result's plane. */
static gdouble element_macs(const HrnetGraph *graph, const HrnetNode *node)
{
    const HrnetNodeShape *shape = &node->shape;
    const gdouble channels = hrnet_graph_tensor(graph, node->out)->channels;
    switch (node->type) {
    case HRNET_NODE_CONV:
        return 1.0 * shape->in_channels * shape->out_channels * shape->kernel * shape->kernel;
    case HRNET_NODE_ATTEND:
        return 2 * channels * hrnet_graph_tensor(graph, node->sources[0])->n_regions;
    default:
        return 0;
    }
}

gdouble hrnet_graph_node_gmac(const HrnetGraph *graph, const HrnetNode *node, guint height,
                              guint width)
{
    const HrnetGraphTensor *out = hrnet_graph_tensor(graph, node->out);
    guint h, w;
    if (node->type == HRNET_NODE_GATHER) {
        hrnet_graph_tensor_size(hrnet_graph_tensor(graph, node->in), height, width, &h, &w);
        return 1e-9 * out->channels * out->n_regions * h * w;
    }
    const HrnetGraphTensor published = { .level = node->mac_level, .n_regions = out->n_regions };
    hrnet_graph_tensor_size(&published, height, width, &h, &w);
    return 1e-9 * element_macs(graph, node) * h * w;
}

gdouble hrnet_graph_gmac(const HrnetGraph *graph, guint height, guint width)
{
    gdouble sum = 0;
    for (guint i = 0; i < graph->nodes->len; i++)
        sum += hrnet_graph_node_gmac(graph, hrnet_graph_node(graph, i), height, width);
    return sum;
}
