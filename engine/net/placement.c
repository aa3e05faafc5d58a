/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/placement.h"

#include "net/memory_plan.h"

#define NO_BUFFER G_MAXUINT

/* Which buffer a tensor lies in. A tensor that overwrites another shares its buffer. */
typedef struct {
    const HrnetPlacementArgs *args;
    GArray *buffers;       /* HrnetBuffer */
    guint *tensor_buffer;  /* by tensor number, NO_BUFFER = none */
    guint *scratch_buffer; /* by node, likewise */
    guint *last_use;       /* by tensor number: when it is read for the last time */
} Placement;

/* When node i runs: a group's nodes all with the first. */
static guint node_time(const Placement *p, guint i)
{
    const HrnetBandGroup *group = hrnet_bands_of_node(p->args->bands, i);
    return group ? group->first : i;
}

static void note_use(Placement *p, guint tensor, guint time)
{
    if (tensor != HRNET_NO_TENSOR)
        p->last_use[tensor] = time;
}

static void find_last_uses(Placement *p)
{
    const guint n_nodes = p->args->graph->nodes->len;
    for (guint i = 0; i < n_nodes; i++) {
        const HrnetNode *node = hrnet_graph_node(p->args->graph, i);
        const guint time = node_time(p, i);
        note_use(p, node->in, time);
        note_use(p, node->residual, time);
        for (guint s = 0; s < node->n_sources; s++)
            note_use(p, node->sources[s], time);
    }
    p->last_use[p->args->graph->logits] = n_nodes;
}

static guint add_buffer(Placement *p, gsize n_floats, guint first, guint last)
{
    const HrnetBuffer buffer = { .n_floats = n_floats, .first = first, .last = last };
    g_array_append_val(p->buffers, buffer);
    return p->buffers->len - 1;
}

static void add_tensor(Placement *p, guint tensor, guint first)
{
    const HrnetTensor *shape = &p->args->tensors[tensor];
    p->tensor_buffer[tensor] =
        add_buffer(p, shape->plane_floats * shape->channels, first, p->last_use[tensor]);
}

/* The tensor whose memory the node's result may take over, or HRNET_NO_TENSOR. */
static guint overwritten_tensor(const Placement *p, const HrnetNode *node, guint time)
{
    const guint tensor = node->type == HRNET_NODE_CONV ? node->residual : node->in;
    if (!node->may_overwrite || tensor == HRNET_NO_TENSOR || p->last_use[tensor] != time)
        return HRNET_NO_TENSOR;
    if (node->type == HRNET_NODE_CONV && tensor == node->in)
        return HRNET_NO_TENSOR;
    return tensor;
}

/* In a group nothing may be overwritten: a thread's rows are read by the next thread as well. */
static void place_result(Placement *p, guint i)
{
    const HrnetGraph *graph = p->args->graph;
    const HrnetNode *node = hrnet_graph_node(graph, i);
    const HrnetBandGroup *group = hrnet_bands_of_node(p->args->bands, i);
    if (group && hrnet_bands_is_inner(graph, group, node->out))
        return;
    const guint taken = group ? HRNET_NO_TENSOR : overwritten_tensor(p, node, i);
    if (taken == HRNET_NO_TENSOR) {
        add_tensor(p, node->out, node_time(p, i));
        return;
    }
    const guint shared = p->tensor_buffer[taken];
    p->tensor_buffer[node->out] = shared;
    g_array_index(p->buffers, HrnetBuffer, shared).last = p->last_use[node->out];
}

static void place_all(Placement *p)
{
    const HrnetGraph *graph = p->args->graph;
    const guint n_nodes = graph->nodes->len;
    const guint n_plain = p->args->fused_head == HRNET_NO_NODE ? n_nodes : p->args->fused_head;
    add_tensor(p, graph->input, 0);
    for (guint i = 0; i < n_plain; i++)
        place_result(p, i);
    if (n_plain < n_nodes)
        add_tensor(p, graph->logits, n_plain);
    for (guint i = 0; i < n_nodes; i++)
        if (p->args->scratch_floats[i] > 0)
            p->scratch_buffer[i] = add_buffer(p, p->args->scratch_floats[i], i, i);
}

static void get_offsets(const Placement *p, const guint *buffers, guint n, gsize *offsets)
{
    for (guint i = 0; i < n; i++)
        offsets[i] = buffers[i] == NO_BUFFER
                         ? HRNET_NOT_PLACED
                         : g_array_index(p->buffers, HrnetBuffer, buffers[i]).offset;
}

static guint *no_buffers(guint n)
{
    guint *buffers = g_new(guint, n);
    for (guint i = 0; i < n; i++)
        buffers[i] = NO_BUFFER;
    return buffers;
}

gboolean hrnet_placement_make(const HrnetPlacementArgs *args, gsize *tensor_offsets,
                              gsize *scratch_offsets, gsize *arena_floats)
{
    const guint n_tensors = args->graph->tensors->len, n_nodes = args->graph->nodes->len;
    g_autoptr(GArray) buffers = g_array_new(FALSE, FALSE, sizeof(HrnetBuffer));
    g_autofree guint *tensor_buffer = no_buffers(n_tensors);
    g_autofree guint *scratch_buffer = no_buffers(n_nodes);
    g_autofree guint *last_use = g_new0(guint, n_tensors);
    Placement p = { args, buffers, tensor_buffer, scratch_buffer, last_use };
    find_last_uses(&p);
    place_all(&p);
    if (!hrnet_memory_plan((HrnetBuffer *)(void *)buffers->data, buffers->len, arena_floats))
        return FALSE;
    get_offsets(&p, tensor_buffer, n_tensors, tensor_offsets);
    get_offsets(&p, scratch_buffer, n_nodes, scratch_offsets);
    return TRUE;
}
