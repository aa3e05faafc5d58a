/* Placing buffers of known lifetimes in one arena.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_MEMORY_PLAN_H
#define HRNET_NET_MEMORY_PLAN_H

#include <glib.h>

typedef struct {
    gsize n_bytes;
    guint first, last; /* steps, both included */
    gsize offset;      /* result, in bytes, a multiple of HRNET_ALIGNMENT */
} HrnetBuffer;

/* Gives every buffer an offset so that no two that live at the same step overlap. Greedy by size:
 * the largest first, each into the smallest gap that holds it among those already placed (the
 * heuristic of Pisarchyk and Lee, arXiv:2001.03288). arena_bytes: the size of it all. FALSE if the
 * sizes overflow. */
gboolean hrnet_memory_plan(HrnetBuffer *buffers, guint n_buffers, gsize *arena_bytes);

#endif
