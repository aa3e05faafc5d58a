/* A model made ready for one stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetnetwork.h"

#include "gsthrnetload.h"
#include "gsthrnetoptions.h"

#include <math.h>

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

static gboolean parse_size(const HrnetModel *model, const GstHrnetNetworkParams *params,
                           guint *height, guint *width, GError **error)
{
    const gchar *text = params->inference_size;
    g_auto(GStrv) sides = NULL;

    hrnet_model_get_input_size(model, height, width);
    if (!text || !*text || g_str_equal(text, "model"))
        return TRUE;
    if (gst_hrnet_network_is_auto(params)) {
        const guint area = gst_hrnet_load_scale(params->n_shrunk, *height) *
                           gst_hrnet_load_scale(params->n_shrunk, *width);

        if (params->frame_width > 0 && params->frame_height > 0)
            auto_size(area, params->frame_width, params->frame_height, height, width);
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

gboolean gst_hrnet_network_is_auto(const GstHrnetNetworkParams *params)
{
    return g_strcmp0(params->inference_size, "auto") == 0;
}

gboolean gst_hrnet_network_shape(const HrnetModel *model, const GstHrnetNetworkParams *params,
                                 GstHrnetShape *shape, GError **error)
{
    GstHrnetShape made = { .n_threads = params->n_threads, .precision = params->precision };

    if (!parse_size(model, params, &made.height, &made.width, error))
        return FALSE;
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
