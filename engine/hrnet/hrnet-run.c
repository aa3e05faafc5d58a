/* The network alone: tensors in, logits out, and how long each of its steps takes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"

#include "ops/finite.h"

#include <string.h>

gboolean hrnet_session_run_network(HrnetSession *session, HrnetWorkers *workers)
{
    const HrnetTensor logits = hrnet_plan_logits(session->plan);
    hrnet_plan_run(session->plan, workers, session->profiling ? session->node_ns : NULL);
    return hrnet_tensor_is_finite(&logits, workers);
}

gboolean hrnet_session_fail_unfinite(const HrnetSession *session, GError **error)
{
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_NOT_FINITE,
                "%s: the network's scores are not finite numbers",
                hrnet_model_get_path(session->model));
    return FALSE;
}

/**
 * hrnet_session_get_logits_size:
 * @session: a session
 * @classes: (out): the network's classes, one less than the model's labels
 * @height: (out): a quarter of the input's, rounded up
 * @width: (out): likewise
 *
 * The shape of what hrnet_session_run() writes.
 */
void hrnet_session_get_logits_size(const HrnetSession *session, guint *classes, guint *height,
                                   guint *width)
{
    g_return_if_fail(session != NULL && classes != NULL && height != NULL && width != NULL);
    const HrnetTensor logits = hrnet_plan_logits(session->plan);
    *classes = logits.channels;
    *height = logits.height;
    *width = logits.width;
}

/* Levels of dense planes, those of the network's input. */
static gboolean levels_from_dense(HrnetSession *session, const gfloat *dense, HrnetWorkers *workers)
{
    const HrnetQuads levels = hrnet_plan_levels(session->plan);
    HrnetTensor tensor = hrnet_plan_input(session->plan);
    tensor.data = (gfloat *)(guintptr)dense; /* only read */
    tensor.plane_floats = (gsize)tensor.height * tensor.width;
    /* Bytes would make numbers of anything. */
    if (!hrnet_tensor_is_finite(&tensor, workers))
        return FALSE;
    hrnet_int8_levels_run(&session->network->int8->levels, &tensor, &levels, workers);
    return TRUE;
}

/* From dense planes into a tensor's, and, turned, from those to others of the second shape. */
static void tensor_from_dense(HrnetTensor tensor, const gfloat *dense)
{
    const gsize n_floats = (gsize)tensor.height * tensor.width;
    for (guint c = 0; c < tensor.channels; c++)
        memcpy(tensor.data + c * tensor.plane_floats, dense + c * n_floats,
               n_floats * sizeof(gfloat));
}

/* FALSE for numbers that a network of bytes cannot take. */
static gboolean input_from_dense(HrnetSession *session, const gfloat *dense, HrnetWorkers *workers)
{
    if (session->network->int8)
        return levels_from_dense(session, dense, workers);
    tensor_from_dense(hrnet_plan_input(session->plan), dense);
    return TRUE;
}

static void tensor_to_dense(HrnetTensor tensor, HrnetTurn turn, HrnetTensor shape, gfloat *dense)
{
    shape.data = dense;
    shape.plane_floats = (gsize)shape.height * shape.width;
    hrnet_turn_run(turn, &tensor, &shape, NULL);
}

static gsize dense_floats(HrnetTensor tensor)
{
    return (gsize)tensor.channels * tensor.height * tensor.width;
}

/**
 * hrnet_session_run:
 * @session: a session
 * @input: (array length=n_input): a normalised tensor, channels x height x width, in C order;
 *   hrnet_model_get_n_channels() of them
 * @n_input: floats of @input
 * @logits: (out caller-allocates) (array length=n_logits): classes x height x width as
 *   hrnet_session_get_logits_size() says, in C order
 * @n_logits: floats of @logits
 * @error: return location for an error
 *
 * The network alone. Allocates nothing. In int8 the input is rounded to levels of colour first,
 * 0..255 after normalisation is undone, and clamped to them.
 *
 * Returns: %TRUE, or %FALSE with %HRNET_ERROR_INVALID_ARGUMENT where a length is wrong, with
 * %HRNET_ERROR_NOT_FINITE where a logit, or in int8 an element of the input, is no finite number
 */
gboolean hrnet_session_run(HrnetSession *session, const gfloat *input, gsize n_input,
                           gfloat *logits, gsize n_logits, GError **error)
{
    g_return_val_if_fail(session != NULL && input != NULL && logits != NULL, FALSE);
    const HrnetTensor in = hrnet_plan_input(session->plan);
    const HrnetTensor out = hrnet_plan_logits(session->plan);
    if (n_input != dense_floats(in) || n_logits != dense_floats(out)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "%" G_GSIZE_FORMAT " floats in and %" G_GSIZE_FORMAT
                    " out, expected %" G_GSIZE_FORMAT " (%ux%ux%u) and %" G_GSIZE_FORMAT
                    " (%ux%ux%u)",
                    n_input, n_logits, dense_floats(in), in.channels, in.height, in.width,
                    dense_floats(out), out.channels, out.height, out.width);
        return FALSE;
    }
    HrnetWorkers *workers = hrnet_workers_begin(session->n_threads);
    const gboolean is_finite =
        input_from_dense(session, input, workers) && hrnet_session_run_network(session, workers);
    hrnet_workers_end(workers);
    if (!is_finite)
        return hrnet_session_fail_unfinite(session, error);
    session->scores = out;
    session->scores_turn = HRNET_TURN_NONE;
    tensor_to_dense(out, HRNET_TURN_NONE, out, logits);
    return TRUE;
}

/**
 * hrnet_session_get_logits:
 * @session: a session
 * @n_logits: (out) (optional): the number of floats
 *
 * The network's output of the last hrnet_session_segment() or hrnet_session_run(), before any
 * upsampling: classes x height x width as hrnet_session_get_logits_size() says, in C order, and
 * upright, whatever the image's orientation was. With smoothing they are averages, those that the
 * last mask was made of. Before the first run they mean nothing.
 *
 * Returns: (transfer none) (array length=n_logits) (nullable): the logits, valid until the
 * session's next call; %NULL when there is no memory
 */
const gfloat *hrnet_session_get_logits(HrnetSession *session, gsize *n_logits)
{
    g_return_val_if_fail(session != NULL, NULL);
    const HrnetTensor logits = hrnet_plan_logits(session->plan);
    if (n_logits)
        *n_logits = dense_floats(logits);
    if (!session->dense_logits)
        session->dense_logits = g_try_new0(gfloat, dense_floats(logits));
    if (session->dense_logits && session->scores.data)
        tensor_to_dense(session->scores, session->scores_turn, logits, session->dense_logits);
    return session->dense_logits;
}

/**
 * hrnet_session_set_profiling:
 * @session: a session
 * @profiling: whether runs take the time of each layer
 *
 * Off at first.
 */
void hrnet_session_set_profiling(HrnetSession *session, gboolean profiling)
{
    g_return_if_fail(session != NULL);
    session->profiling = profiling;
}

/**
 * hrnet_session_get_n_layers:
 * @session: a session
 *
 * Returns: the number of steps in which the network runs
 */
guint hrnet_session_get_n_layers(const HrnetSession *session)
{
    g_return_val_if_fail(session != NULL, 0);
    return session->network->graph->nodes->len;
}

/**
 * hrnet_session_get_layer:
 * @session: a session
 * @index: below hrnet_session_get_n_layers()
 * @layer: (out caller-allocates): the step
 *
 * Tells about one step, in the order of execution.
 */
void hrnet_session_get_layer(const HrnetSession *session, guint index, HrnetLayer *layer)
{
    g_return_if_fail(session != NULL && layer != NULL);
    g_return_if_fail(index < hrnet_session_get_n_layers(session));
    const HrnetNetwork *network = session->network;
    const HrnetNode *node = hrnet_graph_node(network->graph, index);
    const HrnetGraphTensor *out = hrnet_graph_tensor(network->graph, node->out);
    *layer = (HrnetLayer){
        .name = node->name,
        .algorithm = hrnet_plan_algorithm_name(session->plan, index),
        .channels = out->channels,
        .gmac = hrnet_graph_node_gmac(network->graph, node, session->height, session->width),
        .nanoseconds = session->node_ns[index],
    };
    hrnet_graph_tensor_size(out, session->height, session->width, &layer->height, &layer->width);
}
