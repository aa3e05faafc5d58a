/* The ranges of a network's tensors, as calibration found them and a model file holds them.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Metadata hrnet.int8.ranges is a JSON object: the name of each node whose result is a tensor of
 * bytes, with an array of the least and the largest number that its bytes stand for, as they are
 * stored (net/int8_shifts.h). Nodes are
 * named as in the graph; of a convolution's parts, each with its first input channel behind a
 * colon. hrnet.int8.hash is the network's fingerprint in hexadecimal. */
#ifndef HRNET_NET_INT8_RANGES_H
#define HRNET_NET_INT8_RANGES_H

#include "graph/graph.h"
#include "weights/weights.h"

#define HRNET_INT8_RANGES_KEY "hrnet.int8.ranges"
#define HRNET_INT8_HASH_KEY   "hrnet.int8.hash"

typedef struct {
    gdouble low, high;
} HrnetInt8Span;

/* Free with g_free(). */
gchar *hrnet_int8_node_key(const HrnetNode *node);

/* The text of the spans of all tensors, by tensor number; the input's and the logits' have none.
 * Free with g_free(). */
gchar *hrnet_int8_ranges_write(const HrnetGraph *graph, const HrnetInt8Span *spans);
gchar *hrnet_int8_hash_write(guint64 fingerprint);

/* Reads the spans of the model's metadata. An error where there are none, where a node's is missing
 * or no range, or where they are of a network with another fingerprint. */
gboolean hrnet_int8_ranges_read(const HrnetGraph *graph, const HrnetWeights *weights,
                                guint64 fingerprint, HrnetInt8Span *spans, GError **error);

/* Whether the model's metadata holds ranges of a network with this fingerprint, complete or not. */
gboolean hrnet_int8_ranges_match(const HrnetWeights *weights, guint64 fingerprint);

#endif
