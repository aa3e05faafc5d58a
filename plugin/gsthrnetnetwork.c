/* A model made ready for one stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetnetwork.h"

#include "gsthrnetoptions.h"

#include <math.h>
#include <stdio.h>

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

/* The model's number of pixels in the frame's shape. 32 divides every branch's size evenly, and so
 * wastes no rows. */
static void auto_size(guint area, guint frame_width, guint frame_height, guint *height,
                      guint *width)
{
    gdouble scale = sqrt((gdouble)area / ((gdouble)frame_width * frame_height));
    gdouble h = round(frame_height * scale / 32) * 32, w = round(frame_width * scale / 32) * 32;

    *height = (guint)CLAMP(h, 32, HRNET_SESSION_MAX_SIZE);
    *width = (guint)CLAMP(w, 32, HRNET_SESSION_MAX_SIZE);
}

gboolean gst_hrnet_network_parse_size(const gchar *text, const HrnetModel *model, guint frame_width,
                                      guint frame_height, guint *height, guint *width,
                                      GError **error)
{
    guint h, w;
    gchar rest;

    hrnet_model_get_input_size(model, height, width);
    if (!text || !*text || g_str_equal(text, "model"))
        return TRUE;
    if (g_str_equal(text, "auto")) {
        if (frame_width > 0 && frame_height > 0)
            auto_size(*height * *width, frame_width, frame_height, height, width);
        return TRUE;
    }
    if (!g_ascii_isdigit(text[0]) || sscanf(text, "%5ux%5u%c", &h, &w, &rest) != 2 ||
        h < HRNET_SESSION_MIN_SIZE || w < HRNET_SESSION_MIN_SIZE || h > HRNET_SESSION_MAX_SIZE ||
        w > HRNET_SESSION_MAX_SIZE) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "inference-size \"%s\" is none: expected HxW with %d to %d for each, \"model\" "
                    "or \"auto\"",
                    text, HRNET_SESSION_MIN_SIZE, HRNET_SESSION_MAX_SIZE);
        return FALSE;
    }
    *height = h;
    *width = w;
    return TRUE;
}

gboolean gst_hrnet_network_prepare(GstHrnetNetwork *network, const GstHrnetNetworkParams *params,
                                   GError **error)
{
    HrnetSession *session;
    guint height, width;

    if (!gst_hrnet_network_parse_size(params->inference_size, network->model, params->frame_width,
                                      params->frame_height, &height, &width, error))
        return FALSE;
    if (network->session && network->height == height && network->width == width &&
        network->n_threads == params->n_threads && network->precision == params->precision)
        return TRUE;

    session = hrnet_session_new(network->model, height, width, params->n_threads, params->precision,
                                error);
    if (!session)
        return FALSE;
    g_clear_pointer(&network->session, hrnet_session_unref);
    network->session = session;
    network->height = height;
    network->width = width;
    network->n_threads = params->n_threads;
    network->precision = params->precision;
    return TRUE;
}
