/* Reading and packing a network's convolutions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_LOADING_H
#define HRNET_NET_LOADING_H

#include "graph/graph.h"
#include "net/tuning.h"
#include "weights/weights.h"

/* All layers' packed weights in one block, so that they lie in huge pages: a model of many small
 * layers would have none otherwise. */
typedef struct {
    void *memory; /* hrnet_aligned_free(), after the layers */
    gsize n_bytes;
} HrnetPacked;

/* A node's convolution, as ops/conv.h has it. */
HrnetConvShape hrnet_loading_shape(const HrnetNode *node);

/* Fills in convs[i] for each node i of the graph that is a convolution, with their weights in
 * packed, and the fingerprint (net/fingerprint.h). tuning: what HRNET_CONV_AUTO asks first, or
 * NULL. On failure some may be there, for the caller to free.
 *
 * A few threads of its own share the work, one reading while others pack: most of the time goes
 * into transforming weights and into the first touch of fresh memory. The process's workers are
 * left alone, as each of their turns would have to wait for a frame of every running stream. */
gboolean hrnet_loading_run(const HrnetGraph *graph, HrnetWeights *weights,
                           HrnetConvAlgorithm algorithm, const HrnetTuning *tuning,
                           HrnetConv **convs, HrnetPacked *packed, guint64 *fingerprint,
                           GError **error);

#endif
