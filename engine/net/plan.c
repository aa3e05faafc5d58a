/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/plan.h"

#include "net/placement.h"
#include "net/step.h"

#include "ops/quads.h"

#include <string.h>
#include <time.h>

/* Kernels may read a vector behind the end of what they were given. */
#define ARENA_SLACK_BYTES 64

struct HrnetPlan {
    const HrnetNetwork *network;
    guint n_threads;
    /* By tensor number, in the arena: of floats, without data where they are of bytes ... */
    HrnetTensor *tensors;
    HrnetQuads *quads;   /* ... and those */
    GArray *steps;       /* HrnetStep */
    gsize *tensor_bytes; /* likewise */
    guint8 *arena;
    gsize arena_bytes;
};

static HrnetStep *plan_step(const HrnetPlan *plan, guint s)
{
    return &g_array_index(plan->steps, HrnetStep, s);
}

static HrnetStepContext plan_context(const HrnetPlan *plan)
{
    return (HrnetStepContext){ plan->network, plan->tensors, plan->quads, plan->n_threads };
}

static void clear_step(gpointer step)
{
    hrnet_step_clear(step);
}

/* FALSE if there is no memory. */
static gboolean make_steps(HrnetPlan *plan)
{
    gboolean good = TRUE;
    const HrnetStepContext context = plan_context(plan);
    for (guint i = 0; good && i < plan->network->graph->nodes->len;) {
        HrnetStep step;
        good = hrnet_step_make(&context, i, &step);
        g_array_append_val(plan->steps, step);
        i += step.n_nodes;
    }
    return good;
}

static gboolean is_bytes(const HrnetPlan *plan, guint tensor)
{
    const HrnetGraph *graph = plan->network->graph;
    return plan->network->int8 && tensor != graph->logits;
}

static HrnetQuads quads_shape(const HrnetPlan *plan, guint tensor)
{
    const HrnetInt8Network *int8 = plan->network->int8;
    const HrnetTensor *shape = &plan->tensors[tensor];
    if (tensor == plan->network->graph->input)
        return hrnet_int8_levels_shape(&int8->levels, shape->height, shape->width);
    return hrnet_quads_shape(shape->channels, shape->height, shape->width, int8->ranges[tensor]);
}

/* Shapes of all tensors. FALSE if a size overflows. */
static gboolean shape_tensors(HrnetPlan *plan, guint height, guint width)
{
    const HrnetGraph *graph = plan->network->graph;
    for (guint i = 0; i < graph->tensors->len; i++) {
        const HrnetGraphTensor *tensor = hrnet_graph_tensor(graph, i);
        guint h, w;
        hrnet_graph_tensor_size(tensor, height, width, &h, &w);
        const gsize plane_floats = hrnet_tensor_plane_floats(h, w);
        gsize plane_bytes;
        plan->tensors[i] = (HrnetTensor){ NULL, tensor->channels, h, w, plane_floats };
        if (is_bytes(plan, i)) {
            plan->quads[i] = quads_shape(plan, i);
            if (!hrnet_quads_bytes(&plan->quads[i], &plan->tensor_bytes[i]))
                return FALSE;
        } else if (!hrnet_checked_mul(plane_floats, sizeof(gfloat), &plane_bytes) ||
                   !hrnet_checked_mul(plane_bytes, tensor->channels, &plan->tensor_bytes[i])) {
            return FALSE;
        }
    }
    return TRUE;
}

static gpointer arena_at(const HrnetPlan *plan, gsize offset)
{
    return offset == HRNET_NOT_PLACED ? NULL : plan->arena + offset;
}

/* FALSE if there is no memory. */
static gboolean allocate_arena(HrnetPlan *plan, const gsize *tensor_offsets,
                               const gsize *scratch_offsets)
{
    const HrnetNetwork *network = plan->network;
    if (!hrnet_checked_add(plan->arena_bytes, ARENA_SLACK_BYTES, &plan->arena_bytes))
        return FALSE;
    plan->arena = hrnet_aligned_alloc(plan->arena_bytes);
    if (!plan->arena)
        return FALSE;
    for (guint i = 0; i < network->graph->tensors->len; i++)
        if (is_bytes(plan, i))
            plan->quads[i].data = arena_at(plan, tensor_offsets[i]);
        else
            plan->tensors[i].data = arena_at(plan, tensor_offsets[i]);
    const HrnetStepContext context = plan_context(plan);
    for (guint s = 0; s < plan->steps->len; s++) {
        HrnetStep *step = plan_step(plan, s);
        step->kind->bind(step, &context, arena_at(plan, scratch_offsets[s]));
    }
    return TRUE;
}

static gboolean place_all(HrnetPlan *plan)
{
    const HrnetGraph *graph = plan->network->graph;
    const HrnetStepContext context = plan_context(plan);
    g_autofree gsize *scratch_sizes = g_new(gsize, plan->steps->len);
    g_autofree gsize *scratch_offsets = g_new(gsize, plan->steps->len);
    g_autofree gsize *tensor_offsets = g_new(gsize, graph->tensors->len);
    for (guint s = 0; s < plan->steps->len; s++) {
        const HrnetStep *step = plan_step(plan, s);
        scratch_sizes[s] = step->kind->scratch_bytes(step, &context);
    }
    const HrnetPlacementArgs args = {
        .graph = graph,
        .steps = plan->steps,
        .tensor_bytes = plan->tensor_bytes,
        .scratch_bytes = scratch_sizes,
    };
    return hrnet_placement_make(&args, tensor_offsets, scratch_offsets, &plan->arena_bytes) &&
           allocate_arena(plan, tensor_offsets, scratch_offsets);
}

HrnetPlan *hrnet_plan_new(const HrnetNetwork *network, guint height, guint width, guint n_threads)
{
    const HrnetGraph *graph = network->graph;
    HrnetPlan *plan = g_new0(HrnetPlan, 1);
    plan->network = network;
    plan->n_threads = n_threads;
    plan->tensors = g_new0(HrnetTensor, graph->tensors->len);
    plan->tensor_bytes = g_new0(gsize, graph->tensors->len);
    plan->steps = g_array_new(FALSE, FALSE, sizeof(HrnetStep));
    g_array_set_clear_func(plan->steps, clear_step);
    plan->quads = g_new0(HrnetQuads, graph->tensors->len);
    if (!shape_tensors(plan, height, width) || !make_steps(plan) || !place_all(plan))
        g_clear_pointer(&plan, hrnet_plan_free);
    return plan;
}

void hrnet_plan_free(HrnetPlan *plan)
{
    if (!plan)
        return;
    hrnet_aligned_free(plan->arena);
    g_free(plan->tensors);
    g_free(plan->tensor_bytes);
    g_free(plan->quads);
    g_array_unref(plan->steps);
    g_free(plan);
}

HrnetTensor hrnet_plan_input(const HrnetPlan *plan)
{
    return plan->tensors[plan->network->graph->input];
}

HrnetQuads hrnet_plan_levels(const HrnetPlan *plan)
{
    return plan->quads[plan->network->graph->input];
}

HrnetTensor hrnet_plan_logits(const HrnetPlan *plan)
{
    return plan->tensors[plan->network->graph->logits];
}

gsize hrnet_plan_arena_bytes(const HrnetPlan *plan)
{
    return plan->arena_bytes;
}

const gchar *hrnet_plan_algorithm_name(const HrnetPlan *plan, guint i)
{
    guint s = 0;
    while (i >= plan_step(plan, s)->first + plan_step(plan, s)->n_nodes)
        s++;
    const HrnetStep *step = plan_step(plan, s);
    return i == step->first ? step->kind->name(step) : step->kind->inner_name;
}

static guint64 now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (guint64)now.tv_sec * 1000000000u + (guint64)now.tv_nsec;
}

void hrnet_plan_run_observed(HrnetPlan *plan, HrnetWorkers *workers, HrnetPlanObserver observer,
                             gpointer data)
{
    for (guint s = 0; s < plan->steps->len; s++) {
        const HrnetStep *step = plan_step(plan, s);
        const guint last = step->first + step->n_nodes - 1;
        step->kind->run(step, workers);
        observer(last, &plan->tensors[hrnet_graph_node(plan->network->graph, last)->out], data);
    }
}

void hrnet_plan_run(HrnetPlan *plan, HrnetWorkers *workers, guint64 *node_ns)
{
    if (node_ns)
        memset(node_ns, 0, plan->network->graph->nodes->len * sizeof *node_ns);
    for (guint s = 0; s < plan->steps->len; s++) {
        const HrnetStep *step = plan_step(plan, s);
        const guint64 start = node_ns ? now_ns() : 0;
        step->kind->run(step, workers);
        if (node_ns)
            node_ns[step->first] = now_ns() - start;
    }
}
