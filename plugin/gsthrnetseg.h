/* The element `hrnetseg`. See gsthrnetseg.c for its documentation.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Its parts: gsthrnetseg.c (class, states), gsthrnetsegprops.c (properties), gsthrnetsegcaps.c
 * (caps, allocation), gsthrnetsegmodel.c (the model and what properties make of it),
 * gsthrnetsegframe.c (a frame's way), gsthrnetsegmask.c (how a frame comes by its mask),
 * gsthrnetseglatency.c (whether it waits for one), gsthrnetsegdraw.c (the modes' pictures),
 * gsthrnetsegfailure.c (frames that cannot be segmented or drawn on), gsthrnetsegmode.c (a mode
 * that is set while playing), gsthrnetsegqos.c (what a sink says of lateness),
 * gsthrnetsegorientation.c (how frames lie), gsthrnetsegmemory.c (memory that is not taken).
 *
 * Threads: properties are set from any thread, under the object lock, and raise flags. The
 * streaming thread takes them over at the next frame and owns all that is not marked. Nothing is
 * computed and nothing posted under a lock. */
#ifndef GST_HRNET_SEG_H
#define GST_HRNET_SEG_H

#include "gsthrnetenums.h"
#include "gsthrnetforeign.h"
#include "gsthrnethide.h"
#include "gsthrnetload.h"
#include "gsthrnetmode.h"
#include "gsthrnetmotion.h"
#include "gsthrnetnetwork.h"
#include "gsthrnetpaint.h"
#include "gsthrnetresult.h"
#include "gsthrnetworker.h"

#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

#define GST_TYPE_HRNET_SEG (gst_hrnet_seg_get_type())
G_DECLARE_FINAL_TYPE(GstHrnetSeg, gst_hrnet_seg, GST, HRNET_SEG, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(hrnetseg)

/* The properties that can be set. */
typedef struct {
    gchar *model, *model_options;
    gchar *classes, *palette, *class_style, *inference_size;
    gint mode;        /* GstHrnetMode */
    gint sync_mode;   /* GstHrnetSyncMode */
    gint precision;   /* HrnetPrecision */
    gint orientation; /* HrnetOrientation, or GST_HRNET_ORIENTATION_AUTO */
    gboolean attach_meta;
    gdouble opacity, target_fps, static_threshold;
    guint n_threads;
    gboolean invert, fail_closed;
    guint strength, fill_color, max_mask_age, margin, message_interval, smoothing, outline;
    gboolean edge_refine, adaptive_size;
    gchar *no_color; /* what `fill` was set to and is none; NULL where fill_color holds */
} GstHrnetSettings;

/* What has been set since the streaming thread looked last. */
typedef enum {
    GST_HRNET_CHANGED_PAINT = 1 << 0,   /* classes, palette, class-style */
    GST_HRNET_CHANGED_SESSION = 1 << 1, /* inference-size, adaptive-size, threads, precision,
                                           orientation, caps, the load */
    GST_HRNET_CHANGED_MODEL = 1 << 2,   /* pending has a network */
    GST_HRNET_CHANGED_SYNC = 1 << 3,    /* sync-mode; at the start, whether upstream is
                                             live; what decides about waiting */
} GstHrnetChanges;

/* Sums since the element started. */
typedef struct {
    guint64 n_frames, n_inferences, n_reused;
    guint64 inference_ns, render_ns; /* sums */
    guint64 n_rendered;
    guint64 mask_age_ns;                     /* of the last frame's mask */
    guint n_masks;                           /* in the session's pool */
    guint inference_height, inference_width; /* of the last inference; 0 before it */
    HrnetPrecision precision;                /* likewise; auto before it */
} GstHrnetStats;

/* What a sink has said of lateness, and what there is to it. */
typedef struct {
    GstClockTime earliest_time; /* in running time: frames before it come too late */
    gboolean slow;              /* frames that wait for masks take longer than they last */
    guint n_late;               /* reports in a row of frames that came too late, while slow */
    gboolean lags;              /* for that reason frames do not wait any more */
    GstClockTime catches_up;    /* when that began, until it has caught up */
} GstHrnetLateness;

/* What the stream's tags say of how its frames lie. */
typedef struct {
    HrnetOrientation orientation;
    gboolean of_stream; /* said of the stream itself, not of all of a file's */
} GstHrnetTagged;

struct _GstHrnetSeg {
    GstBaseTransform parent;

    /* under the object lock */
    GstHrnetSettings settings;
    guint changes;     /* GstHrnetChanges */
    gboolean started;  /* between start and stop */
    gdouble aspect;    /* the frame's width by its height as displayed, 0 before the caps */
    guint load_serial; /* of the latest wish for a model; a load that finishes with another is
                          dropped */
    gboolean loading;  /* a thread fulfils wishes */
    gboolean wishes;   /* for a model that no load has been begun for */
    GstHrnetNetwork *pending; /* loaded, to be switched to */
    GstHrnetStats stats;
    GstClockTime latency; /* what LATENCY queries are told that a frame's mask takes */
    GstHrnetLateness lateness;
    GstHrnetTagged tagged;     /* written by the streaming thread */
    GstHrnetMode offered_mode; /* that caps are made for; follows the property once caps agree */

    /* the streaming thread's */
    GstVideoInfo in_info, out_info;
    GstHrnetMode negotiated_mode; /* the last that the caps were made for */
    gboolean peer_takes_video_meta;
    gboolean unproven;        /* frames' memory may be one that cannot be mapped */
    GstHrnetNetwork *network; /* the worker's while it is busy */
    GThread *retiring;        /* frees the one before */
    GstHrnetShape shape;      /* that its session shall have */
    gboolean adapts;          /* the shape goes by the load */
    GstHrnetLoad load;
    GstHrnetPaint paint;
    GstHrnetResult *result;       /* the newest */
    GstHrnetWorker *worker;       /* of `latest` */
    GstHrnetMotion motion;        /* what the frame of the newest mask looked like */
    gboolean latest;              /* frames do not wait */
    gboolean restarts;            /* the next inference forgets the frames before */
    gboolean outdated;            /* the newest mask is of frames unlike those that come now */
    HrnetOrientation orientation; /* of the last frame */
    gboolean has_had_mask;        /* since the start */
    gboolean carried;             /* the newest mask is of the segment before */
    gboolean job_carried;         /* what the worker is at will be */
    GstClockTime inferred_at; /* running time of the last frame that an inference was begun for */
    GstClockTime slowest;     /* a frame's time for its mask, of late */
    GstClockTime usual;       /* the mean of the same */

    GstClockTime confirmed_pts;   /* of the last frame known to be as the newest mask has it */
    GstClockTime reported_at;     /* running time of the last frame that a report was asked of */
    gboolean failed;              /* the last inference */
    gboolean warned;              /* of frames being hidden, for this time */
    guint n_failures;             /* frames in a row that something failed of */
    GstVideoConverter *converter; /* of `alpha` */
    GstHrnetForeign foreign;
    GstHrnetRegion region;
    GstHrnetCells cells;
    guint8 *outline; /* labels along edges, of a frame's size */
    gsize outline_size;

    /* the same, for the frame at hand */
    GstHrnetSettings now; /* as they were when it came; the strings are not to be read */
    GstHrnetMode mode;
    const GstHrnetModeTraits *traits; /* of the mode */
    gboolean confirmed;  /* the newest mask is its own, or it looks like that mask's frame */
    gboolean hides_all;  /* it fails closed */
    gboolean draws;      /* its pixels are changed, or made */
    gboolean stumbles;   /* something of it failed */
    gboolean unreadable; /* its pixels cannot be mapped */
    gboolean drops;      /* it can leave neither as it is nor hidden */
    const gchar *why;    /* it is segmented or not, for the log */
};

/* gsthrnetsegcaps.c */
void gst_hrnet_seg_caps_class_init(GstBaseTransformClass *klass);
void gst_hrnet_seg_caps_add_templates(GstElementClass *klass);
/* The other pad's caps for caps of a pad of that direction, in a mode (transfer full). */
GstCaps *gst_hrnet_seg_caps_of_mode(GstHrnetMode mode, GstCaps *caps, GstPadDirection direction);

/* gsthrnetsegmemory.c */
void gst_hrnet_seg_memory_class_init(GstBaseTransformClass *klass);

/* gsthrnetsegmode.c */
void gst_hrnet_seg_mode_class_init(GstBaseTransformClass *klass);
/* The property is set: where no caps are agreed on yet, they will be for it. Under the object lock.
 */
void gst_hrnet_seg_mode_set_locked(GstHrnetSeg *self);

/* gsthrnetsegmodel.c */
/* Loads the model; posts the one error and returns FALSE where that fails. */
gboolean gst_hrnet_seg_model_open(GstHrnetSeg *self);
void gst_hrnet_seg_model_close(GstHrnetSeg *self);
/* Loads the model that the properties name, in a thread of its own: one at a time, and after it
 * only what they name by then. Posts a warning where that fails. */
void gst_hrnet_seg_model_reload(GstHrnetSeg *self);
/* Takes over what has been set: model, session, paint. Posts the one error and returns FALSE where
 * it can't go on. */
gboolean gst_hrnet_seg_model_update(GstHrnetSeg *self);
/* The worker could not make a session of self->shape, and goes on with the former: posts a warning.
 * Only while the worker is idle. */
void gst_hrnet_seg_model_keep_shape(GstHrnetSeg *self, const GError *error);

/* gsthrnetsegframe.c */
void gst_hrnet_seg_frame_class_init(GstBaseTransformClass *klass);

/* The time of a frame's timestamp in the running time or in the stream time, where segments count
 * in times at all; else none. */
GstClockTime gst_hrnet_seg_running_time(GstHrnetSeg *self, GstClockTime pts);
GstClockTime gst_hrnet_seg_stream_time(GstHrnetSeg *self, GstClockTime pts);

/* gsthrnetsegmask.c */
/* Sees to it that self->result is what the frame shall have, by inference or by keeping it; NULL
 * before the first one of `latest`. Where that fails the former stays; returns FALSE, with the one
 * error posted, where it has failed too often.
 */
gboolean gst_hrnet_seg_mask_update(GstHrnetSeg *self, GstBuffer *frame);
/* Instead, for a frame of which nobody would see the mask: the newest one grows older. */
void gst_hrnet_seg_mask_skip(GstHrnetSeg *self, GstBuffer *frame);
/* A segment begins, and nothing was flushed: frames that do not wait keep the mask for a while. */
void gst_hrnet_seg_mask_cross(GstHrnetSeg *self);
/* Frames lie otherwise from now on. */
void gst_hrnet_seg_mask_turn(GstHrnetSeg *self);
/* What follows is another scene: no mask is carried over. */
void gst_hrnet_seg_mask_reset(GstHrnetSeg *self);
/* Begins and ends what a running element has for its masks. */
void gst_hrnet_seg_mask_open(GstHrnetSeg *self);
void gst_hrnet_seg_mask_close(GstHrnetSeg *self);

/* gsthrnetsegdraw.c */
/* Draws the mode's picture of a frame into outbuf, which may be inbuf where both have the same
 * caps. */
gboolean gst_hrnet_seg_draw(GstHrnetSeg *self, GstBuffer *inbuf, GstBuffer *outbuf, GError **error);
/* Whether the mode shows anything of a mask. */
gboolean gst_hrnet_seg_shows(GstHrnetSeg *self);
/* Whether the frame at hand has anything drawn on. */
gboolean gst_hrnet_seg_draws(GstHrnetSeg *self);
void gst_hrnet_seg_draw_close(GstHrnetSeg *self);

/* gsthrnetsegfailure.c */
/* A frame begins; nothing of it has failed yet. */
void gst_hrnet_seg_failure_begin(GstHrnetSeg *self);
/* Something of the frame at hand failed, and `what` could not be done. The first frame of a run of
 * them posts a warning, unless that of hidden frames says it; the hundredth posts the one error,
 * and FALSE is returned. */
gboolean gst_hrnet_seg_failure_note(GstHrnetSeg *self, const gchar *what, const GError *error);
/* With the frame's mask and self->draws known: makes sure that its pixels can be had where they are
 * needed, else decides whether it passes or is dropped. FALSE as above. */
gboolean gst_hrnet_seg_failure_check(GstHrnetSeg *self, GstBuffer *frame);
/* The frame is done with. */
void gst_hrnet_seg_failure_end(GstHrnetSeg *self);

/* gsthrnetseglatency.c */
void gst_hrnet_seg_latency_class_init(GstBaseTransformClass *klass);
/* Chooses between waiting for masks and not. */
void gst_hrnet_seg_latency_choose(GstHrnetSeg *self);
/* At the start of `exact`: measures what a mask will take, as the pipeline asks before the first
 * frame. */
void gst_hrnet_seg_latency_estimate(GstHrnetSeg *self, const GstHrnetNetworkParams *params);
/* A frame has waited for its mask that long. */
void gst_hrnet_seg_latency_note(GstHrnetSeg *self, GstClockTime waited);

/* Whether the properties leave it to the element to wait or not. Under the object lock. */
gboolean gst_hrnet_seg_latency_is_free_locked(GstHrnetSeg *self);

/* gsthrnetsegqos.c */
/* Nothing is known of lateness, as after a flush. */
void gst_hrnet_seg_qos_reset(GstHrnetSeg *self);
/* A sink's report; returns whether upstream shall hear of it. Any thread. */
gboolean gst_hrnet_seg_qos_event(GstHrnetSeg *self, GstEvent *event);
/* Whether the first inference, which warms the network up, has taken suspiciously long where that
 * matters: then another is to be measured. */
gboolean gst_hrnet_seg_qos_doubts(GstHrnetSeg *self, GstClockTime waited);
/* A frame has waited for its mask that long. */
void gst_hrnet_seg_qos_note(GstHrnetSeg *self, GstClockTime waited);
/* Whether downstream is past that running time, so that the frame had better be let through with
 * the mask that there is. */
gboolean gst_hrnet_seg_qos_is_late(GstHrnetSeg *self, GstClockTime time);

/* gsthrnetsegfill.c */
/* Sets the colour by its text. What is no colour changes nothing: a warning is posted while the
 * element runs, and otherwise it does not start. */
void gst_hrnet_seg_fill_set(GstHrnetSeg *self, const gchar *text);
/* (transfer full) */
gchar *gst_hrnet_seg_fill_get_locked(GstHrnetSeg *self);
/* FALSE, with the one error posted, where the colour is none. */
gboolean gst_hrnet_seg_fill_check(GstHrnetSeg *self);

/* gsthrnetsegorientation.c */
/* What makes frames upright. Under the object lock. */
HrnetOrientation gst_hrnet_seg_orientation_locked(GstHrnetSeg *self);
/* The upright frame's width by its height as displayed, 0 before the caps. Under the object lock.
 */
gdouble gst_hrnet_seg_orientation_aspect_locked(GstHrnetSeg *self);
/* A stream begins, and its tags are still to come. */
void gst_hrnet_seg_orientation_begin_stream(GstHrnetSeg *self);
/* A tag event, which stays the caller's. */
void gst_hrnet_seg_orientation_tags(GstHrnetSeg *self, GstEvent *event);

/* gsthrnetsegprops.c */
void gst_hrnet_seg_props_class_init(GObjectClass *klass);
void gst_hrnet_seg_props_init(GstHrnetSettings *settings);
void gst_hrnet_seg_props_clear(GstHrnetSettings *settings);

G_END_DECLS

#endif
