/* The graph with its packed weights: what a model is to the sessions that run it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_NETWORK_H
#define HRNET_NET_NETWORK_H

#include "graph/graph.h"
#include "net/int8_network.h"
#include "net/loading.h"
#include "ops/resize.h"
#include "weights/weights.h"

/* Immutable after hrnet_network_new(): any number of plans and threads may use it. */
typedef struct {
    HrnetGraph *graph;
    HrnetConv **convs;      /* one a node, NULL where the node is none; all NULL in int8 */
    HrnetPacked packed;     /* their weights */
    HrnetInt8Network *int8; /* the layers in bytes, in place of convs; NULL in fp32 */
    guint64 fingerprint;    /* of what it computes (net/fingerprint.h) */
    GArray *bands;          /* HrnetBandGroup, in order: nodes that may run as one */
    /* Whether the nodes from graph->head on and those from graph->context on run as one. */
    gboolean fused_head, fused_context;
    HrnetResizeMode exchange_mode; /* of exchange units */
    gboolean exchange_twice;       /* by a power of two first, then to size */
    HrnetResizeMode head_mode;     /* of the branches on their way into the head */
    HrnetResizeMode logits_mode;   /* of the logits' way to the frame */
} HrnetNetwork;

/* Reads and packs all weights. algorithm: HRNET_CONV_AUTO, or what every layer shall use where it
 * can. Errors are the weights' (HRNET_WEIGHTS_ERROR). */
HrnetNetwork *hrnet_network_new(HrnetWeights *weights, HrnetConvAlgorithm algorithm,
                                GError **error);
/* Likewise, in bytes, by the ranges in the model's metadata (net/int8_ranges.h). */
HrnetNetwork *hrnet_network_new_int8(HrnetWeights *weights, GError **error);

/* How a node that sums resized tensors resizes them. */
HrnetResizeMode hrnet_network_resize_mode(const HrnetNetwork *network, const HrnetNode *node);

/* Bytes of all packed weights. */
gsize hrnet_network_packed_bytes(const HrnetNetwork *network);

/* Whether both compute the same in the same way, bit by bit. Their configurations are the same. */
gboolean hrnet_network_equal(const HrnetNetwork *a, const HrnetNetwork *b);
/* Whether node i is one of the nodes of the head, or from a query to the logits, that run as one.
 */
gboolean hrnet_network_is_fused(const HrnetNetwork *network, guint i);
void hrnet_network_free(HrnetNetwork *network);

#endif
