/* A model made ready for one stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_NETWORK_H
#define GST_HRNET_NETWORK_H

#include <gst/gst.h>
#include <hrnet/hrnet.h>

G_BEGIN_DECLS

/* How a stream wants its network run. */
typedef struct {
    const gchar *inference_size; /* "HxW", "model" or "auto" */
    gdouble aspect;  /* the upright frame's width by its height as displayed, 0 before the caps */
    guint n_shrunk;  /* see GstHrnetLoad */
    guint n_threads; /* 0: one per CPU */
    HrnetPrecision precision;
} GstHrnetNetworkParams;

/* What a session is made for. */
typedef struct {
    guint height, width; /* of the network's input */
    guint n_threads;     /* 0: one per CPU */
    HrnetPrecision precision;
} GstHrnetShape;

/* A model and the session that runs it, made for the shape that the last
 * gst_hrnet_network_prepare() asked for. One thread at a time; the model is any thread's. */
typedef struct {
    HrnetModel *model;
    HrnetSession *session; /* NULL before the first prepare */
    GstHrnetShape shape;   /* the session's */
} GstHrnetNetwork;

/* name: a path or a bare name. options: a GstStructure string with or without its name, or NULL.
 * The error's message names the model and the cause. */
GstHrnetNetwork *gst_hrnet_network_load(const gchar *name, const gchar *options, GError **error);
void gst_hrnet_network_free(GstHrnetNetwork *network);

/* What the properties mean for a model and a frame. Fails where `inference-size` is none. */
gboolean gst_hrnet_network_shape(const HrnetModel *model, const GstHrnetNetworkParams *params,
                                 GstHrnetShape *shape, GError **error);

/* Makes the session, or a new one where that there is has another shape. Where that fails the
 * former stays. */
gboolean gst_hrnet_network_prepare(GstHrnetNetwork *network, const GstHrnetShape *shape,
                                   GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GstHrnetNetwork, gst_hrnet_network_free)

G_END_DECLS

#endif
