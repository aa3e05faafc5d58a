/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/int8_step.h"

#include "net/int8_network.h"
#include "ops/int8_sum.h"

static const HrnetNode *first_node(const HrnetStep *step, const HrnetStepContext *context)
{
    return hrnet_graph_node(context->network->graph, step->first);
}

static const gchar *int8_name(const HrnetStep *step)
{
    (void)step;
    return "int8";
}

/* ---- a convolution: of levels that it makes of the input first, of bytes; to bytes, to scores
 * ---- */

typedef struct {
    HrnetInt8ConvArgs args;
    HrnetInt8ConvPlan plan;
    const HrnetInt8LevelMap *levels; /* NULL = args.in is there */
    HrnetTensor input;
} ConvState;

/* Levels are the step's scratch. */
static void bind_input(ConvState *state, const HrnetStepContext *context, guint in,
                       gpointer scratch)
{
    state->args.in = context->quads[in];
    if (in != context->network->graph->input)
        return;
    state->input = context->tensors[in];
    state->levels = &context->network->int8->levels;
    state->args.in =
        hrnet_int8_levels_shape(state->levels, state->input.height, state->input.width);
    state->args.in.data = scratch;
}

static void conv_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    const HrnetNode *node = first_node(step, context);
    ConvState *state = step->state;
    state->args = (HrnetInt8ConvArgs){
        .layer = context->network->int8->layers[step->first],
        .out = context->quads[node->out],
    };
    bind_input(state, context, node->in, scratch);
    if (node->residual != HRNET_NO_TENSOR) {
        state->args.has_residual = true;
        state->args.residual = context->quads[node->residual];
    }
    if (node->out == context->network->graph->logits) {
        state->args.scores = context->tensors[node->out];
        state->args.out =
            hrnet_quads_shape(state->args.scores.channels, state->args.scores.height,
                              state->args.scores.width, context->network->int8->ranges[node->out]);
    }
    state->plan = hrnet_int8_conv_plan(&state->args, context->n_threads);
}

static gsize conv_scratch_bytes(const HrnetStep *step, const HrnetStepContext *context)
{
    const ConvState *state = step->state;
    gsize n_bytes = 0;
    (void)context;
    /* A few bytes a pixel of an input whose floats were counted before. */
    return state->levels && hrnet_quads_bytes(&state->args.in, &n_bytes) ? n_bytes : 0;
}

static void conv_run(const HrnetStep *step, HrnetWorkers *workers)
{
    const ConvState *state = step->state;
    if (state->levels)
        hrnet_int8_levels_run(state->levels, &state->input, &state->args.in, workers);
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

static void sum_bind(HrnetStep *step, const HrnetStepContext *context, gpointer scratch)
{
    const HrnetNode *node = first_node(step, context);
    SumState *state = step->state;
    state->args = (HrnetInt8SumArgs){
        .n_sources = node->n_sources,
        .out = context->quads[node->out],
        .mode = hrnet_network_resize_mode(context->network, node),
    };
    if (node->in != HRNET_NO_TENSOR) {
        state->args.has_base = true;
        state->args.base = context->quads[node->in];
    }
    for (guint s = 0; s < node->n_sources; s++)
        state->args.sources[s] = context->quads[node->sources[s]];
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

gboolean hrnet_int8_step_make(const HrnetStepContext *context, guint first, HrnetStep *step)
{
    *step = (HrnetStep){ .first = first, .n_nodes = 1 };
    if (hrnet_graph_node(context->network->graph, first)->type == HRNET_NODE_CONV) {
        step->kind = &conv_kind;
        step->state = g_new0(ConvState, 1);
        conv_bind(step, context, NULL);
        return TRUE;
    }
    SumState *state = g_new0(SumState, 1);
    step->kind = &sum_kind;
    step->state = state;
    sum_bind(step, context, NULL);
    state->plan = hrnet_int8_sum_plan_new(&state->args, context->n_threads);
    return state->plan != NULL;
}
