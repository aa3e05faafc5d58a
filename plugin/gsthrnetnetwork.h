/* A model made ready for one stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_NETWORK_H
#define GST_HRNET_NETWORK_H

#include <gst/gst.h>
#include <hrnet/hrnet.h>

G_BEGIN_DECLS

/* How a stream wants its network run. */
typedef struct {
    const gchar *inference_size;     /* "HxW", "model" or "auto" */
    guint frame_width, frame_height; /* of the caps */
    guint n_threads;                 /* 0: one per CPU */
    HrnetPrecision precision;
} GstHrnetNetworkParams;

/* A model and the session that runs it, made for the size that the last gst_hrnet_network_prepare()
 * asked for. One thread at a time. */
typedef struct {
    HrnetModel *model;
    HrnetSession *session; /* NULL before the first prepare */
    guint height, width, n_threads;
    HrnetPrecision precision;
} GstHrnetNetwork;

/* name: a path or a bare name. options: a GstStructure string with or without its name, or NULL.
 * The error's message names the model and the cause. */
GstHrnetNetwork *gst_hrnet_network_load(const gchar *name, const gchar *options, GError **error);
void gst_hrnet_network_free(GstHrnetNetwork *network);

/* Makes the session, or a new one where size, threads or precision are not those of the one there
 * is. */
gboolean gst_hrnet_network_prepare(GstHrnetNetwork *network, const GstHrnetNetworkParams *params,
                                   GError **error);

/* What `inference-size` means for a model and a frame. */
gboolean gst_hrnet_network_parse_size(const gchar *text, const HrnetModel *model, guint frame_width,
                                      guint frame_height, guint *height, guint *width,
                                      GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GstHrnetNetwork, gst_hrnet_network_free)

G_END_DECLS

#endif
