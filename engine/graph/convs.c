/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/convs.h"

#include "graph/graph.h"

gboolean hrnet_config_each_conv(const HrnetConfig *config, HrnetConvFunc func, gpointer data)
{
    HrnetGraph *graph = hrnet_graph_new(config);
    gboolean good = TRUE;
    for (guint i = 0; good && i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        if (!hrnet_node_begins_conv(node))
            continue;
        const HrnetConvSpec spec = {
            .conv = node->name,
            .norm = node->norm,
            .out_channels = node->shape.out_channels,
            .in_channels = node->total_channels,
            .kernel = node->shape.kernel,
            .stride = node->shape.stride,
        };
        good = func(&spec, data);
    }
    hrnet_graph_free(graph);
    return good;
}
