/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/step_ocr.h"

#include "ops/context.h"
#include "ops/gather.h"

static const HrnetNode *node_of(const HrnetStep *step, const HrnetStepContext *context, guint i)
{
    return hrnet_graph_node(context->network->graph, step->first + i);
}

/* ---- pixels gathered into regions ---- */

static const gchar *gather_name(const HrnetStep *step)
{
    (void)step;
    return "gather";
}

static void gather_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    const HrnetNode *node = node_of(step, context, 0);
    HrnetGatherArgs *args = step->state;
    *args = (HrnetGatherArgs){
        .pixels = context->tensors[node->in],
        .areas = context->tensors[node->sources[0]],
        .regions = context->tensors[node->out],
        .scratch = scratch,
    };
}

static gsize gather_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    return sizeof(gfloat) * hrnet_gather_scratch_floats(step->state, context->n_threads);
}

static void gather_run(const HrnetStep *step, HrnetWorkers *workers)
{
    hrnet_gather_run(step->state, workers);
}

static const HrnetStepKind gather_kind = {
    .name = gather_name,
    .bind = gather_bind,
    .scratch_bytes = gather_scratch_bytes,
    .run = gather_run,
};

/* ---- what regions tell pixels ---- */

static const gchar *attend_name(const HrnetStep *step)
{
    (void)step;
    return "attend";
}

static void attend_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    const HrnetNode *node = node_of(step, context, 0);
    HrnetAttendArgs *args = step->state;
    *args = (HrnetAttendArgs){
        .queries = context->tensors[node->in],
        .out = context->tensors[node->out],
        .keys = context->tensors[node->sources[0]],
        .values = context->tensors[node->sources[1]],
        .scratch = scratch,
    };
}

static gsize attend_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    return sizeof(gfloat) * hrnet_attend_scratch_floats(step->state, context->n_threads);
}

static void attend_run(const HrnetStep *step, HrnetWorkers *workers)
{
    hrnet_attend_run(step->state, workers);
}

static const HrnetStepKind attend_kind = {
    .name = attend_name,
    .bind = attend_bind,
    .scratch_bytes = attend_scratch_bytes,
    .run = attend_run,
};

/* ---- all seven nodes from queries to logits ---- */

static const gchar *context_name(const HrnetStep *step)
{
    (void)step;
    return "context";
}

static void context_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    HrnetConv *const *convs = &context->network->convs[step->first];
    const HrnetNode *attend = node_of(step, context, 2);
    HrnetContextArgs *args = step->state;
    *args = (HrnetContextArgs){
        .query = { convs[0], convs[1] },
        .up = convs[3],
        .bottleneck = { convs[4], convs[5] },
        .classifier = convs[6],
        .pixels = context->tensors[node_of(step, context, 0)->in],
        .keys = context->tensors[attend->sources[0]],
        .values = context->tensors[attend->sources[1]],
        .logits = context->tensors[node_of(step, context, 6)->out],
        .scratch = scratch,
    };
}

static gsize context_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    return sizeof(gfloat) * hrnet_context_scratch_floats(step->state, context->n_threads);
}

static void context_run(const HrnetStep *step, HrnetWorkers *workers)
{
    hrnet_context_run(step->state, workers);
}

static const HrnetStepKind context_kind = {
    .name = context_name,
    .inner_name = "in context",
    .bind = context_bind,
    .scratch_bytes = context_scratch_bytes,
    .run = context_run,
};

gboolean hrnet_step_make_ocr(const HrnetStepContext *context, HrnetStep *step)
{
    const HrnetNetwork *network = context->network;
    const HrnetNodeType type = node_of(step, context, 0)->type;
    if (network->fused_context && step->first == network->graph->context) {
        step->kind = &context_kind;
        step->n_nodes = HRNET_CONTEXT_NODES;
        step->state = g_new0(HrnetContextArgs, 1);
    } else if (type == HRNET_NODE_GATHER) {
        step->kind = &gather_kind;
        step->state = g_new0(HrnetGatherArgs, 1);
    } else if (type == HRNET_NODE_ATTEND) {
        step->kind = &attend_kind;
        step->state = g_new0(HrnetAttendArgs, 1);
    } else {
        return FALSE;
    }
    step->kind->bind(step, context, NULL);
    return TRUE;
}
