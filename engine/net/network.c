/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/network.h"

#include "base/memory.h"
#include "net/bands.h"
#include "net/tuning.h"
#include "ops/context.h"
#include "ops/head.h"
#include "ops/int8_head.h"

#include <string.h>

static HrnetResizeMode resize_mode(HrnetUpsample upsample, gboolean align_corners)
{
    if (upsample == HRNET_UPSAMPLE_NEAREST)
        return HRNET_RESIZE_NEAREST;
    return align_corners ? HRNET_RESIZE_BILINEAR_ALIGNED : HRNET_RESIZE_BILINEAR;
}

/* convs: of the nodes that would run as one, NULL where a node is none. */
static gboolean supports_context(HrnetConv *const *convs)
{
    for (guint i = 0; i < HRNET_CONTEXT_NODES; i++)
        if (convs[i] && !hrnet_context_supports(convs[i]))
            return FALSE;
    return TRUE;
}

/* All but the layers. */
static HrnetNetwork *network_new(const HrnetConfig *config)
{
    HrnetNetwork *network = g_new0(HrnetNetwork, 1);
    network->graph = hrnet_graph_new(config);
    network->convs = g_new0(HrnetConv *, network->graph->nodes->len);
    network->logits_mode = resize_mode(HRNET_UPSAMPLE_BILINEAR, config->logits_align);
    network->exchange_mode = resize_mode(config->exchange_upsample, config->exchange_align);
    network->exchange_twice = config->exchange_twice;
    network->head_mode = resize_mode(config->head_upsample, config->head_align);
    return network;
}

HrnetNetwork *hrnet_network_new(HrnetWeights *weights, HrnetConvAlgorithm algorithm, GError **error)
{
    HrnetNetwork *network = network_new(hrnet_weights_config(weights));
    HrnetTuning *tuning = hrnet_tuning_wanted() ? hrnet_tuning_load() : NULL;
    const gboolean good =
        hrnet_loading_run(network->graph, weights, algorithm, tuning, network->convs,
                          &network->packed, &network->fingerprint, error);
    hrnet_tuning_free(tuning);
    if (!good) {
        hrnet_network_free(network);
        return NULL;
    }
    network->bands = hrnet_bands_find(network);
    const guint head = network->graph->head, context = network->graph->context;
    network->fused_head = head != HRNET_NO_NODE &&
                          hrnet_head_supports(network->convs[head], network->convs[head + 2]);
    network->fused_context = context != HRNET_NO_NODE && supports_context(&network->convs[context]);
    return network;
}

gboolean hrnet_network_is_fused(const HrnetNetwork *network, guint i)
{
    const HrnetGraph *graph = network->graph;
    return (network->fused_head && i >= graph->head && i < graph->head + HRNET_HEAD_NODES) ||
           (network->fused_context && i >= graph->context &&
            i < graph->context + HRNET_CONTEXT_NODES);
}

HrnetNetwork *hrnet_network_new_int8(HrnetWeights *weights, GError **error)
{
    HrnetNetwork *network = network_new(hrnet_weights_config(weights));
    network->int8 = hrnet_int8_network_new(network->graph, weights, &network->fingerprint, error);
    if (!network->int8) {
        hrnet_network_free(network);
        return NULL;
    }
    network->bands = hrnet_bands_find(network);
    const guint head = network->graph->head;
    network->fused_head =
        head != HRNET_NO_NODE &&
        hrnet_int8_head_supports(network->int8->layers[head], network->int8->layers[head + 2]);
    return network;
}

/* The head's upsampling is named after the head. */
HrnetResizeMode hrnet_network_resize_mode(const HrnetNetwork *network, const HrnetNode *node)
{
    return hrnet_node_is_exchange(node) ? network->exchange_mode : network->head_mode;
}

gsize hrnet_network_packed_bytes(const HrnetNetwork *network)
{
    return network->int8 ? network->int8->n_bytes : network->packed.n_bytes;
}

gboolean hrnet_network_equal(const HrnetNetwork *a, const HrnetNetwork *b)
{
    if (a->graph->nodes->len != b->graph->nodes->len || !a->int8 != !b->int8)
        return FALSE;
    if (a->int8)
        return hrnet_int8_network_equal(a->int8, b->int8);
    for (guint i = 0; i < a->graph->nodes->len; i++)
        if (!a->convs[i] != !b->convs[i] ||
            (a->convs[i] && !hrnet_conv_equal(a->convs[i], b->convs[i])))
            return FALSE;
    return TRUE;
}

void hrnet_network_free(HrnetNetwork *network)
{
    if (!network)
        return;
    for (guint i = 0; i < network->graph->nodes->len; i++)
        hrnet_conv_free(network->convs[i]);
    hrnet_aligned_free(network->packed.memory);
    hrnet_int8_network_free(network->int8);
    g_free(network->convs);
    if (network->bands)
        g_array_unref(network->bands);
    hrnet_graph_free(network->graph);
    g_free(network);
}
