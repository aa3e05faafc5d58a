/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/builder.h"

guint hrnet_graph_add_tensor(HrnetGraphBuilder *b, HrnetGraphTensor tensor)
{
    g_array_append_val(b->graph->tensors, tensor);
    return b->graph->tensors->len - 1;
}

/* Of another's places, with channels of its own. */
static guint add_like(HrnetGraphBuilder *b, guint tensor, guint channels)
{
    HrnetGraphTensor like = *hrnet_graph_tensor(b->graph, tensor);
    like.channels = channels;
    return hrnet_graph_add_tensor(b, like);
}

guint hrnet_graph_channels(const HrnetGraphBuilder *b, guint tensor)
{
    return hrnet_graph_tensor(b->graph, tensor)->channels;
}

guint hrnet_graph_level(const HrnetGraphBuilder *b, guint tensor)
{
    return hrnet_graph_tensor(b->graph, tensor)->level;
}

void hrnet_graph_begin_group(HrnetGraphBuilder *b)
{
    b->group = ++b->n_groups;
}

void hrnet_graph_end_group(HrnetGraphBuilder *b)
{
    b->group = 0;
}

guint hrnet_graph_add_conv_part(HrnetGraphBuilder *b, gchar *conv_name, gchar *norm_name, guint in,
                                guint first_channel, guint total_channels, HrnetNodeSpec spec)
{
    HrnetGraphTensor out = *hrnet_graph_tensor(b->graph, in);
    out.channels = spec.out_channels;
    out.level += spec.stride == 2;
    const HrnetNode node = {
        .type = HRNET_NODE_CONV,
        .name = conv_name,
        .norm = norm_name,
        .in = in,
        .out = hrnet_graph_add_tensor(b, out),
        .relu = spec.relu,
        .group = b->group,
        .may_overwrite = TRUE,
        .shape = { .in_channels = hrnet_graph_channels(b, in),
                   .out_channels = spec.out_channels,
                   .kernel = spec.kernel,
                   .stride = spec.stride,
                   .padding_same = b->config->padding == HRNET_PADDING_SAME && spec.stride == 2 },
        .residual = spec.residual ? spec.residual : HRNET_NO_TENSOR,
        .first_channel = first_channel,
        .total_channels = total_channels,
        .mac_level = out.level,
    };
    g_array_append_val(b->graph->nodes, node);
    return node.out;
}

guint hrnet_graph_add_conv(HrnetGraphBuilder *b, gchar *conv_name, gchar *norm_name, guint in,
                           HrnetNodeSpec spec)
{
    return hrnet_graph_add_conv_part(b, conv_name, norm_name, in, 0, hrnet_graph_channels(b, in),
                                     spec);
}

guint hrnet_graph_add_sum(HrnetGraphBuilder *b, gchar *name, guint base, const guint *sources,
                          guint n_sources)
{
    HrnetNode node = {
        .type = HRNET_NODE_RESIZE_ADD,
        .name = name,
        .in = base,
        .out = add_like(b, base, hrnet_graph_channels(b, base)),
        .relu = TRUE,
        .may_overwrite = TRUE,
        .residual = HRNET_NO_TENSOR,
        .n_sources = n_sources,
    };
    for (guint i = 0; i < n_sources; i++)
        node.sources[i] = sources[i];
    g_array_append_val(b->graph->nodes, node);
    return node.out;
}

guint hrnet_graph_add_resize(HrnetGraphBuilder *b, gchar *name, guint source)
{
    const HrnetNode node = {
        .type = HRNET_NODE_RESIZE_ADD,
        .name = name,
        .in = HRNET_NO_TENSOR,
        .out = hrnet_graph_add_tensor(
            b, (HrnetGraphTensor){ hrnet_graph_channels(b, source), HRNET_STEM_LEVEL, 0 }),
        .residual = HRNET_NO_TENSOR,
        .sources = { source },
        .n_sources = 1,
    };
    g_array_append_val(b->graph->nodes, node);
    return node.out;
}

guint hrnet_graph_add_gather(HrnetGraphBuilder *b, gchar *name, guint pixels, guint areas)
{
    const HrnetGraphTensor regions = { .channels = hrnet_graph_channels(b, pixels),
                                       .n_regions = hrnet_graph_channels(b, areas) };
    const HrnetNode node = {
        .type = HRNET_NODE_GATHER,
        .name = name,
        .in = pixels,
        .out = hrnet_graph_add_tensor(b, regions),
        .residual = HRNET_NO_TENSOR,
        .sources = { areas },
        .n_sources = 1,
    };
    g_array_append_val(b->graph->nodes, node);
    return node.out;
}

guint hrnet_graph_add_attend(HrnetGraphBuilder *b, gchar *name, guint queries, guint keys,
                             guint values)
{
    const HrnetNode node = {
        .type = HRNET_NODE_ATTEND,
        .name = name,
        .in = queries,
        .out = add_like(b, queries, hrnet_graph_channels(b, values)),
        .residual = HRNET_NO_TENSOR,
        .mac_level = hrnet_graph_level(b, queries),
        .sources = { keys, values },
        .n_sources = 2,
    };
    g_array_append_val(b->graph->nodes, node);
    return node.out;
}

gchar *hrnet_graph_sub(const gchar *prefix, const gchar *name)
{
    return g_strdup_printf("%s.%s", prefix, name);
}
