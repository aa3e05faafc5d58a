/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"

#include "base/cpu.h"
#include "net/tuning.h"

static gboolean same_size(const HrnetGraphTensor *a, const HrnetGraphTensor *b)
{
    return a->level == b->level && a->n_regions == b->n_regions;
}

/* Whether a node before this one has the same shape at the same size. */
static gboolean seen_before(const HrnetGraph *graph, guint i)
{
    const HrnetNode *node = hrnet_graph_node(graph, i);
    for (guint j = 0; j < i; j++) {
        const HrnetNode *other = hrnet_graph_node(graph, j);
        if (other->type == HRNET_NODE_CONV && other->shape.in_channels == node->shape.in_channels &&
            other->shape.out_channels == node->shape.out_channels &&
            other->shape.kernel == node->shape.kernel &&
            other->shape.stride == node->shape.stride &&
            same_size(hrnet_graph_tensor(graph, other->in), hrnet_graph_tensor(graph, node->in)))
            return TRUE;
    }
    return FALSE;
}

/* Nodes that are fused have nothing to choose. */
static gboolean is_measured(const HrnetNetwork *network, guint i)
{
    return hrnet_graph_node(network->graph, i)->type == HRNET_NODE_CONV &&
           !hrnet_network_is_fused(network, i) && !seen_before(network->graph, i);
}

static guint count_measured(const HrnetNetwork *network)
{
    guint n = 0;
    for (guint i = 0; i < network->graph->nodes->len; i++)
        n += is_measured(network, i);
    return n;
}

/**
 * hrnet_model_tune:
 * @model: a model
 * @height: of the network's input, %HRNET_SESSION_MIN_SIZE to %HRNET_SESSION_MAX_SIZE pixels; 0 =
 * the model's
 * @width: likewise
 * @n_threads: threads to measure with, up to 64; 0 = one per available CPU
 * @progress: (scope call) (closure user_data) (nullable): called before each layer that is measured
 * @user_data: for @progress
 * @error: return location for an error
 *
 * Measures every algorithm on every different layer of the model and stores the fastest of each in
 * the user's cache folder, beside what was measured for other models. Models loaded with the
 * environment variable `HRNET_PLAN=tuned` use them; @model itself stays as it is. Takes seconds;
 * best with nothing else running.
 *
 * Returns: %TRUE, or %FALSE with %HRNET_ERROR_INVALID_ARGUMENT for a size out of range, or
 * #GFileError where the cache folder cannot be written, which is tried before anything is measured
 */
gboolean hrnet_model_tune(HrnetModel *model, guint height, guint width, guint n_threads,
                          HrnetTuneFunc progress, gpointer user_data, GError **error)
{
    g_return_val_if_fail(model != NULL, FALSE);
    const HrnetNetwork *network = hrnet_model_peek_network(model);
    const guint n_measured = count_measured(network);
    guint n_done = 0;
    if (!hrnet_session_resolve_size(model, &height, &width, error))
        return FALSE;
    n_threads = CLAMP(n_threads ? n_threads : hrnet_cpu_count(), 1, HRNET_WORKERS_MAX);
    HrnetTuning *tuning = hrnet_tuning_load();
    /* What takes seconds is not begun where its outcome could not be stored. */
    if (!hrnet_tuning_save(tuning, error)) {
        hrnet_tuning_free(tuning);
        return FALSE;
    }
    for (guint i = 0; i < network->graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(network->graph, i);
        if (!is_measured(network, i))
            continue;
        guint h, w;
        hrnet_graph_tensor_size(hrnet_graph_tensor(network->graph, node->in), height, width, &h,
                                &w);
        if (progress)
            progress(node->name, n_done, n_measured, user_data);
        const HrnetConvShape shape = hrnet_loading_shape(node);
        hrnet_tuning_set(tuning, &shape, h, w, hrnet_tuning_measure(&shape, h, w, n_threads));
        n_done++;
    }
    const gboolean saved = hrnet_tuning_save(tuning, error);
    hrnet_tuning_free(tuning);
    return saved;
}
