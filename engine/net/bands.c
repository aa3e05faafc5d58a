/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/bands.h"

static gboolean in_group(const HrnetBandGroup *group, guint i)
{
    return i >= group->first && i < group->first + group->n_nodes;
}

static gboolean reads(const HrnetNode *node, guint tensor)
{
    for (guint s = 0; s < node->n_sources; s++)
        if (node->sources[s] == tensor)
            return TRUE;
    return node->in == tensor || node->residual == tensor;
}

/* Whether any node outside (inside) of the group reads the tensor. */
static gboolean is_read(const HrnetGraph *graph, const HrnetBandGroup *group, guint tensor,
                        gboolean inside)
{
    for (guint i = 0; i < graph->nodes->len; i++)
        if (in_group(group, i) == inside && reads(hrnet_graph_node(graph, i), tensor))
            return TRUE;
    return FALSE;
}

gboolean hrnet_bands_is_inner(const HrnetGraph *graph, const HrnetBandGroup *group, guint tensor)
{
    for (guint i = group->first; i < group->first + group->n_nodes; i++)
        if (hrnet_graph_node(graph, i)->out == tensor)
            return tensor != graph->logits && !is_read(graph, group, tensor, FALSE);
    return FALSE;
}

static gboolean knows_rows(const HrnetNetwork *network, guint i)
{
    if (network->int8)
        return network->int8->layers[i] != NULL;
    return network->convs[i] && hrnet_conv_row_step(network->convs[i]) > 0;
}

static gboolean can_run(const HrnetNetwork *network, const HrnetBandGroup *group)
{
    const HrnetGraph *graph = network->graph;
    if (group->n_nodes < 2 || group->n_nodes > HRNET_BAND_MAX_STEPS)
        return FALSE;
    for (guint i = group->first; i < group->first + group->n_nodes; i++) {
        const guint out = hrnet_graph_node(graph, i)->out;
        if (!knows_rows(network, i))
            return FALSE;
        if (!hrnet_bands_is_inner(graph, group, out) && is_read(graph, group, out, TRUE))
            return FALSE;
    }
    return TRUE;
}

GArray *hrnet_bands_find(const HrnetNetwork *network)
{
    const HrnetGraph *graph = network->graph;
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(HrnetBandGroup));
    const guint n_nodes = graph->nodes->len;
    for (guint i = 0; i < n_nodes;) {
        const guint number = hrnet_graph_node(graph, i)->group;
        HrnetBandGroup group = { i, 1 };
        while (++i < n_nodes && number && hrnet_graph_node(graph, i)->group == number)
            group.n_nodes++;
        if (can_run(network, &group))
            g_array_append_val(groups, group);
    }
    return groups;
}

const HrnetBandGroup *hrnet_bands_of_node(const GArray *groups, guint i)
{
    for (guint g = 0; g < groups->len; g++) {
        const HrnetBandGroup *group = &g_array_index(groups, HrnetBandGroup, g);
        if (in_group(group, i))
            return group;
    }
    return NULL;
}

/* Tensors of the graph that a pass has so far, numbered as in its arguments. */
typedef struct {
    HrnetBandArgs args;
    guint numbers[HRNET_BAND_MAX_TENSORS];
    const HrnetTensor *tensors;
    const HrnetQuads *quads;
} Pass;

/* The number in the arguments of a tensor of the graph, which is added where it is new. */
static unsigned number_tensor(Pass *pass, guint tensor, gboolean inner)
{
    HrnetBandArgs *args = &pass->args;
    for (unsigned t = 0; t < args->n_tensors; t++)
        if (pass->numbers[t] == tensor)
            return t;
    g_assert(args->n_tensors < HRNET_BAND_MAX_TENSORS);
    pass->numbers[args->n_tensors] = tensor;
    args->tensors[args->n_tensors].tensor = pass->tensors[tensor];
    args->tensors[args->n_tensors].quads = pass->quads[tensor];
    args->tensors[args->n_tensors].inner = inner;
    return args->n_tensors++;
}

HrnetBandArgs hrnet_bands_args(const HrnetNetwork *network, const HrnetBandGroup *group,
                               const HrnetTensor *tensors, const HrnetQuads *quads)
{
    Pass pass = { .args.n_steps = group->n_nodes, .tensors = tensors, .quads = quads };
    for (unsigned s = 0; s < group->n_nodes; s++) {
        const guint i = group->first + s;
        const HrnetNode *node = hrnet_graph_node(network->graph, i);
        HrnetBandStep *step = &pass.args.steps[s];
        const gboolean inner = hrnet_bands_is_inner(network->graph, group, node->out);
        step->conv = network->convs[i];
        step->layer = network->int8 ? network->int8->layers[i] : NULL;
        step->relu = node->relu;
        step->in = number_tensor(&pass, node->in, FALSE);
        step->residual = HRNET_BAND_NO_TENSOR;
        if (node->residual != HRNET_NO_TENSOR)
            step->residual = number_tensor(&pass, node->residual, FALSE);
        step->out = number_tensor(&pass, node->out, inner);
    }
    return pass.args;
}
