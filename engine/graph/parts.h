/* The parts of the network, from its input to its logits.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_GRAPH_PARTS_H
#define HRNET_GRAPH_PARTS_H

#include "graph/builder.h"

/* Tensors of the branches between two steps, the highest resolution first. */
typedef struct {
    guint tensors[HRNET_MAX_BRANCHES];
    guint n;
} HrnetGraphBranches;

/* Stem to stage 4. */
HrnetGraphBranches hrnet_graph_add_trunk(HrnetGraphBuilder *b);

/* A convolution of stride 1 over the concatenation of all branches at the highest resolution, and
 * the ReLU behind it. */
typedef struct {
    const gchar *conv, *norm; /* names */
    const gchar *sum;         /* what the nodes that upsample and add are called */
    guint channels, kernel;
} HrnetGraphMix;

/* Returns its result. *head: the node of the highest resolution's part, behind which the sum of all
 * parts comes next; HRNET_NO_NODE where it is not made so. */
guint hrnet_graph_add_mix(HrnetGraphBuilder *b, const HrnetGraphBranches *x,
                          const HrnetGraphMix *mix, guint *head);

/* The head of one convolution and a classifier, and that of object contexts; both set what the
 * graph says of its head. */
void hrnet_graph_add_head(HrnetGraphBuilder *b, const HrnetGraphBranches *x);
void hrnet_graph_add_ocr(HrnetGraphBuilder *b, const HrnetGraphBranches *x);

#endif
