/* hrnetseg: frames that cannot be segmented or drawn on.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One buffer that is too short, one inference for which there is no memory: what follows may be as
 * good as ever, so the stream goes on. A frame whose inference failed has the mask before, if there
 * is one, as a frame that comes too late has; one that cannot be read passes as it came. */
#include "gsthrnetseg.h"

#include "gsthrnetimage.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

/* Frames in a row after which nothing better is to be expected. */
#define MOST_FAILURES 100

void gst_hrnet_seg_failure_begin(GstHrnetSeg *self)
{
    self->stumbles = self->unreadable = self->drops = FALSE;
}

void gst_hrnet_seg_failure_end(GstHrnetSeg *self)
{
    /* Beside the stream an inference that failed is followed by frames that none is begun for. */
    if (self->stumbles || self->failed || self->n_failures == 0)
        return;
    GST_INFO_OBJECT(self, "all is well again after %u failures", self->n_failures);
    self->n_failures = 0;
}

gboolean gst_hrnet_seg_failure_note(GstHrnetSeg *self, const gchar *what, const GError *error)
{
    GST_DEBUG_OBJECT(self, "%s: %s", what, error->message);
    if (self->stumbles)
        return TRUE;
    self->stumbles = TRUE;
    self->n_failures++;
    if (self->n_failures >= MOST_FAILURES || (self->unproven && self->unreadable)) {
        GST_ELEMENT_ERROR(self, STREAM, FAILED, ("%s: %s", what, error->message),
                          ("%u in a row", self->n_failures));
        return FALSE;
    }
    /* With fail-closed the warning of hidden frames has the cause. */
    if (self->n_failures == 1 && !(self->now.fail_closed && self->failed))
        GST_ELEMENT_WARNING(self, STREAM, FAILED, ("%s: %s", what, error->message), (NULL));
    return TRUE;
}

static gboolean needs_pixels(GstHrnetSeg *self)
{
    return self->draws && !self->traits->of_labels;
}

static gboolean is_readable(GstHrnetSeg *self, GstBuffer *buffer, GError **error)
{
    GstVideoFrame frame;

    if (!gst_hrnet_image_map(&frame, &self->in_info, buffer, GST_MAP_READ, error))
        return FALSE;
    gst_video_frame_unmap(&frame);
    self->unproven = FALSE;
    return TRUE;
}

gboolean gst_hrnet_seg_failure_check(GstHrnetSeg *self, GstBuffer *frame)
{
    g_autoptr(GError) error = NULL;

    if (!self->unreadable && needs_pixels(self) && !is_readable(self, frame, &error)) {
        self->unreadable = TRUE;
        if (!gst_hrnet_seg_failure_note(self, "Cannot draw a frame", error))
            return FALSE;
    }
    if (!self->unreadable)
        return TRUE;
    if (self->now.fail_closed) {
        self->drops = TRUE;
    } else if (!self->traits->of_labels) {
        /* What was to be of another format cannot pass as it came. */
        self->drops =
            GST_VIDEO_INFO_FORMAT(&self->in_info) != GST_VIDEO_INFO_FORMAT(&self->out_info);
        self->now.attach_meta = FALSE;
    }
    self->draws = self->draws && !needs_pixels(self) && !self->drops;
    return TRUE;
}
