/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/graph.h"

#include "graph/parts.h"

guint hrnet_graph_level_size(guint n, guint level)
{
    for (guint i = 0; i < level; i++)
        n = (n + 1) / 2;
    return n;
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

    b.graph->input = hrnet_graph_add_tensor(&b, config->input_channels, 0);
    const HrnetGraphBranches x = hrnet_graph_add_trunk(&b);
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

gdouble hrnet_graph_node_gmac(const HrnetGraph *graph, const HrnetNode *node, guint height,
                              guint width)
{
    (void)graph;
    if (node->type != HRNET_NODE_CONV)
        return 0;
    const HrnetNodeShape *shape = &node->shape;
    return 1e-9 * shape->in_channels * shape->out_channels * shape->kernel * shape->kernel *
           hrnet_graph_level_size(height, node->mac_level) *
           hrnet_graph_level_size(width, node->mac_level);
}

gdouble hrnet_graph_gmac(const HrnetGraph *graph, guint height, guint width)
{
    gdouble sum = 0;
    for (guint i = 0; i < graph->nodes->len; i++)
        sum += hrnet_graph_node_gmac(graph, hrnet_graph_node(graph, i), height, width);
    return sum;
}
