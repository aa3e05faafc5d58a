/* Finds an HRNetV2 in an ONNX graph, from its input to its classifier.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_MATCH_H
#define HRNET_WEIGHTS_ONNX_MATCH_H

#include "graph/config.h"
#include "weights/onnx-graph.h"

/* How one part of the network upsamples. */
typedef struct {
    gboolean seen; /* in a node */
    HrnetUpsample upsample;
    gboolean align_corners;
} HrnetOnnxResizing;

typedef struct {
    HrnetOnnxResizing exchange, head, logits;
    /* Exchange units upsample by a power of two and then to size; or to size at once, where that
     * is not the same. */
    gboolean twice, once;
    guint traced[HRNET_MAX_BRANCHES][2]; /* rows and columns of the branches when it was traced */
    HrnetPadding padding;
} HrnetOnnxTraits;

/* A convolution of the network, by the authors' names. norm: NULL for the classifier. Returning
 * FALSE ends the match. */
typedef gboolean (*HrnetOnnxName)(gpointer data, const HrnetOnnxOp *op, const gchar *conv,
                                  const gchar *norm, GError **error);

/* Walks the graph, calls `name` for each convolution, fills in what the nodes tell of the network.
 * An error names the node that differs from an HRNetV2. */
gboolean hrnet_onnx_match(HrnetOnnxGraph *graph, HrnetOnnxName name, gpointer data,
                          HrnetOnnxTraits *traits, GError **error);

#endif
