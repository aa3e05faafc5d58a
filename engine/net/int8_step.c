/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/int8_step.h"

#include "net/bands.h"
#include "net/int8_network.h"
#include "ops/int8_band.h"
#include "ops/int8_head.h"

static const gchar *int8_name(const HrnetStep *step)
{
    (void)step;
    return "int8";
}

/* ---- a convolution: of bytes to bytes, or to scores ---- */

typedef struct {
    HrnetInt8ConvArgs args;
    HrnetInt8ConvPlan plan;
} ConvState;

/* Node i's. Scores have a shape as bytes, too. */
static HrnetInt8ConvArgs conv_args(const HrnetStepContext *context, guint i)
{
    const HrnetNetwork *network = context->network;
    const HrnetNode *node = hrnet_graph_node(network->graph, i);
    HrnetInt8ConvArgs args = {
        .layer = network->int8->layers[i],
        .in = context->quads[node->in],
        .out = context->quads[node->out],
    };
    if (node->residual != HRNET_NO_TENSOR) {
        args.has_residual = true;
        args.residual = context->quads[node->residual];
    }
    if (node->out == network->graph->logits) {
        args.scores = context->tensors[node->out];
        args.out = hrnet_quads_shape(args.scores.channels, args.scores.height, args.scores.width,
                                     network->int8->ranges[node->out]);
    }
    return args;
}

static void conv_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    ConvState *state = step->state;
    (void)scratch;
    state->args = conv_args(context, step->first);
    state->plan = hrnet_int8_conv_plan(&state->args, context->n_threads);
}

static gsize conv_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    (void)step;
    (void)context;
    return 0;
}

static void conv_run(const HrnetStep *step, HrnetWorkers *workers)
{
    const ConvState *state = step->state;
    hrnet_int8_conv_run(&state->args, &state->plan, workers);
}

static const HrnetStepKind conv_kind = {
    .name = int8_name,
    .bind = conv_bind,
    .scratch_bytes = conv_scratch_bytes,
    .run = conv_run,
};

/* ---- a sum of resized tensors ---- */

typedef struct {
    HrnetInt8SumArgs args;
    HrnetInt8SumPlan *plan;
    gpointer scratch;
} SumState;

static HrnetInt8SumArgs sum_args(const HrnetStepContext *context, guint i)
{
    const HrnetNode *node = hrnet_graph_node(context->network->graph, i);
    HrnetInt8SumArgs args = {
        .n_sources = node->n_sources,
        .out = context->quads[node->out],
        .mode = hrnet_network_resize_mode(context->network, node),
    };
    if (node->in != HRNET_NO_TENSOR) {
        args.has_base = true;
        args.base = context->quads[node->in];
    }
    for (guint s = 0; s < node->n_sources; s++)
        args.sources[s] = context->quads[node->sources[s]];
    return args;
}

static void sum_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    SumState *state = step->state;
    state->args = sum_args(context, step->first);
    state->scratch = scratch;
}

static gsize sum_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    const SumState *state = step->state;
    (void)context;
    return hrnet_int8_sum_scratch_bytes(state->plan);
}

static void sum_run(const HrnetStep *step, HrnetWorkers *workers)
{
    const SumState *state = step->state;
    hrnet_int8_sum_run(&state->args, state->plan, state->scratch, workers);
}

static void sum_clear(HrnetStep *step)
{
    SumState *state = step->state;
    g_clear_pointer(&state->plan, hrnet_int8_sum_plan_free);
}

static const HrnetStepKind sum_kind = {
    .name = int8_name,
    .bind = sum_bind,
    .scratch_bytes = sum_scratch_bytes,
    .run = sum_run,
    .clear = sum_clear,
};

/* ---- convolutions in one pass over bands of rows ---- */

typedef struct {
    HrnetBandArgs args;
    HrnetInt8BandPlan plan;
    guint8 *scratch;
} BandState;

static const gchar *band_name(const HrnetStep *step)
{
    (void)step;
    return "int8-band";
}

static void band_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    const HrnetBandGroup group = { step->first, step->n_nodes };
    BandState *state = step->state;
    state->args = hrnet_bands_args(context->network, &group, context->tensors, context->quads);
    if (!scratch)
        state->plan = hrnet_int8_band_plan(&state->args, context->n_threads);
    state->scratch = scratch;
}

static gsize band_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    const BandState *state = step->state;
    return state->plan.thread_bytes * context->n_threads;
}

static void band_run(const HrnetStep *step, HrnetWorkers *workers)
{
    const BandState *state = step->state;
    hrnet_int8_band_run(&state->args, &state->plan, state->scratch, workers);
}

static const HrnetStepKind band_kind = {
    .name = band_name,
    .inner_name = "in int8-band",
    .bind = band_bind,
    .scratch_bytes = band_scratch_bytes,
    .run = band_run,
};

/* Whether this size and so many threads are. */
static gboolean bands_are_worth_it(const HrnetStepContext *context, const HrnetBandGroup *group)
{
    const HrnetBandArgs args =
        hrnet_bands_args(context->network, group, context->tensors, context->quads);
    if (!hrnet_band_pays(&args, context->n_threads))
        return FALSE;
    const HrnetInt8BandPlan plan = hrnet_int8_band_plan(&args, context->n_threads);
    return hrnet_band_overhead(&args, plan.band_rows, context->n_threads) <=
           HRNET_STEP_BAND_OVERHEAD_MAX;
}

/* ---- the head's three nodes ---- */

typedef struct {
    HrnetInt8HeadArgs args;
    HrnetInt8HeadPlan plan;
    guint8 *scratch;
} HeadState;

static const gchar *head_name(const HrnetStep *step)
{
    (void)step;
    return "int8-head";
}

static void head_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    HeadState *state = step->state;
    state->args = (HrnetInt8HeadArgs){
        .projection = conv_args(context, step->first),
        .sum = sum_args(context, step->first + 1),
        .classifier = conv_args(context, step->first + 2),
    };
    state->scratch = scratch;
}

static gsize head_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    const HeadState *state = step->state;
    return hrnet_int8_head_scratch_bytes(&state->plan, context->n_threads);
}

static void head_run(const HrnetStep *step, HrnetWorkers *workers)
{
    const HeadState *state = step->state;
    hrnet_int8_head_run(&state->args, &state->plan, state->scratch, workers);
}

static void head_clear(HrnetStep *step)
{
    HeadState *state = step->state;
    hrnet_int8_head_plan_clear(&state->plan);
}

static const HrnetStepKind head_kind = {
    .name = head_name,
    .inner_name = "in int8-head",
    .bind = head_bind,
    .scratch_bytes = head_scratch_bytes,
    .run = head_run,
    .clear = head_clear,
};

/* ---- any ---- */

static gboolean make_head(const HrnetStepContext *context, HrnetStep *step)
{
    HeadState *state = g_new0(HeadState, 1);
    step->n_nodes = HRNET_HEAD_NODES;
    step->kind = &head_kind;
    step->state = state;
    head_bind(step, context, NULL);
    return hrnet_int8_head_plan_init(&state->plan, &state->args, context->n_threads);
}

static gboolean make_sum(const HrnetStepContext *context, HrnetStep *step)
{
    SumState *state = g_new0(SumState, 1);
    step->kind = &sum_kind;
    step->state = state;
    sum_bind(step, context, NULL);
    state->plan = hrnet_int8_sum_plan_new(&state->args, context->n_threads);
    return state->plan != NULL;
}

static gboolean make_bands(const HrnetStepContext *context, guint n_nodes, HrnetStep *step)
{
    step->n_nodes = n_nodes;
    step->kind = &band_kind;
    step->state = g_new0(BandState, 1);
    band_bind(step, context, NULL);
    return TRUE;
}

static gboolean make_conv(const HrnetStepContext *context, HrnetStep *step)
{
    step->kind = &conv_kind;
    step->state = g_new0(ConvState, 1);
    conv_bind(step, context, NULL);
    return TRUE;
}

gboolean hrnet_int8_step_make(const HrnetStepContext *context, guint first, HrnetStep *step)
{
    const HrnetNetwork *network = context->network;
    const HrnetBandGroup *group = hrnet_bands_of_node(network->bands, first);
    *step = (HrnetStep){ .first = first, .n_nodes = 1 };
    if (network->fused_head && first == network->graph->head)
        return make_head(context, step);
    if (group && group->first == first && bands_are_worth_it(context, group))
        return make_bands(context, group->n_nodes, step);
    if (hrnet_graph_node(network->graph, first)->type == HRNET_NODE_RESIZE_ADD)
        return make_sum(context, step);
    return make_conv(context, step);
}
