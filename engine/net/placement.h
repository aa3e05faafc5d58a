/* Where a network's tensors and scratch lie in the arena.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_PLACEMENT_H
#define HRNET_NET_PLACEMENT_H

#include "net/step.h"

#define HRNET_NOT_PLACED G_MAXSIZE

typedef struct {
    const HrnetGraph *graph;
    const GArray *steps;        /* HrnetStep: each a moment in the tensors' lives */
    const gsize *tensor_bytes;  /* by tensor number */
    const gsize *scratch_bytes; /* by step; 0 = none */
} HrnetPlacementArgs;

/* Offsets in bytes, by tensor number and by step, HRNET_NOT_PLACED for what needs no memory, and
 * the arena's size. A tensor takes over the memory of one that ends where it begins if its node
 * allows it. FALSE if sizes overflow. */
gboolean hrnet_placement_make(const HrnetPlacementArgs *args, gsize *tensor_offsets,
                              gsize *scratch_offsets, gsize *arena_bytes);

#endif
