/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/step.h"

#include "net/bands.h"
#include "net/int8_step.h"
#include "net/step_ocr.h"
#include "ops/head.h"
#include "ops/resize_twice.h"

#include <string.h>

G_STATIC_ASSERT(HRNET_NODE_MAX_SOURCES <= HRNET_RESIZE_MAX_SOURCES);

static const HrnetNode *first_node(const HrnetStep *step, const HrnetStepContext *context)
{
    return hrnet_graph_node(context->network->graph, step->first);
}

/* ---- a convolution ---- */

typedef struct {
    const HrnetConv *conv;
    HrnetConvArgs args;
    HrnetTensor residual;
} ConvState;

static const gchar *conv_name(const HrnetStep *step)
{
    const ConvState *state = step->state;
    return hrnet_conv_algorithm_name(hrnet_conv_algorithm(state->conv));
}

static void conv_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    const HrnetNode *node = first_node(step, context);
    ConvState *state = step->state;
    state->conv = context->network->convs[step->first];
    state->args = (HrnetConvArgs){
        .in = context->tensors[node->in],
        .out = context->tensors[node->out],
        .relu = node->relu,
        .scratch = scratch,
    };
    if (node->residual != HRNET_NO_TENSOR) {
        state->residual = context->tensors[node->residual];
        state->args.residual = &state->residual;
    }
}

static gsize conv_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    const ConvState *state = step->state;
    return sizeof(gfloat) * hrnet_conv_scratch_floats(state->conv, state->args.in.height,
                                                      state->args.in.width, context->n_threads);
}

static void conv_run(const HrnetStep *step, HrnetWorkers *workers)
{
    const ConvState *state = step->state;
    hrnet_conv_run(state->conv, &state->args, workers);
}

static const HrnetStepKind conv_kind = {
    .name = conv_name,
    .bind = conv_bind,
    .scratch_bytes = conv_scratch_bytes,
    .run = conv_run,
};

/* ---- a sum of resized tensors ---- */

typedef struct {
    HrnetResizeAddArgs args;
    gboolean from_zero; /* nothing is there to add to */
    gboolean twice;     /* by a power of two first, then to size */
    guint n_threads;
} SumState;

static const gchar *sum_name(const HrnetStep *step)
{
    (void)step;
    return "resize-add";
}

static void sum_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    const HrnetNetwork *network = context->network;
    const HrnetNode *node = first_node(step, context);
    SumState *state = step->state;
    state->from_zero = node->in == HRNET_NO_TENSOR;
    state->twice = network->exchange_twice && hrnet_node_is_exchange(node);
    state->n_threads = context->n_threads;
    state->args = (HrnetResizeAddArgs){
        .base = context->tensors[state->from_zero ? node->out : node->in],
        .n_sources = node->n_sources,
        .out = context->tensors[node->out],
        .mode = hrnet_network_resize_mode(network, node),
        .relu = node->relu,
        .scratch = scratch,
    };
    for (guint s = 0; s < node->n_sources; s++)
        state->args.sources[s] = context->tensors[node->sources[s]];
}

static gsize sum_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    const SumState *state = step->state;
    return sizeof(gfloat) *
           (state->twice ? hrnet_resize_twice_scratch_floats(&state->args, context->n_threads)
                         : hrnet_resize_add_scratch_floats(&state->args, context->n_threads));
}

static void sum_run(const HrnetStep *step, HrnetWorkers *workers)
{
    const SumState *state = step->state;
    const HrnetTensor *out = &state->args.out;
    if (state->from_zero)
        memset(out->data, 0, out->channels * out->plane_floats * sizeof(gfloat));
    if (state->twice)
        hrnet_resize_twice_run(&state->args, state->n_threads, workers);
    else
        hrnet_resize_add_run(&state->args, workers);
}

static const HrnetStepKind sum_kind = {
    .name = sum_name,
    .bind = sum_bind,
    .scratch_bytes = sum_scratch_bytes,
    .run = sum_run,
};

/* ---- convolutions in one pass over bands of rows ---- */

typedef struct {
    HrnetBandArgs args;
    HrnetBandPlan plan;
    gfloat *scratch;
} BandState;

static const gchar *band_name(const HrnetStep *step)
{
    (void)step;
    return "band";
}

static void band_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    const HrnetNetwork *network = context->network;
    const HrnetBandGroup group = { step->first, step->n_nodes };
    BandState *state = step->state;
    state->args = hrnet_bands_args(network, &group, context->tensors, context->quads);
    if (!scratch)
        state->plan = hrnet_band_plan(&state->args, context->n_threads);
    state->scratch = scratch;
}

static gsize band_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    const BandState *state = step->state;
    return sizeof(gfloat) * state->plan.thread_floats * context->n_threads;
}

static void band_run(const HrnetStep *step, HrnetWorkers *workers)
{
    const BandState *state = step->state;
    hrnet_band_run(&state->args, &state->plan, state->scratch, workers);
}

static const HrnetStepKind band_kind = {
    .name = band_name,
    .inner_name = "in band",
    .bind = band_bind,
    .scratch_bytes = band_scratch_bytes,
    .run = band_run,
};

/* ---- the head's three nodes ---- */

static const gchar *head_name(const HrnetStep *step)
{
    (void)step;
    return "head";
}

static void head_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    const HrnetNetwork *network = context->network;
    const HrnetNode *sum = hrnet_graph_node(network->graph, step->first + 1);
    HrnetHeadArgs *args = step->state;
    *args = (HrnetHeadArgs){
        .projection = network->convs[step->first],
        .classifier = network->convs[step->first + 2],
        .in = context->tensors[first_node(step, context)->in],
        .n_sources = sum->n_sources,
        .mode = network->head_mode,
        .logits = context->tensors[hrnet_graph_node(network->graph, step->first + 2)->out],
        .scratch = scratch,
    };
    for (guint s = 0; s < sum->n_sources; s++)
        args->sources[s] = context->tensors[sum->sources[s]];
}

static gsize head_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    return sizeof(gfloat) * hrnet_head_scratch_floats(step->state, context->n_threads);
}

static void head_run(const HrnetStep *step, HrnetWorkers *workers)
{
    hrnet_head_run(step->state, workers);
}

static const HrnetStepKind head_kind = {
    .name = head_name,
    .inner_name = "in head",
    .bind = head_bind,
    .scratch_bytes = head_scratch_bytes,
    .run = head_run,
};

/* ---- any ---- */

/* Whether this size and so many threads are. */
static gboolean bands_are_worth_it(const HrnetStepContext *context, const HrnetBandGroup *group)
{
    const HrnetBandArgs args =
        hrnet_bands_args(context->network, group, context->tensors, context->quads);
    if (!hrnet_band_pays(&args, context->n_threads))
        return FALSE;
    const HrnetBandPlan plan = hrnet_band_plan(&args, context->n_threads);
    return hrnet_band_overhead(&args, plan.band_rows, context->n_threads) <=
           HRNET_STEP_BAND_OVERHEAD_MAX;
}

static HrnetStep make_step(const HrnetStepContext *context, guint first)
{
    const HrnetNetwork *network = context->network;
    const HrnetBandGroup *group = hrnet_bands_of_node(network->bands, first);
    HrnetStep step = { .first = first, .n_nodes = 1 };
    if (network->fused_head && first == network->graph->head) {
        step.kind = &head_kind;
        step.n_nodes = HRNET_HEAD_NODES;
        step.state = g_new0(HrnetHeadArgs, 1);
    } else if (hrnet_step_make_ocr(context, &step)) {
        return step;
    } else if (group && group->first == first && bands_are_worth_it(context, group)) {
        step.kind = &band_kind;
        step.n_nodes = group->n_nodes;
        step.state = g_new0(BandState, 1);
    } else if (hrnet_graph_node(network->graph, first)->type == HRNET_NODE_RESIZE_ADD) {
        step.kind = &sum_kind;
        step.state = g_new0(SumState, 1);
    } else {
        step.kind = &conv_kind;
        step.state = g_new0(ConvState, 1);
    }
    step.kind->bind(&step, context, NULL);
    return step;
}

gboolean hrnet_step_make(const HrnetStepContext *context, guint first, HrnetStep *step)
{
    if (context->network->int8)
        return hrnet_int8_step_make(context, first, step);
    *step = make_step(context, first);
    return TRUE;
}

void hrnet_step_clear(HrnetStep *step)
{
    if (step->kind->clear)
        step->kind->clear(step);
    g_clear_pointer(&step->state, g_free);
}

gboolean hrnet_step_hides(const HrnetGraph *graph, const HrnetStep *step, guint tensor)
{
    const HrnetBandGroup group = { step->first, step->n_nodes };
    return step->n_nodes > 1 && hrnet_bands_is_inner(graph, &group, tensor);
}
