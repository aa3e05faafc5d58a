/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/parts.h"

/* Branch i's part, over the concatenation's channels from first_channel on, onto a sum of the parts
 * before or 0, which is none. */
static guint add_part(HrnetGraphBuilder *b, const HrnetGraphMix *mix, guint branch,
                      guint first_channel, guint total_channels, guint sum, gboolean relu)
{
    const guint out = hrnet_graph_add_conv_part(b, g_strdup(mix->conv), g_strdup(mix->norm), branch,
                                                first_channel, total_channels,
                                                (HrnetNodeSpec){ .out_channels = mix->channels,
                                                                 .kernel = mix->kernel,
                                                                 .stride = 1,
                                                                 .relu = relu,
                                                                 .residual = sum });
    g_array_index(b->graph->nodes, HrnetNode, b->graph->nodes->len - 1).mac_level =
        HRNET_STEM_LEVEL;
    return out;
}

/* A 3x3 convolution of the concatenation sees the upsampled branches' neighbours and borders, and
 * so has to run at the highest resolution: a branch after the other, each adding to the sum. */
static guint add_wide_mix(HrnetGraphBuilder *b, const HrnetGraphBranches *x,
                          const HrnetGraphMix *mix, guint total_channels)
{
    guint sum = 0, first_channel = 0;
    for (guint i = 0; i < x->n; i++) {
        const guint branch =
            i ? hrnet_graph_add_resize(b, g_strdup_printf("%s.%u", mix->sum, i), x->tensors[i])
              : x->tensors[i];
        sum = add_part(b, mix, branch, first_channel, total_channels, sum, i + 1 == x->n);
        first_channel += hrnet_graph_channels(b, branch);
    }
    return sum;
}

/* A 1x1 convolution commutes with an interpolation whose weights sum to 1, so every branch's part
 * of it runs at the branch's own resolution and its result is upsampled and summed. */
static guint add_narrow_mix(HrnetGraphBuilder *b, const HrnetGraphBranches *x,
                            const HrnetGraphMix *mix, guint total_channels)
{
    guint parts[HRNET_MAX_BRANCHES] = { 0 };
    guint first_channel = total_channels;
    for (guint i = x->n; i-- > 0;) {
        first_channel -= hrnet_graph_channels(b, x->tensors[i]);
        parts[i] = add_part(b, mix, x->tensors[i], first_channel, total_channels, 0, x->n == 1);
    }
    return x->n > 1 ? hrnet_graph_add_sum(b, g_strdup(mix->sum), parts[0], &parts[1], x->n - 1)
                    : parts[0];
}

guint hrnet_graph_add_mix(HrnetGraphBuilder *b, const HrnetGraphBranches *x,
                          const HrnetGraphMix *mix, guint *head)
{
    guint total_channels = 0;
    for (guint i = 0; i < x->n; i++)
        total_channels += hrnet_graph_channels(b, x->tensors[i]);
    *head = HRNET_NO_NODE;
    if (mix->kernel == 3)
        return add_wide_mix(b, x, mix, total_channels);
    const guint mixed = add_narrow_mix(b, x, mix, total_channels);
    if (x->n > 1)
        *head = b->graph->nodes->len - 2;
    return mixed;
}

/* The concatenation of all branches, a convolution, norm, ReLU, classifier. */
void hrnet_graph_add_head(HrnetGraphBuilder *b, const HrnetGraphBranches *x)
{
    const HrnetConfig *config = b->config;
    const HrnetGraphMix mix = { "last_layer.0", "last_layer.1", "head", config->head_channels,
                                config->head_kernel };
    const guint hidden = hrnet_graph_add_mix(b, x, &mix, &b->graph->head);
    b->graph->logits = hrnet_graph_add_conv(b, g_strdup("last_layer.3"), NULL, hidden,
                                            (HrnetNodeSpec){ .out_channels = config->n_classes,
                                                             .kernel = config->classifier_kernel,
                                                             .stride = 1 });
}
