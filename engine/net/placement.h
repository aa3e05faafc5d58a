/* Where a network's tensors and scratch lie in the arena.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_PLACEMENT_H
#define HRNET_NET_PLACEMENT_H

#include "net/bands.h"

#define HRNET_NOT_PLACED G_MAXSIZE

typedef struct {
    const HrnetGraph *graph;
    const GArray
        *bands;       /* HrnetBandGroup: nodes that run as one, whose inner tensors are nowhere */
    guint fused_head; /* the node that does all behind it as well, up to the logits, or
                         HRNET_NO_NODE */
    const HrnetTensor *tensors;  /* shapes, by tensor number */
    const gsize *scratch_floats; /* by node; 0 = none */
} HrnetPlacementArgs;

/* Offsets in floats, by tensor number and by node, HRNET_NOT_PLACED for what needs no memory, and
 * the arena's size. A tensor takes over the memory of one that ends where it begins if its node
 * allows it. FALSE if sizes overflow. */
gboolean hrnet_placement_make(const HrnetPlacementArgs *args, gsize *tensor_offsets,
                              gsize *scratch_offsets, gsize *arena_floats);

#endif
