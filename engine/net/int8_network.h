/* A network's layers in bytes, packed for this processor: ops/int8.md.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_INT8_NETWORK_H
#define HRNET_NET_INT8_NETWORK_H

#include "graph/graph.h"
#include "ops/int8_conv.h"
#include "ops/int8_levels.h"
#include "weights/weights.h"

/* Immutable. */
typedef struct {
    guint n_nodes;
    HrnetInt8ConvLayer **layers; /* by node, NULL where it is no convolution */
    HrnetInt8Range *ranges;      /* by tensor; of the input and the logits without meaning */
    HrnetInt8LevelMap levels;    /* what the input becomes */
    gsize n_bytes;               /* of the layers */
} HrnetInt8Network;

/* What of the network there is no int8 for, or NULL. Static. */
const gchar *hrnet_int8_unknown(const HrnetGraph *graph, const HrnetConfig *config);

/* Reads and packs all weights by the ranges in the model's metadata. fingerprint: of what was
 * read. Errors are the weights', also where the
 * metadata holds no ranges, or others' (net/int8_ranges.h). */
HrnetInt8Network *hrnet_int8_network_new(const HrnetGraph *graph, HrnetWeights *weights,
                                         guint64 *fingerprint, GError **error);
gboolean hrnet_int8_network_equal(const HrnetInt8Network *a, const HrnetInt8Network *b);
void hrnet_int8_network_free(HrnetInt8Network *network);

#endif
