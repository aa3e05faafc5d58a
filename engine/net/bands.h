/* Groups of the network's nodes that run as one pass over bands of rows (ops/band.h).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_BANDS_H
#define HRNET_NET_BANDS_H

#include "net/network.h"
#include "ops/band.h"

/* A group's place in the list of nodes. */
typedef struct {
    guint first, n_nodes;
} HrnetBandGroup;

/* Those of the graph's groups that can run so, by HrnetBandGroup: by algorithms that know rows, no
 * result being wanted both inside and outside. */
GArray *hrnet_bands_find(const HrnetNetwork *network);

/* The group that node i is of, or NULL. */
const HrnetBandGroup *hrnet_bands_of_node(const GArray *groups, guint i);

/* Whether the tensor is a result that is wanted inside of the group alone. */
gboolean hrnet_bands_is_inner(const HrnetGraph *graph, const HrnetBandGroup *group, guint tensor);

/* The group's pass over these tensors, by tensor number; quads: of a network of bytes. */
HrnetBandArgs hrnet_bands_args(const HrnetNetwork *network, const HrnetBandGroup *group,
                               const HrnetTensor *tensors, const HrnetQuads *quads);

#endif
