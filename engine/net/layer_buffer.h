/* Room for one convolution as the checkpoint has it, kept between layers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_LAYER_BUFFER_H
#define HRNET_NET_LAYER_BUFFER_H

#include "graph/graph.h"
#include "weights/weights.h"

typedef struct {
    gfloat *weights;
    gsize n_weights;
    gfloat *part; /* the input channels of one node of several */
    gfloat *bias;
    gsize n_bias;
} HrnetLayerBuffer;

/* Room for the largest convolution of the graph. FALSE when there is no memory; to be cleared in
 * any case. */
gboolean hrnet_layer_buffer_init(HrnetLayerBuffer *buffer, const HrnetGraph *graph);
void hrnet_layer_buffer_clear(HrnetLayerBuffer *buffer);

/* Reads the node's convolution, normalisation folded in. */
gboolean hrnet_layer_buffer_read(HrnetLayerBuffer *buffer, HrnetWeights *weights,
                                 const HrnetNode *node, GError **error);

/* What was read of the node's own: weights out x in x kernel x kernel, and the bias, or NULL for
 * none. Valid until the next read. */
const gfloat *hrnet_layer_buffer_weights(HrnetLayerBuffer *buffer, const HrnetNode *node);
const gfloat *hrnet_layer_buffer_bias(const HrnetLayerBuffer *buffer, const HrnetNode *node);

#endif
