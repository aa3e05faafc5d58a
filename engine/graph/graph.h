/* The network as a flat list of nodes over numbered tensors, in the order of execution.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The graph knows channels and names, not sizes: a tensor's level says how often the input's size
 * was halved (rounding up) to get its own. */
#ifndef HRNET_GRAPH_GRAPH_H
#define HRNET_GRAPH_GRAPH_H

#include "graph/config.h"

#include <glib.h>

#define HRNET_NO_TENSOR G_MAXUINT
#define HRNET_NO_NODE   G_MAXUINT

#define HRNET_NODE_MAX_SOURCES (HRNET_MAX_BRANCHES - 1)

typedef struct {
    guint channels;
    guint level;
    guint n_regions; /* not 0: instead of pixels so many regions of the picture, in one row */
} HrnetGraphTensor;

/* A convolution with zeros around its input: kernel 3 has one on each side, or where padding_same
 * (stride 2 alone) says so as many as Paddle and TensorFlow, on even sizes none before and one
 * after; kernel 1 has none. */
typedef struct {
    guint in_channels, out_channels;
    guint kernel, stride;
    gboolean padding_same;
} HrnetNodeShape;

typedef enum {
    HRNET_NODE_CONV,       /* out = act(conv(in) + residual) */
    HRNET_NODE_RESIZE_ADD, /* out = act(in + resize(sources[0]) + ...); in may be HRNET_NO_TENSOR */
    HRNET_NODE_GATHER, /* a region of in for each channel of the scores sources[0] (ops/gather.h) */
    HRNET_NODE_ATTEND, /* for each pixel of in what the regions with the keys sources[0] and values
                          sources[1] tell it (ops/attend.h) */
} HrnetNodeType;

typedef struct {
    HrnetNodeType type;
    gchar *name;   /* the convolution's in the checkpoint, or the sum's: "stage2.0.fuse.0" */
    guint in, out; /* tensor numbers */
    gboolean relu;
    guint group; /* neighbours of one number may run as one (net/bands.h); 0 = by itself */
    gboolean may_overwrite; /* out may take the memory of residual (CONV) or in (RESIZE_ADD) if that
                               ends here */

    /* HRNET_NODE_CONV */
    HrnetNodeShape shape;
    gchar *norm;          /* name of the normalisation that follows, or NULL */
    guint residual;       /* tensor number or HRNET_NO_TENSOR */
    guint first_channel;  /* the part of the checkpoint's input channels that this node takes: from
                             here on; the part from 0 on adds the bias */
    guint total_channels; /* ... out of so many */
    guint mac_level;      /* the level at which the network as published computes it */

    /* all others */
    guint sources[HRNET_NODE_MAX_SOURCES]; /* as the type says */
    guint n_sources;
} HrnetNode;

typedef struct {
    GArray *tensors; /* HrnetGraphTensor */
    GArray *nodes;   /* HrnetNode */
    guint input, logits;
    /* The first of three nodes that may run as one (ops/head.h): the highest resolution's part of
     * the head's first convolution, the sum of all parts, the classifier. HRNET_NO_NODE where there
     * are none. */
    guint head;
    /* Likewise, of the seven nodes from a pixel's query to its logits (ops/context.h), where there
     * are regions. */
    guint context;
} HrnetGraph;

/* Nodes that may run as one from `head` on, and from `context` on. */
#define HRNET_HEAD_NODES    3
#define HRNET_CONTEXT_NODES 7

/* The network that config describes. */
HrnetGraph *hrnet_graph_new(const HrnetConfig *config);
void hrnet_graph_free(HrnetGraph *graph);

static inline const HrnetNode *hrnet_graph_node(const HrnetGraph *graph, guint i)
{
    return &g_array_index(graph->nodes, HrnetNode, i);
}

static inline const HrnetGraphTensor *hrnet_graph_tensor(const HrnetGraph *graph, guint i)
{
    return &g_array_index(graph->tensors, HrnetGraphTensor, i);
}

/* Whether the node is a convolution of the checkpoint, or the first part of one. */
static inline gboolean hrnet_node_begins_conv(const HrnetNode *node)
{
    return node->type == HRNET_NODE_CONV && node->first_channel == 0;
}

/* Whether a node that sums resized tensors is of an exchange unit; else it is of the head. */
static inline gboolean hrnet_node_is_exchange(const HrnetNode *node)
{
    return g_str_has_prefix(node->name, "stage");
}

/* n halved level times, rounding up. */
guint hrnet_graph_level_size(guint n, guint level);

/* A tensor's size where the network's input is of height x width. */
void hrnet_graph_tensor_size(const HrnetGraphTensor *tensor, guint height, guint width,
                             guint *tensor_height, guint *tensor_width);

/* Multiply-adds in 10^9 of one node (of all) for an input size, as the published
 * network computes it. */
gdouble hrnet_graph_node_gmac(const HrnetGraph *graph, const HrnetNode *node, guint height,
                              guint width);
gdouble hrnet_graph_gmac(const HrnetGraph *graph, guint height, guint width);

#endif
