/* A step of a plan: one node, or several that run as one.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * hrnet_step_make() says which nodes a step takes and how they are run; bind() with the tensors'
 * shapes alone is enough for scratch_bytes(), and bind() again, when tensors and scratch have
 * their memory, for any number of runs. A new way to run nodes is a kind in step.c, and its case in
 * hrnet_step_make(). */
#ifndef HRNET_NET_STEP_H
#define HRNET_NET_STEP_H

#include "net/network.h"

/* The overhead (hrnet_band_overhead()) from which a group's layers had better run one by one, each
 * spread over the threads as evenly as can be. */
#define HRNET_STEP_BAND_OVERHEAD_MAX 0.125

/* What is the same for all steps of a plan. */
typedef struct {
    const HrnetNetwork *network;
    const HrnetTensor *tensors; /* by tensor number: of floats, or the shape alone */
    /* Likewise: of bytes, which in a network of bytes all but its logits are. */
    const HrnetQuads *quads;
    guint n_threads; /* the most that a run may use */
} HrnetStepContext;

typedef struct HrnetStep HrnetStep;

typedef struct {
    /* For people; of the step's first node, and of those behind it. Static. */
    const gchar *(*name)(const HrnetStep *step);
    const gchar *inner_name;
    /* Takes tensors and scratch as they are now into the step's state. */
    void (*bind)(HrnetStep *step, const HrnetStepContext *context, gpointer scratch);
    gsize (*scratch_bytes)(const HrnetStep *step, const HrnetStepContext *context);
    /* Within the caller's turn with the workers. Allocates nothing. */
    void (*run)(const HrnetStep *step, HrnetWorkers *workers);
    /* Frees what the state holds; NULL where that is nothing. */
    void (*clear)(HrnetStep *step);
} HrnetStepKind;

struct HrnetStep {
    guint first, n_nodes; /* of the graph */
    const HrnetStepKind *kind;
    gpointer state; /* the kind's own */
};

/* The step that begins with node `first`, bound to the shapes in context; to be cleared in any
 * case. FALSE when there is no memory. */
gboolean hrnet_step_make(const HrnetStepContext *context, guint first, HrnetStep *step);
void hrnet_step_clear(HrnetStep *step);

/* Whether the tensor is made by the step and wanted by its own nodes alone, so that it needs no
 * memory in the arena. */
gboolean hrnet_step_hides(const HrnetGraph *graph, const HrnetStep *step, guint tensor);

#endif
