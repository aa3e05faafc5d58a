/* A network at one input size: where each tensor lies, and running it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_PLAN_H
#define HRNET_NET_PLAN_H

#include "net/network.h"

typedef struct HrnetPlan HrnetPlan;

/* Computes sizes and offsets and allocates the arena. n_threads: the most that a run may use. NULL
 * when there is no memory for it. The network must outlive the plan. One thread at a time may use a
 * plan. */
HrnetPlan *hrnet_plan_new(const HrnetNetwork *network, guint height, guint width, guint n_threads);
void hrnet_plan_free(HrnetPlan *plan);

/* The network's input, to be filled before a run (which uses its memory for other tensors after),
 * and its logits, valid after a run until the next one. */
HrnetTensor hrnet_plan_input(const HrnetPlan *plan);
/* In a network of bytes the input has no data, and this is in its place: levels by the network's
 * own map. */
HrnetQuads hrnet_plan_levels(const HrnetPlan *plan);
HrnetTensor hrnet_plan_logits(const HrnetPlan *plan);

/* Within the caller's turn with the workers, of at most n_threads threads. Allocates nothing.
 * node_ns: if not NULL, the time of each node; the first of those that run as one has all of it. */
void hrnet_plan_run(HrnetPlan *plan, HrnetWorkers *workers, guint64 *node_ns);

/* As hrnet_plan_run(), with a look at each step's result: the step's last node, and the floats that
 * it made, valid during the call, or what has no data where it made bytes. */
typedef void (*HrnetPlanObserver)(guint node, const HrnetTensor *result, gpointer data);
void hrnet_plan_run_observed(HrnetPlan *plan, HrnetWorkers *workers, HrnetPlanObserver observer,
                             gpointer data);

/* How node i is computed, for people: "wino4", "resize-add", "band", "in band", "head", "in head",
 * ... Static. */
const gchar *hrnet_plan_algorithm_name(const HrnetPlan *plan, guint i);

/* Size of the arena in bytes. */
gsize hrnet_plan_arena_bytes(const HrnetPlan *plan);

#endif
