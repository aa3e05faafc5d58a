/* hrnetseg: a frame's way through the element.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetseg.h"

#include "gsthrnetanalytics.h"
#include "gsthrnetimage.h"
#include "gsthrnetmeta.h"

#include <string.h>

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

/* While frames come too late a mask is used again, but not for longer than this: a stream that
 * never catches up would keep its first one. */
#define MAX_REUSE_TIME GST_SECOND

static GstBaseTransformClass *base_class;

static void before_transform(GstBaseTransform *trans, GstBuffer *buffer)
{
    const GstClockTime time =
        gst_segment_to_stream_time(&trans->segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));

    if (GST_CLOCK_TIME_IS_VALID(time))
        gst_object_sync_values(GST_OBJECT(trans), time);
}

/* What the properties say now holds for the whole of a frame. */
static void take_settings(GstHrnetSeg *self)
{
    gdouble opacity;

    GST_OBJECT_LOCK(self);
    self->mode = self->settings.mode;
    self->attach_meta = self->settings.attach_meta;
    opacity = self->settings.opacity;
    self->stats.n_frames++;
    GST_OBJECT_UNLOCK(self);

    /* A mode may have been set after the caps were agreed on for this frame: it takes effect with
     * the next. */
    if (gst_hrnet_seg_mode_fits(self, self->mode))
        self->negotiated_mode = self->mode;
    self->mode = self->negotiated_mode;
    gst_hrnet_paint_set_opacity(&self->paint, opacity);
    self->paints = self->mode == GST_HRNET_MODE_OVERLAY && self->paint.paints;
}

/* Whether planes lie in a buffer as the caps alone say. */
static gboolean frame_is_plain(const GstVideoInfo *info, GstBuffer *buffer)
{
    const GstVideoMeta *meta = gst_buffer_get_video_meta(buffer);

    if (!meta)
        return TRUE;
    for (guint i = 0; i < meta->n_planes; i++) {
        if (meta->offset[i] != GST_VIDEO_INFO_PLANE_OFFSET(info, i) ||
            meta->stride[i] != GST_VIDEO_INFO_PLANE_STRIDE(info, i))
            return FALSE;
    }
    return TRUE;
}

static gboolean can_paint_in_place(GstHrnetSeg *self, GstBuffer *buffer)
{
    return gst_buffer_is_writable(buffer) && gst_buffer_is_all_memory_writable(buffer) &&
           (self->peer_takes_video_meta || frame_is_plain(&self->in_info, buffer));
}

/* The frame itself wherever its pixels stay or may be drawn on, else one from the pool. Where only
 * metadata is added to a frame that others hold too, a copy of the buffer shares its memory. */
static GstFlowReturn prepare_output_buffer(GstBaseTransform *trans, GstBuffer *inbuf,
                                           GstBuffer **outbuf)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);

    if (!gst_hrnet_seg_model_update(self))
        return GST_FLOW_ERROR;
    take_settings(self);

    if (self->mode == GST_HRNET_MODE_MASK || (self->paints && !can_paint_in_place(self, inbuf)))
        return base_class->prepare_output_buffer(trans, inbuf, outbuf);
    if (self->paints || !self->attach_meta || gst_buffer_is_writable(inbuf))
        *outbuf = inbuf;
    else
        *outbuf = gst_buffer_copy(inbuf);
    return GST_FLOW_OK;
}

/* Into a buffer of the pool go all metadata but those of other pixels' memory, and for labels those
 * of colours. */
static gboolean transform_meta(GstBaseTransform *trans, GstBuffer *outbuf, GstMeta *meta,
                               GstBuffer *inbuf)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    static const gchar *const shapes[] = { GST_META_TAG_VIDEO_STR, GST_META_TAG_VIDEO_SIZE_STR,
                                           GST_META_TAG_VIDEO_ORIENTATION_STR, NULL };
    const gchar *const *tags = gst_meta_api_type_get_tags(meta->info->api);

    (void)outbuf;
    (void)inbuf;
    for (; self->mode == GST_HRNET_MODE_MASK && tags && *tags; tags++) {
        if (!g_strv_contains(shapes, *tags))
            return FALSE;
    }
    return TRUE;
}

static GstClockTime running_time(GstHrnetSeg *self, GstBuffer *buffer)
{
    return gst_segment_to_running_time(&GST_BASE_TRANSFORM(self)->segment, GST_FORMAT_TIME,
                                       GST_BUFFER_PTS(buffer));
}

/* Whether downstream is behind, so that the frame had better be let through with the mask that
 * there is. */
static gboolean may_reuse(GstHrnetSeg *self, GstBuffer *buffer)
{
    const GstClockTime time = running_time(self, buffer);
    GstClockTime earliest;

    if (!self->result || GST_BUFFER_IS_DISCONT(buffer) || !GST_CLOCK_TIME_IS_VALID(time) ||
        !GST_CLOCK_TIME_IS_VALID(self->result->running_time) ||
        !gst_hrnet_result_fits(self->result, GST_VIDEO_INFO_WIDTH(&self->in_info),
                               GST_VIDEO_INFO_HEIGHT(&self->in_info)))
        return FALSE;
    GST_OBJECT_LOCK(self);
    earliest = self->earliest_time;
    GST_OBJECT_UNLOCK(self);
    return GST_CLOCK_TIME_IS_VALID(earliest) && time <= earliest &&
           time >= self->result->running_time && time - self->result->running_time < MAX_REUSE_TIME;
}

static gboolean infer(GstHrnetSeg *self, const GstVideoFrame *frame, GError **error)
{
    HrnetSession *session = self->network->session;
    const GstClockTime start = gst_util_get_timestamp();
    HrnetImage image;
    HrnetMask *mask;

    if (!gst_hrnet_image_from_frame(&image, frame)) {
        g_set_error_literal(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                            "frames of negative stride are not supported");
        return FALSE;
    }
    mask = hrnet_session_segment(session, &image, error);
    if (!mask)
        return FALSE;

    g_clear_pointer(&self->result, gst_hrnet_result_unref);
    self->result = gst_hrnet_result_new(mask, self->network->model, GST_BUFFER_PTS(frame->buffer),
                                        running_time(self, frame->buffer));
    GST_OBJECT_LOCK(self);
    self->stats.n_inferences++;
    self->stats.inference_ns += gst_util_get_timestamp() - start;
    self->stats.n_masks = hrnet_session_get_n_masks(session);
    GST_OBJECT_UNLOCK(self);
    return TRUE;
}

static gboolean paint(GstHrnetSeg *self, const GstVideoFrame *frame, GError **error)
{
    HrnetImage image;

    return gst_hrnet_image_from_frame(&image, frame) &&
           hrnet_image_paint(&image, self->result->mask, self->paint.argb, self->paint.n_labels + 1,
                             error);
}

static void copy_labels(const HrnetMask *mask, GstVideoFrame *out)
{
    const guint width = hrnet_mask_get_width(mask), height = hrnet_mask_get_height(mask);
    const guint8 *labels = hrnet_mask_get_labels(mask, NULL);

    for (guint y = 0; y < height; y++) {
        guint8 *row = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(out, 0) +
                      (gsize)y * GST_VIDEO_FRAME_PLANE_STRIDE(out, 0);
        memcpy(row, labels + (gsize)y * width, width);
    }
}

/* Draws the mode's picture: on the frame itself where out is NULL. */
static gboolean render(GstHrnetSeg *self, const GstVideoFrame *in, GstVideoFrame *out,
                       GError **error)
{
    const GstClockTime start = gst_util_get_timestamp();
    gboolean ok = TRUE;

    if (self->mode == GST_HRNET_MODE_MASK)
        copy_labels(self->result->mask, out);
    else if (out)
        ok = gst_video_frame_copy(out, in) && paint(self, out, error);
    else
        ok = paint(self, in, error);

    GST_OBJECT_LOCK(self);
    self->stats.n_rendered++;
    self->stats.render_ns += gst_util_get_timestamp() - start;
    GST_OBJECT_UNLOCK(self);
    return ok;
}

/* The part of a frame's way for which its pixels are mapped. */
static gboolean work_on_pixels(GstHrnetSeg *self, GstBuffer *inbuf, GstBuffer *outbuf,
                               gboolean infers, gboolean renders, GError **error)
{
    const gboolean in_place = inbuf == outbuf;
    const GstMapFlags flags = renders && in_place ? GST_MAP_READWRITE : GST_MAP_READ;
    GstVideoFrame in, out;
    gboolean ok;

    if (!gst_video_frame_map(&in, &self->in_info, inbuf, flags | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "a buffer of %" G_GSIZE_FORMAT " bytes holds no frame of the caps",
                    gst_buffer_get_size(inbuf));
        return FALSE;
    }
    ok = !infers || infer(self, &in, error);
    if (ok && renders && in_place) {
        ok = render(self, &in, NULL, error);
    } else if (ok && renders) {
        ok = gst_video_frame_map(&out, &self->out_info, outbuf,
                                 GST_MAP_WRITE | GST_VIDEO_FRAME_MAP_FLAG_NO_REF);
        if (ok) {
            ok = render(self, &in, &out, error);
            gst_video_frame_unmap(&out);
        } else {
            g_set_error_literal(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY,
                                "the output buffer cannot be written");
        }
    }
    gst_video_frame_unmap(&in);
    return ok;
}

static void note_age(GstHrnetSeg *self, GstBuffer *buffer, gboolean reused)
{
    const GstClockTime now = GST_BUFFER_PTS(buffer), then = self->result->pts;

    GST_OBJECT_LOCK(self);
    self->stats.n_reused += reused;
    self->stats.mask_age_ns = 0;
    if (GST_CLOCK_TIME_IS_VALID(now) && GST_CLOCK_TIME_IS_VALID(then))
        self->stats.mask_age_ns = MAX(now, then) - MIN(now, then);
    GST_OBJECT_UNLOCK(self);
}

static GstFlowReturn transform(GstBaseTransform *trans, GstBuffer *inbuf, GstBuffer *outbuf)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    const gboolean renders = self->mode == GST_HRNET_MODE_MASK || self->paints;
    const gboolean reuses = may_reuse(self, inbuf);
    g_autoptr(GError) error = NULL;

    /* Nobody would see the mask. */
    if (!renders && !self->attach_meta)
        return GST_FLOW_OK;

    if ((renders || !reuses) && !work_on_pixels(self, inbuf, outbuf, !reuses, renders, &error)) {
        GST_ELEMENT_ERROR(self, STREAM, FAILED, ("Cannot segment a frame: %s", error->message),
                          (NULL));
        return GST_FLOW_ERROR;
    }
    note_age(self, inbuf, reuses);
    if (self->attach_meta) {
        gst_hrnet_meta_attach(outbuf, self->result);
        gst_hrnet_analytics_attach(outbuf, self->result);
    }
    return GST_FLOW_OK;
}

static gboolean sink_event(GstBaseTransform *trans, GstEvent *event)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);

    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_STOP:
        GST_OBJECT_LOCK(self);
        self->earliest_time = GST_CLOCK_TIME_NONE;
        GST_OBJECT_UNLOCK(self);
        /* what follows is another scene */
        G_GNUC_FALLTHROUGH;
    case GST_EVENT_SEGMENT:
        g_clear_pointer(&self->result, gst_hrnet_result_unref);
        break;
    default:
        break;
    }
    return base_class->sink_event(trans, event);
}

static gboolean src_event(GstBaseTransform *trans, GstEvent *event)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    GstClockTime timestamp;
    GstClockTimeDiff late;

    if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) {
        gst_event_parse_qos(event, NULL, NULL, &late, &timestamp);
        GST_OBJECT_LOCK(self);
        self->earliest_time = GST_CLOCK_TIME_IS_VALID(timestamp) && late > 0
                                  ? timestamp + (GstClockTime)late
                                  : GST_CLOCK_TIME_NONE;
        GST_OBJECT_UNLOCK(self);
    }
    return base_class->src_event(trans, event);
}

void gst_hrnet_seg_frame_class_init(GstBaseTransformClass *klass)
{
    base_class = g_type_class_peek_parent(klass);
    klass->before_transform = GST_DEBUG_FUNCPTR(before_transform);
    klass->prepare_output_buffer = GST_DEBUG_FUNCPTR(prepare_output_buffer);
    klass->transform_meta = GST_DEBUG_FUNCPTR(transform_meta);
    klass->transform = GST_DEBUG_FUNCPTR(transform);
    klass->sink_event = GST_DEBUG_FUNCPTR(sink_event);
    klass->src_event = GST_DEBUG_FUNCPTR(src_event);
}
