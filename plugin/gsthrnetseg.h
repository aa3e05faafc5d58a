/* The element `hrnetseg`. See gsthrnetseg.c for its documentation.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Its parts: gsthrnetseg.c (properties, states), gsthrnetsegcaps.c (caps, allocation),
 * gsthrnetsegmodel.c (the model and what properties make of it), gsthrnetsegframe.c (a frame's
 * way).
 *
 * Threads: properties are set from any thread, under the object lock, and raise flags. The
 * streaming thread takes them over at the next frame and owns all that is not marked. Nothing is
 * computed and nothing posted under a lock. */
#ifndef GST_HRNET_SEG_H
#define GST_HRNET_SEG_H

#include "gsthrnetenums.h"
#include "gsthrnetnetwork.h"
#include "gsthrnetpaint.h"
#include "gsthrnetresult.h"

#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

#define GST_TYPE_HRNET_SEG (gst_hrnet_seg_get_type())
G_DECLARE_FINAL_TYPE(GstHrnetSeg, gst_hrnet_seg, GST, HRNET_SEG, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(hrnetseg)

/* The properties that can be set. */
typedef struct {
    gchar *model, *model_options;
    gchar *classes, *palette, *inference_size;
    GstHrnetMode mode;
    gboolean attach_meta;
    gdouble opacity;
    guint n_threads;
    HrnetPrecision precision;
} GstHrnetSettings;

/* What has been set since the streaming thread looked last. */
typedef enum {
    GST_HRNET_CHANGED_PAINT = 1 << 0,   /* classes, palette */
    GST_HRNET_CHANGED_SESSION = 1 << 1, /* inference-size, threads, precision */
    GST_HRNET_CHANGED_MODEL = 1 << 2,   /* pending has a network */
} GstHrnetChanges;

/* Sums since the element started. */
typedef struct {
    guint64 n_frames, n_inferences, n_reused;
    guint64 inference_ns, render_ns; /* sums */
    guint64 n_rendered;
    guint64 mask_age_ns; /* of the last frame's mask */
    guint n_masks;       /* in the session's pool */
} GstHrnetStats;

struct _GstHrnetSeg {
    GstBaseTransform parent;

    /* under the object lock */
    GstHrnetSettings settings;
    guint changes;                   /* GstHrnetChanges */
    gboolean started;                /* between start and stop */
    guint frame_width, frame_height; /* of the caps, 0 before them */
    guint load_serial; /* of the latest wish for a model; a load that finishes with another is
                          dropped */
    GstHrnetNetwork *pending; /* loaded, to be switched to */
    GstHrnetStats stats;
    GstClockTime
        earliest_time; /* from QoS events, in running time: frames before it come too late */

    /* the streaming thread's */
    GstVideoInfo in_info, out_info;
    GstHrnetMode negotiated_mode; /* the last that the caps were made for */
    gboolean peer_takes_video_meta;
    GstHrnetNetwork *network;
    GstHrnetPaint paint;
    GstHrnetResult *result; /* the newest */

    /* the same, for the frame at hand */
    GstHrnetMode mode;
    gboolean attach_meta;
    gboolean paints; /* the overlay shows: a class is chosen and the opacity is not 0 */
};

/* gsthrnetsegcaps.c */
void gst_hrnet_seg_caps_class_init(GstBaseTransformClass *klass);
/* Whether frames of the negotiated caps can leave in this mode. */
gboolean gst_hrnet_seg_mode_fits(GstHrnetSeg *self, GstHrnetMode mode);

/* gsthrnetsegmodel.c */
/* Loads the model; posts the one error and returns FALSE where that fails. */
gboolean gst_hrnet_seg_model_open(GstHrnetSeg *self);
void gst_hrnet_seg_model_close(GstHrnetSeg *self);
/* Loads the model that the properties name now, in a thread of its own. Posts a warning where that
 * fails. */
void gst_hrnet_seg_model_reload(GstHrnetSeg *self);
/* Takes over what has been set: model, session, paint. Posts the one error and returns FALSE where
 * it can't go on. */
gboolean gst_hrnet_seg_model_update(GstHrnetSeg *self);

/* gsthrnetsegframe.c */
void gst_hrnet_seg_frame_class_init(GstBaseTransformClass *klass);

G_END_DECLS

#endif
