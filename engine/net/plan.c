/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/plan.h"

#include "net/placement.h"
#include "ops/head.h"
#include "ops/resize_twice.h"

#include <string.h>
#include <time.h>

/* Kernels may read a vector behind the end of what they were given. */
#define ARENA_SLACK_FLOATS 16

/* The overhead (hrnet_band_overhead()) from which a group's layers had better run one by one, each
 * spread over the threads as evenly as can be. */
#define OVERHEAD_MAX 0.125

/* A group of nodes that runs as one. */
typedef struct {
    HrnetBandArgs args;
    HrnetBandPlan plan;
} Band;

struct HrnetPlan {
    const HrnetNetwork *network;
    guint n_threads;
    HrnetTensor *tensors; /* by tensor number, in the arena */
    gfloat **scratch;     /* by node, in the arena; NULL where none is needed */
    GArray *groups;       /* HrnetBandGroup, those of the network's that run as one */
    Band *bands;          /* one a group */
    guint *band_of_node;  /* by node: its group's number from 1, 0 = none */
    gfloat *arena;
    gsize arena_floats;
};

/* The head's upsampling is named after the head. */
static gboolean is_exchange(const HrnetNode *node)
{
    return g_str_has_prefix(node->name, "stage");
}

static gboolean takes_two_steps(const HrnetPlan *plan, const HrnetNode *node)
{
    return plan->network->exchange_twice && is_exchange(node);
}

static HrnetResizeAddArgs resize_add_args(const HrnetPlan *plan, const HrnetNode *node)
{
    HrnetResizeAddArgs args = {
        .base = plan->tensors[node->in == HRNET_NO_TENSOR ? node->out : node->in],
        .n_sources = node->n_sources,
        .out = plan->tensors[node->out],
        .mode = is_exchange(node) ? plan->network->exchange_mode : plan->network->head_mode,
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
        .mode = network->head_mode,
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

static gboolean in_band(const HrnetPlan *plan, guint i)
{
    return plan->band_of_node[i] != 0;
}

/* The group that starts with node i, or NULL. */
static const Band *band_of_first(const HrnetPlan *plan, guint i)
{
    const guint g = plan->band_of_node[i];
    if (g == 0 || g_array_index(plan->groups, HrnetBandGroup, g - 1).first != i)
        return NULL;
    return &plan->bands[g - 1];
}

/* Takes those of the network's groups that this size and so many threads are worth it for. */
static void choose_groups(HrnetPlan *plan)
{
    const HrnetNetwork *network = plan->network;
    plan->groups = g_array_new(FALSE, FALSE, sizeof(HrnetBandGroup));
    plan->bands = g_new0(Band, network->bands->len);
    for (guint g = 0; g < network->bands->len; g++) {
        const HrnetBandGroup *group = &g_array_index(network->bands, HrnetBandGroup, g);
        const HrnetBandArgs args =
            hrnet_bands_args(network->graph, network->convs, group, plan->tensors);
        if (!hrnet_band_pays(&args, plan->n_threads))
            continue;
        const HrnetBandPlan band_plan = hrnet_band_plan(&args, plan->n_threads);
        if (hrnet_band_overhead(&args, &band_plan, plan->n_threads) > OVERHEAD_MAX)
            continue;
        plan->bands[plan->groups->len].plan = band_plan;
        g_array_append_val(plan->groups, *group);
        for (guint i = 0; i < group->n_nodes; i++)
            plan->band_of_node[group->first + i] = plan->groups->len;
    }
}

static gsize scratch_floats(const HrnetPlan *plan, guint i)
{
    const HrnetNode *node = hrnet_graph_node(plan->network->graph, i);
    if (in_fused_head(plan, i)) {
        const HrnetHeadArgs args = head_args(plan);
        return i == plan->network->graph->head ? hrnet_head_scratch_floats(&args, plan->n_threads)
                                               : 0;
    }
    if (in_band(plan, i)) {
        const Band *band = band_of_first(plan, i);
        return band ? band->plan.thread_floats * plan->n_threads : 0;
    }
    if (node->type == HRNET_NODE_RESIZE_ADD) {
        const HrnetResizeAddArgs args = resize_add_args(plan, node);
        return takes_two_steps(plan, node)
                   ? hrnet_resize_twice_scratch_floats(&args, plan->n_threads)
                   : hrnet_resize_add_scratch_floats(&args, plan->n_threads);
    }
    const HrnetTensor *in = &plan->tensors[node->in];
    return hrnet_conv_scratch_floats(plan->network->convs[i], in->height, in->width,
                                     plan->n_threads);
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

static gfloat *arena_at(const HrnetPlan *plan, gsize offset)
{
    return offset == HRNET_NOT_PLACED ? NULL : plan->arena + offset;
}

/* FALSE if there is no memory. */
static gboolean allocate_arena(HrnetPlan *plan, const gsize *tensor_offsets,
                               const gsize *scratch_offsets)
{
    const HrnetNetwork *network = plan->network;
    gsize n_bytes;
    if (!hrnet_checked_add(plan->arena_floats, ARENA_SLACK_FLOATS, &plan->arena_floats) ||
        !hrnet_checked_mul(plan->arena_floats, sizeof(gfloat), &n_bytes))
        return FALSE;
    plan->arena = hrnet_aligned_alloc(n_bytes);
    if (!plan->arena)
        return FALSE;
    for (guint i = 0; i < network->graph->tensors->len; i++)
        plan->tensors[i].data = arena_at(plan, tensor_offsets[i]);
    for (guint i = 0; i < network->graph->nodes->len; i++)
        plan->scratch[i] = arena_at(plan, scratch_offsets[i]);
    for (guint g = 0; g < plan->groups->len; g++)
        plan->bands[g].args =
            hrnet_bands_args(network->graph, network->convs,
                             &g_array_index(plan->groups, HrnetBandGroup, g), plan->tensors);
    return TRUE;
}

static gboolean place_all(HrnetPlan *plan)
{
    const HrnetGraph *graph = plan->network->graph;
    g_autofree gsize *scratch_sizes = g_new(gsize, graph->nodes->len);
    g_autofree gsize *scratch_offsets = g_new(gsize, graph->nodes->len);
    g_autofree gsize *tensor_offsets = g_new(gsize, graph->tensors->len);
    for (guint i = 0; i < graph->nodes->len; i++)
        scratch_sizes[i] = scratch_floats(plan, i);
    const HrnetPlacementArgs args = {
        .graph = graph,
        .bands = plan->groups,
        .fused_head = plan->network->fused_head ? graph->head : HRNET_NO_NODE,
        .tensors = plan->tensors,
        .scratch_floats = scratch_sizes,
    };
    return hrnet_placement_make(&args, tensor_offsets, scratch_offsets, &plan->arena_floats) &&
           allocate_arena(plan, tensor_offsets, scratch_offsets);
}

HrnetPlan *hrnet_plan_new(const HrnetNetwork *network, guint height, guint width, guint n_threads)
{
    const HrnetGraph *graph = network->graph;
    HrnetPlan *plan = g_new0(HrnetPlan, 1);
    plan->network = network;
    plan->n_threads = n_threads;
    plan->tensors = g_new0(HrnetTensor, graph->tensors->len);
    plan->scratch = g_new0(gfloat *, graph->nodes->len);
    plan->band_of_node = g_new0(guint, graph->nodes->len);
    gboolean good = shape_tensors(plan, height, width);
    if (good) {
        choose_groups(plan);
        good = place_all(plan);
    }
    if (!good)
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
    if (plan->groups)
        g_array_unref(plan->groups);
    g_free(plan->bands);
    g_free(plan->band_of_node);
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

const gchar *hrnet_plan_algorithm_name(const HrnetPlan *plan, guint i)
{
    if (in_fused_head(plan, i))
        return i == plan->network->graph->head ? "head" : "in head";
    if (in_band(plan, i))
        return band_of_first(plan, i) ? "band" : "in band";
    if (!plan->network->convs[i])
        return "resize-add";
    return hrnet_conv_algorithm_name(hrnet_conv_algorithm(plan->network->convs[i]));
}

static void run_resize_add(HrnetPlan *plan, const HrnetNode *node, gfloat *scratch,
                           HrnetWorkers *workers)
{
    HrnetResizeAddArgs args = resize_add_args(plan, node);
    args.scratch = scratch;
    if (node->in == HRNET_NO_TENSOR)
        memset(args.out.data, 0, args.out.channels * args.out.plane_floats * sizeof(gfloat));
    if (takes_two_steps(plan, node))
        hrnet_resize_twice_run(&args, plan->n_threads, workers);
    else
        hrnet_resize_add_run(&args, workers);
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
    if (in_band(plan, i)) {
        const Band *band = band_of_first(plan, i);
        if (band)
            hrnet_band_run(&band->args, &band->plan, plan->scratch[i], workers);
        return;
    }
    if (node->type == HRNET_NODE_RESIZE_ADD) {
        run_resize_add(plan, node, plan->scratch[i], workers);
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
