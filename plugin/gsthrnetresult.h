/* A mask with what is to be said of it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_RESULT_H
#define GST_HRNET_RESULT_H

#include "gsthrnetnetwork.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

/* The outcome of one inference. Immutable; any thread. */
typedef struct {
    HrnetMask *mask;
    HrnetModel *model;         /* whose labels they are */
    GstBuffer *buffer;         /* the mask's own bytes as GRAY8 with GstVideoMeta, read-only */
    GstClockTime pts;          /* of the frame that was segmented */
    GstClockTime running_time; /* of the same */
    GValue report;             /* see gst_hrnet_report_make(); unset where none was asked for */
} GstHrnetResult;

/* What is asked of one inference. */
typedef struct {
    GstClockTime running_time; /* of the frame */
    gboolean reports;          /* see gst_hrnet_report_make() */
    guint smoothing_ms;        /* half-life of class scores, 0 = none */
    gboolean edge_refine;
    gboolean restarts;            /* nothing of the frames before is carried over */
    HrnetOrientation orientation; /* what makes the frame upright */
} GstHrnetInference;

/* Segments a mapped frame with a network that is prepared. NULL and the error where that fails. */
GstHrnetResult *gst_hrnet_result_segment(GstHrnetNetwork *network, const GstVideoFrame *frame,
                                         const GstHrnetInference *inference, GError **error);
/* The mask stays for as long as buffers show it. */
void gst_hrnet_result_free(GstHrnetResult *result);

/* The same for a frame of another size, without a report, whose boxes are the old size's. NULL
 * where there is no memory. */
GstHrnetResult *gst_hrnet_result_scale(const GstHrnetResult *result, guint width, guint height);

/* Whether the mask is of a frame of that size. */
gboolean gst_hrnet_result_fits(const GstHrnetResult *result, guint width, guint height);

G_END_DECLS

#endif
