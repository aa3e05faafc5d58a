/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/plan.h"

#include "net/memory_plan.h"
#include "ops/head.h"

#include <time.h>

#define NO_BUFFER G_MAXUINT

/* Kernels may read a vector behind the end of what they were given. */
#define ARENA_SLACK_FLOATS 16

struct HrnetPlan {
    const HrnetNetwork *network;
    guint n_threads;
    HrnetTensor *tensors; /* by tensor number, in the arena */
    gfloat **scratch;     /* by node, in the arena; NULL where none is needed */
    gfloat *arena;
    gsize arena_floats;
};

/* While planning: which buffer a tensor lies in. A tensor that overwrites another shares its
 * buffer. */
typedef struct {
    const HrnetGraph *graph;
    guint fused_head;      /* the node that does the two behind it as well, up to the logits; or
                              HRNET_NO_NODE */
    GArray *buffers;       /* HrnetBuffer */
    guint *tensor_buffer;  /* by tensor number */
    guint *scratch_buffer; /* by node, NO_BUFFER = none */
    guint *last_use;       /* by tensor number: the last node that reads it */
} Planner;

static void note_use(Planner *planner, guint tensor, guint node)
{
    if (tensor != HRNET_NO_TENSOR)
        planner->last_use[tensor] = node;
}

static void find_last_uses(Planner *planner)
{
    const guint n_nodes = planner->graph->nodes->len;
    for (guint i = 0; i < n_nodes; i++) {
        const HrnetNode *node = hrnet_graph_node(planner->graph, i);
        note_use(planner, node->in, i);
        note_use(planner, node->residual, i);
        for (guint s = 0; s < node->n_sources; s++)
            note_use(planner, node->sources[s], i);
    }
    planner->last_use[planner->graph->logits] = n_nodes;
}

static guint add_buffer(Planner *planner, gsize n_floats, guint first, guint last)
{
    const HrnetBuffer buffer = { .n_floats = n_floats, .first = first, .last = last };
    g_array_append_val(planner->buffers, buffer);
    return planner->buffers->len - 1;
}

/* The tensor whose memory the node's result may take over, or HRNET_NO_TENSOR. */
static guint overwritten_tensor(const Planner *planner, const HrnetNode *node, guint step)
{
    const guint tensor = node->type == HRNET_NODE_CONV ? node->residual : node->in;
    if (!node->may_overwrite || tensor == HRNET_NO_TENSOR || planner->last_use[tensor] != step)
        return HRNET_NO_TENSOR;
    if (node->type == HRNET_NODE_CONV && tensor == node->in)
        return HRNET_NO_TENSOR;
    return tensor;
}

static gsize tensor_floats(const HrnetTensor *tensor)
{
    return tensor->plane_floats * tensor->channels;
}

static void place_tensors(Planner *planner, const HrnetTensor *tensors)
{
    const HrnetGraph *graph = planner->graph;
    planner->tensor_buffer[graph->input] = add_buffer(
        planner, tensor_floats(&tensors[graph->input]), 0, planner->last_use[graph->input]);
    const guint n_nodes = graph->nodes->len;
    const guint n_plain = planner->fused_head == HRNET_NO_NODE ? n_nodes : planner->fused_head;
    for (guint i = 0; i < n_plain; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        const guint taken = overwritten_tensor(planner, node, i);
        const guint last = planner->last_use[node->out];
        if (taken == HRNET_NO_TENSOR) {
            planner->tensor_buffer[node->out] =
                add_buffer(planner, tensor_floats(&tensors[node->out]), i, last);
        } else {
            const guint shared = planner->tensor_buffer[taken];
            planner->tensor_buffer[node->out] = shared;
            g_array_index(planner->buffers, HrnetBuffer, shared).last = last;
        }
    }
    if (n_plain < n_nodes)
        planner->tensor_buffer[graph->logits] =
            add_buffer(planner, tensor_floats(&tensors[graph->logits]), n_plain, n_nodes);
}

static HrnetResizeAddArgs resize_add_args(const HrnetPlan *plan, const HrnetNode *node)
{
    HrnetResizeAddArgs args = {
        .base = plan->tensors[node->in],
        .n_sources = node->n_sources,
        .out = plan->tensors[node->out],
        .mode = plan->network->exchange_mode,
        .relu = node->relu,
    };
    for (guint s = 0; s < node->n_sources; s++)
        args.sources[s] = plan->tensors[node->sources[s]];
    return args;
}

/* The head's three nodes as one. */
static HrnetHeadArgs head_args(const HrnetPlan *plan)
{
    const HrnetNetwork *network = plan->network;
    const guint head = network->graph->head;
    const HrnetNode *sum = hrnet_graph_node(network->graph, head + 1);
    HrnetHeadArgs args = {
        .projection = network->convs[head],
        .classifier = network->convs[head + 2],
        .in = plan->tensors[hrnet_graph_node(network->graph, head)->in],
        .n_sources = sum->n_sources,
        .mode = network->exchange_mode,
        .logits = plan->tensors[network->graph->logits],
        .scratch = plan->scratch[head],
    };
    for (guint s = 0; s < sum->n_sources; s++)
        args.sources[s] = plan->tensors[sum->sources[s]];
    return args;
}

static gboolean in_fused_head(const HrnetPlan *plan, guint i)
{
    return plan->network->fused_head && i >= plan->network->graph->head;
}

static gsize scratch_floats(const HrnetPlan *plan, guint i)
{
    const HrnetNode *node = hrnet_graph_node(plan->network->graph, i);
    if (in_fused_head(plan, i)) {
        const HrnetHeadArgs args = head_args(plan);
        return i == plan->network->graph->head ? hrnet_head_scratch_floats(&args, plan->n_threads)
                                               : 0;
    }
    if (node->type == HRNET_NODE_RESIZE_ADD) {
        const HrnetResizeAddArgs args = resize_add_args(plan, node);
        return hrnet_resize_add_scratch_floats(&args, plan->n_threads);
    }
    const HrnetTensor *in = &plan->tensors[node->in];
    return hrnet_conv_scratch_floats(plan->network->convs[i], in->height, in->width,
                                     plan->n_threads);
}

static void place_scratch(Planner *planner, const HrnetPlan *plan)
{
    for (guint i = 0; i < planner->graph->nodes->len; i++) {
        const gsize n_floats = scratch_floats(plan, i);
        planner->scratch_buffer[i] = n_floats > 0 ? add_buffer(planner, n_floats, i, i) : NO_BUFFER;
    }
}

/* Shapes of all tensors. FALSE if a size overflows. */
static gboolean shape_tensors(HrnetPlan *plan, guint height, guint width)
{
    const HrnetGraph *graph = plan->network->graph;
    for (guint i = 0; i < graph->tensors->len; i++) {
        const HrnetGraphTensor *tensor = hrnet_graph_tensor(graph, i);
        const guint h = hrnet_graph_level_size(height, tensor->level);
        const guint w = hrnet_graph_level_size(width, tensor->level);
        const gsize plane_floats = hrnet_tensor_plane_floats(h, w);
        gsize n_floats;
        if (!hrnet_checked_mul(plane_floats, tensor->channels, &n_floats))
            return FALSE;
        plan->tensors[i] = (HrnetTensor){ NULL, tensor->channels, h, w, plane_floats };
    }
    return TRUE;
}

static gfloat *buffer_memory(const HrnetPlan *plan, const Planner *planner, guint buffer)
{
    return buffer == NO_BUFFER
               ? NULL
               : plan->arena + g_array_index(planner->buffers, HrnetBuffer, buffer).offset;
}

static gboolean allocate_arena(HrnetPlan *plan, Planner *planner)
{
    gsize n_bytes;
    if (!hrnet_memory_plan((HrnetBuffer *)(void *)planner->buffers->data, planner->buffers->len,
                           &plan->arena_floats) ||
        !hrnet_checked_add(plan->arena_floats, ARENA_SLACK_FLOATS, &plan->arena_floats) ||
        !hrnet_checked_mul(plan->arena_floats, sizeof(gfloat), &n_bytes))
        return FALSE;
    plan->arena = hrnet_aligned_alloc(n_bytes);
    if (!plan->arena)
        return FALSE;
    for (guint i = 0; i < planner->graph->tensors->len; i++)
        plan->tensors[i].data = buffer_memory(plan, planner, planner->tensor_buffer[i]);
    for (guint i = 0; i < planner->graph->nodes->len; i++)
        plan->scratch[i] = buffer_memory(plan, planner, planner->scratch_buffer[i]);
    return TRUE;
}

HrnetPlan *hrnet_plan_new(const HrnetNetwork *network, guint height, guint width, guint n_threads)
{
    const HrnetGraph *graph = network->graph;
    HrnetPlan *plan = g_new0(HrnetPlan, 1);
    plan->network = network;
    plan->n_threads = n_threads;
    plan->tensors = g_new0(HrnetTensor, graph->tensors->len);
    plan->scratch = g_new0(gfloat *, graph->nodes->len);

    Planner planner = {
        .graph = graph,
        .fused_head = network->fused_head ? graph->head : HRNET_NO_NODE,
        .buffers = g_array_new(FALSE, FALSE, sizeof(HrnetBuffer)),
        .tensor_buffer = g_new0(guint, graph->tensors->len),
        .scratch_buffer = g_new0(guint, graph->nodes->len),
        .last_use = g_new0(guint, graph->tensors->len),
    };
    for (guint i = 0; i < graph->tensors->len; i++)
        planner.tensor_buffer[i] = NO_BUFFER; /* what a fused head never writes down stays so */
    gboolean ok = shape_tensors(plan, height, width);
    if (ok) {
        find_last_uses(&planner);
        place_tensors(&planner, plan->tensors);
        place_scratch(&planner, plan);
        ok = allocate_arena(plan, &planner);
    }
    g_array_unref(planner.buffers);
    g_free(planner.tensor_buffer);
    g_free(planner.scratch_buffer);
    g_free(planner.last_use);
    if (!ok)
        g_clear_pointer(&plan, hrnet_plan_free);
    return plan;
}

void hrnet_plan_free(HrnetPlan *plan)
{
    if (!plan)
        return;
    hrnet_aligned_free(plan->arena);
    g_free(plan->tensors);
    g_free(plan->scratch);
    g_free(plan);
}

HrnetTensor hrnet_plan_input(const HrnetPlan *plan)
{
    return plan->tensors[plan->network->graph->input];
}

HrnetTensor hrnet_plan_logits(const HrnetPlan *plan)
{
    return plan->tensors[plan->network->graph->logits];
}

gsize hrnet_plan_arena_bytes(const HrnetPlan *plan)
{
    return plan->arena_floats * sizeof(gfloat);
}

static void run_node(HrnetPlan *plan, guint i, HrnetWorkers *workers)
{
    const HrnetNode *node = hrnet_graph_node(plan->network->graph, i);
    if (in_fused_head(plan, i)) {
        const HrnetHeadArgs args = head_args(plan);
        if (i == plan->network->graph->head)
            hrnet_head_run(&args, workers);
        return;
    }
    if (node->type == HRNET_NODE_RESIZE_ADD) {
        HrnetResizeAddArgs args = resize_add_args(plan, node);
        args.scratch = plan->scratch[i];
        hrnet_resize_add_run(&args, workers);
        return;
    }
    const HrnetConvArgs args = {
        .in = plan->tensors[node->in],
        .out = plan->tensors[node->out],
        .residual = node->residual == HRNET_NO_TENSOR ? NULL : &plan->tensors[node->residual],
        .relu = node->relu,
        .scratch = plan->scratch[i],
    };
    hrnet_conv_run(plan->network->convs[i], &args, workers);
}

static guint64 now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (guint64)now.tv_sec * 1000000000u + (guint64)now.tv_nsec;
}

void hrnet_plan_run(HrnetPlan *plan, HrnetWorkers *workers, guint64 *node_ns)
{
    for (guint i = 0; i < plan->network->graph->nodes->len; i++) {
        const guint64 start = node_ns ? now_ns() : 0;
        run_node(plan, i, workers);
        if (node_ns)
            node_ns[i] = now_ns() - start;
    }
}
