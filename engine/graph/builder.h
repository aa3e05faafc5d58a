/* Nodes and tensors, added one by one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_GRAPH_BUILDER_H
#define HRNET_GRAPH_BUILDER_H

#include "graph/graph.h"

#define HRNET_STEM_LEVEL 2 /* the highest resolution: a quarter of the input's */

typedef struct {
    HrnetGraph *graph;
    const HrnetConfig *config;
    guint group; /* of the nodes that are added now, 0 = none */
    guint n_groups;
    gboolean group_goes_on; /* behind the block that is added now */
} HrnetGraphBuilder;

/* What a convolution is beside its input: designated initialisers make calls read as a table. */
typedef struct {
    guint out_channels, kernel, stride;
    gboolean relu;
    guint residual; /* tensor number, 0 (the network's input, never one) = none */
} HrnetNodeSpec;

guint hrnet_graph_add_tensor(HrnetGraphBuilder *b, HrnetGraphTensor tensor);
guint hrnet_graph_channels(const HrnetGraphBuilder *b, guint tensor);
guint hrnet_graph_level(const HrnetGraphBuilder *b, guint tensor);

/* The nodes that are added from here on are a new group, or none. */
void hrnet_graph_begin_group(HrnetGraphBuilder *b);
void hrnet_graph_end_group(HrnetGraphBuilder *b);

/* Each adds a node and returns the tensor that it makes. They take the names. */

guint hrnet_graph_add_conv(HrnetGraphBuilder *b, gchar *conv_name, gchar *norm_name, guint in,
                           HrnetNodeSpec spec);
/* A part of a convolution, over its input channels from first_channel on out of total_channels. */
guint hrnet_graph_add_conv_part(HrnetGraphBuilder *b, gchar *conv_name, gchar *norm_name, guint in,
                                guint first_channel, guint total_channels, HrnetNodeSpec spec);
/* base and sources: 1 to HRNET_NODE_MAX_SOURCES tensors, resized to it; then a ReLU. */
guint hrnet_graph_add_sum(HrnetGraphBuilder *b, gchar *name, guint base, const guint *sources,
                          guint n_sources);
/* One tensor upsampled to the highest resolution, by itself. */
guint hrnet_graph_add_resize(HrnetGraphBuilder *b, gchar *name, guint source);
/* The regions of pixels that the channels of areas mark. */
guint hrnet_graph_add_gather(HrnetGraphBuilder *b, gchar *name, guint pixels, guint areas);
guint hrnet_graph_add_attend(HrnetGraphBuilder *b, gchar *name, guint queries, guint keys,
                             guint values);

/* A name under a prefix, for the functions above. */
gchar *hrnet_graph_sub(const gchar *prefix, const gchar *name);

#endif
