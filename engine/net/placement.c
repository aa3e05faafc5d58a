/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/placement.h"

#include "net/memory_plan.h"

#define NO_BUFFER G_MAXUINT

/* Which buffer a tensor lies in. A tensor that overwrites another shares its buffer. */
typedef struct {
    const HrnetPlacementArgs *args;
    GArray *buffers;       /* HrnetBuffer */
    guint *tensor_buffer;  /* by tensor number, NO_BUFFER = none */
    guint *scratch_buffer; /* by step, likewise */
    guint *last_use;       /* by tensor number: the step that reads it last */
} Placement;

static const HrnetStep *get_step(const Placement *p, guint s)
{
    return &g_array_index(p->args->steps, HrnetStep, s);
}

static void note_use(Placement *p, guint tensor, guint time)
{
    if (tensor != HRNET_NO_TENSOR)
        p->last_use[tensor] = time;
}

static void note_uses(Placement *p, const HrnetNode *node, guint time)
{
    note_use(p, node->in, time);
    note_use(p, node->residual, time);
    for (guint s = 0; s < node->n_sources; s++)
        note_use(p, node->sources[s], time);
}

static void find_last_uses(Placement *p)
{
    for (guint s = 0; s < p->args->steps->len; s++) {
        const HrnetStep *step = get_step(p, s);
        for (guint i = step->first; i < step->first + step->n_nodes; i++)
            note_uses(p, hrnet_graph_node(p->args->graph, i), s);
    }
    p->last_use[p->args->graph->logits] = p->args->steps->len;
}

static guint add_buffer(Placement *p, gsize n_bytes, guint first, guint last)
{
    const HrnetBuffer buffer = { .n_bytes = n_bytes, .first = first, .last = last };
    g_array_append_val(p->buffers, buffer);
    return p->buffers->len - 1;
}

static void add_tensor(Placement *p, guint tensor, guint first)
{
    p->tensor_buffer[tensor] =
        add_buffer(p, p->args->tensor_bytes[tensor], first, p->last_use[tensor]);
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

/* Where several nodes run as one nothing may be overwritten: a thread's rows are read by the next
 * thread as well. */
static void place_result(Placement *p, guint s, guint i)
{
    const HrnetStep *step = get_step(p, s);
    const HrnetNode *node = hrnet_graph_node(p->args->graph, i);
    if (hrnet_step_hides(p->args->graph, step, node->out))
        return;
    const guint taken = step->n_nodes > 1 ? HRNET_NO_TENSOR : overwritten_tensor(p, node, s);
    if (taken == HRNET_NO_TENSOR) {
        add_tensor(p, node->out, s);
        return;
    }
    const guint shared = p->tensor_buffer[taken];
    p->tensor_buffer[node->out] = shared;
    g_array_index(p->buffers, HrnetBuffer, shared).last = p->last_use[node->out];
}

static void place_all(Placement *p)
{
    add_tensor(p, p->args->graph->input, 0);
    for (guint s = 0; s < p->args->steps->len; s++) {
        const HrnetStep *step = get_step(p, s);
        for (guint i = step->first; i < step->first + step->n_nodes; i++)
            place_result(p, s, i);
    }
    for (guint s = 0; s < p->args->steps->len; s++)
        if (p->args->scratch_bytes[s] > 0)
            p->scratch_buffer[s] = add_buffer(p, p->args->scratch_bytes[s], s, s);
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
                              gsize *scratch_offsets, gsize *arena_bytes)
{
    const guint n_tensors = args->graph->tensors->len, n_steps = args->steps->len;
    g_autoptr(GArray) buffers = g_array_new(FALSE, FALSE, sizeof(HrnetBuffer));
    g_autofree guint *tensor_buffer = no_buffers(n_tensors);
    g_autofree guint *scratch_buffer = no_buffers(n_steps);
    g_autofree guint *last_use = g_new0(guint, n_tensors);
    Placement p = { args, buffers, tensor_buffer, scratch_buffer, last_use };
    find_last_uses(&p);
    place_all(&p);
    if (!hrnet_memory_plan((HrnetBuffer *)(void *)buffers->data, buffers->len, arena_bytes))
        return FALSE;
    get_offsets(&p, tensor_buffer, n_tensors, tensor_offsets);
    get_offsets(&p, scratch_buffer, n_steps, scratch_offsets);
    return TRUE;
}
