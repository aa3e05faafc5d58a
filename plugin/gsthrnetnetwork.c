/* A model made ready for one stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetnetwork.h"

#include "gsthrnetload.h"
#include "gsthrnetoptions.h"

GstHrnetNetwork *gst_hrnet_network_load(const gchar *name, const gchar *options, GError **error)
{
    g_auto(GStrv) list = gst_hrnet_options_parse(options, error);
    GstHrnetNetwork *network;
    HrnetModel *model;

    if (!list)
        return NULL;
    if (!name || !*name) {
        g_set_error_literal(error, HRNET_ERROR, HRNET_ERROR_NOT_FOUND, "No model is named");
        return NULL;
    }
    model = hrnet_model_load(name, (const gchar *const *)list, error);
    if (!model)
        return NULL;
    network = g_new0(GstHrnetNetwork, 1);
    network->model = model;
    return network;
}

void gst_hrnet_network_free(GstHrnetNetwork *network)
{
    if (!network)
        return;
    g_clear_pointer(&network->session, hrnet_session_unref);
    g_clear_pointer(&network->model, hrnet_model_unref);
    g_free(network);
}

/* A height or width in decimal digits alone. */
static gboolean parse_side(const gchar *text, guint *side)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(text, 10, HRNET_SESSION_MIN_SIZE, HRNET_SESSION_MAX_SIZE,
                                    &number, NULL))
        return FALSE;
    *side = (guint)number;
    return TRUE;
}

/* What inference-size means; `auto` before the caps: the model's own. */
static gboolean parse_size(const HrnetModel *model, const GstHrnetNetworkParams *params,
                           guint *height, guint *width, GError **error)
{
    const gchar *text = params->inference_size;
    g_auto(GStrv) sides = NULL;

    hrnet_model_get_input_size(model, height, width);
    if (g_strcmp0(text, "model") == 0)
        return TRUE;
    if (!text || !*text || g_str_equal(text, "auto")) {
        if (params->aspect > 0)
            hrnet_session_fit_size((guint64)*height * *width, params->aspect, height, width);
        return TRUE;
    }
    sides = g_strsplit(text, "x", 3);
    if (g_strv_length(sides) != 2 || !parse_side(sides[0], height) ||
        !parse_side(sides[1], width)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "inference-size \"%s\" is none: expected HxW with %d to %d for each, \"model\" "
                    "or \"auto\"",
                    text, HRNET_SESSION_MIN_SIZE, HRNET_SESSION_MAX_SIZE);
        return FALSE;
    }
    return TRUE;
}

/* A size of the same shape, by eighths of height and width smaller. */
static void shrink(guint n_shrunk, guint *height, guint *width)
{
    const guint64 n_pixels =
        (guint64)gst_hrnet_load_scale(n_shrunk, *height) * gst_hrnet_load_scale(n_shrunk, *width);
    const guint full_height = *height, full_width = *width;

    if (n_shrunk == 0)
        return;
    hrnet_session_fit_size(n_pixels, (gdouble)full_width / full_height, height, width);
    *height = MIN(*height, full_height);
    *width = MIN(*width, full_width);
}

gboolean gst_hrnet_network_shape(const HrnetModel *model, const GstHrnetNetworkParams *params,
                                 GstHrnetShape *shape, GError **error)
{
    GstHrnetShape made = { .n_threads = params->n_threads, .precision = params->precision };

    if (!parse_size(model, params, &made.height, &made.width, error))
        return FALSE;
    shrink(params->n_shrunk, &made.height, &made.width);
    *shape = made;
    return TRUE;
}

static gboolean is_same_shape(const GstHrnetShape *a, const GstHrnetShape *b)
{
    return a->height == b->height && a->width == b->width && a->n_threads == b->n_threads &&
           a->precision == b->precision;
}

gboolean gst_hrnet_network_prepare(GstHrnetNetwork *network, const GstHrnetShape *shape,
                                   GError **error)
{
    HrnetSession *session;

    if (network->session && is_same_shape(&network->shape, shape))
        return TRUE;
    session = hrnet_session_new(network->model, shape->height, shape->width, shape->n_threads,
                                shape->precision, error);
    if (!session)
        return FALSE;
    g_clear_pointer(&network->session, hrnet_session_unref);
    network->session = session;
    network->shape = *shape;
    return TRUE;
}
