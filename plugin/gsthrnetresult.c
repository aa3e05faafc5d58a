/* A mask with what is to be said of it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetresult.h"

#include "gsthrnetfault.h"
#include "gsthrnetimage.h"
#include "gsthrnetreport.h"

/* The mask's bytes stay in their pool's block, which goes back when the last buffer that shows them
 * is gone. They are dense rows, which is what readers that ignore strides expect. */
static GstBuffer *wrap_mask(HrnetMask *mask, GstClockTime pts)
{
    const guint width = hrnet_mask_get_width(mask), height = hrnet_mask_get_height(mask);
    gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
    gint stride[GST_VIDEO_MAX_PLANES] = { (gint)width };
    GstBuffer *buffer = gst_buffer_new();
    gsize size;
    const guint8 *labels = hrnet_mask_get_labels(mask, &size);

    gst_buffer_append_memory(
        buffer, gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, (gpointer)labels, size, 0, size,
                                       hrnet_mask_ref(mask), (GDestroyNotify)hrnet_mask_unref));
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_GRAY8, width,
                                   height, 1, offset, stride);
    GST_BUFFER_PTS(buffer) = pts;
    return buffer;
}

static HrnetMask *segment(HrnetSession *session, const HrnetImage *image, GstClockTime pts,
                          const GstHrnetInference *inference, GError **error)
{
    hrnet_session_set_smoothing(session, inference->smoothing_ms);
    hrnet_session_set_edge_refine(session, inference->edge_refine);
    if (inference->restarts)
        hrnet_session_reset_smoothing(session);
    return hrnet_session_segment_at(session, image, pts, error);
}

GstHrnetResult *gst_hrnet_result_segment(GstHrnetNetwork *network, const GstVideoFrame *frame,
                                         const GstHrnetInference *inference, GError **error)
{
    const GstClockTime start = gst_util_get_timestamp();
    GstHrnetResult *result;
    HrnetImage image;
    HrnetMask *mask;

    if (!gst_hrnet_image_from_frame(&image, frame)) {
        g_set_error_literal(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                            "frames of negative stride are not supported");
        return NULL;
    }
    if (gst_hrnet_fault_strikes()) {
        g_set_error_literal(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY,
                            "made to fail by HRNET_FAULT");
        return NULL;
    }
    image.orientation = inference->orientation;
    mask = segment(network->session, &image, GST_BUFFER_PTS(frame->buffer), inference, error);
    if (!mask)
        return NULL;
    gst_hrnet_fault_delay(start);
    result = g_new0(GstHrnetResult, 1);
    result->mask = mask;
    result->model = hrnet_model_ref(network->model);
    result->pts = GST_BUFFER_PTS(frame->buffer);
    result->buffer = wrap_mask(mask, result->pts);
    result->running_time = inference->running_time;
    if (inference->reports)
        gst_hrnet_report_make(&result->report, network->session, mask);
    return result;
}

void gst_hrnet_result_free(GstHrnetResult *result)
{
    if (G_IS_VALUE(&result->report))
        g_value_unset(&result->report);
    gst_buffer_unref(result->buffer);
    hrnet_mask_unref(result->mask);
    hrnet_model_unref(result->model);
    g_free(result);
}

GstHrnetResult *gst_hrnet_result_scale(const GstHrnetResult *result, guint width, guint height)
{
    HrnetMask *mask = hrnet_mask_scale(result->mask, width, height);
    GstHrnetResult *scaled;

    if (!mask)
        return NULL;
    scaled = g_new0(GstHrnetResult, 1);
    scaled->mask = mask;
    scaled->model = hrnet_model_ref(result->model);
    scaled->pts = result->pts;
    scaled->running_time = result->running_time;
    scaled->buffer = wrap_mask(mask, result->pts);
    return scaled;
}

gboolean gst_hrnet_result_fits(const GstHrnetResult *result, guint width, guint height)
{
    return hrnet_mask_get_width(result->mask) == width &&
           hrnet_mask_get_height(result->mask) == height;
}
