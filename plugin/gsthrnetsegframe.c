/* hrnetseg: a frame's way through the element.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetseg.h"

#include "gsthrnetanalytics.h"
#include "gsthrnetimage.h"
#include "gsthrnetmeta.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

static GstBaseTransformClass *base_class;

/* Segments of bytes, which appsrc and shmsrc have by default, tell nothing of times. */
static const GstSegment *time_segment(GstHrnetSeg *self)
{
    const GstSegment *segment = &GST_BASE_TRANSFORM(self)->segment;

    return segment->format == GST_FORMAT_TIME ? segment : NULL;
}

GstClockTime gst_hrnet_seg_running_time(GstHrnetSeg *self, GstClockTime pts)
{
    const GstSegment *segment = time_segment(self);

    return segment ? gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts)
                   : GST_CLOCK_TIME_NONE;
}

GstClockTime gst_hrnet_seg_stream_time(GstHrnetSeg *self, GstClockTime pts)
{
    const GstSegment *segment = time_segment(self);

    return segment ? gst_segment_to_stream_time(segment, GST_FORMAT_TIME, pts)
                   : GST_CLOCK_TIME_NONE;
}

static void before_transform(GstBaseTransform *trans, GstBuffer *buffer)
{
    const GstClockTime time =
        gst_hrnet_seg_stream_time(GST_HRNET_SEG(trans), GST_BUFFER_PTS(buffer));

    if (GST_CLOCK_TIME_IS_VALID(time))
        gst_object_sync_values(GST_OBJECT(trans), time);
}

/* What the properties say now holds for the whole of a frame. */
static void take_settings(GstHrnetSeg *self)
{
    HrnetOrientation orientation;

    GST_OBJECT_LOCK(self);
    self->now = self->settings;
    orientation = gst_hrnet_seg_orientation_locked(self);
    self->stats.n_frames++;
    GST_OBJECT_UNLOCK(self);

    if (orientation != self->orientation)
        gst_hrnet_seg_mask_turn(self);
    self->orientation = orientation;

    /* A mode may have been set after the caps were agreed on for this frame: it takes effect with
     * the next. */
    if (gst_hrnet_mode_fits(self->now.mode, GST_VIDEO_INFO_FORMAT(&self->in_info),
                            GST_VIDEO_INFO_FORMAT(&self->out_info)))
        self->negotiated_mode = self->now.mode;
    self->mode = self->negotiated_mode;
    self->traits = gst_hrnet_mode_traits(self->mode);
    gst_hrnet_paint_set_opacity(&self->paint, self->now.opacity, self->now.outline,
                                self->now.invert);
}

/* Whether anybody would see a mask, or miss it. */
static gboolean needs_mask(GstHrnetSeg *self)
{
    return self->now.attach_meta || self->now.fail_closed || self->now.message_interval ||
           gst_hrnet_seg_shows(self);
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

/* Memory that others have exported may be for reading alone, which its flags do not tell. */
static gboolean can_write(GstHrnetSeg *self, GstBuffer *buffer)
{
    GstVideoFrame frame;

    if (gst_memory_is_type(gst_buffer_peek_memory(buffer, 0), GST_ALLOCATOR_SYSMEM))
        return TRUE;
    if (!gst_hrnet_image_map(&frame, &self->in_info, buffer, GST_MAP_READWRITE, NULL))
        return FALSE;
    gst_video_frame_unmap(&frame);
    return TRUE;
}

static gboolean can_draw_in_place(GstHrnetSeg *self, GstBuffer *buffer)
{
    return GST_VIDEO_INFO_FORMAT(&self->in_info) == GST_VIDEO_INFO_FORMAT(&self->out_info) &&
           !self->traits->of_labels && gst_buffer_is_writable(buffer) &&
           gst_buffer_is_all_memory_writable(buffer) &&
           (self->peer_takes_video_meta || frame_is_plain(&self->in_info, buffer)) &&
           can_write(self, buffer);
}

/* What stands for a time without a picture has no pixels either. */
static gboolean is_empty_gap(GstBuffer *buffer)
{
    return GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP) && gst_buffer_get_size(buffer) == 0;
}

/* A frame's mask is made here, since what becomes of the frame depends on whether there is one: it
 * is the frame itself wherever its pixels stay or may be drawn on, else one from the pool. Where
 * only metadata is added to a frame that others hold too, a copy of the buffer shares its memory.
 */
static GstFlowReturn prepare_output_buffer(GstBaseTransform *trans, GstBuffer *inbuf,
                                           GstBuffer **outbuf)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);

    if (!gst_hrnet_seg_model_update(self))
        return GST_FLOW_ERROR;
    take_settings(self);

    self->hides_all = self->draws = FALSE;
    gst_hrnet_seg_failure_begin(self);
    if (is_empty_gap(inbuf)) {
        self->now.attach_meta = FALSE;
        *outbuf = inbuf;
        return GST_FLOW_OK;
    }
    if (!needs_mask(self))
        gst_hrnet_seg_mask_skip(self, inbuf);
    else if (!gst_hrnet_seg_mask_update(self, inbuf))
        return GST_FLOW_ERROR;
    self->draws = gst_hrnet_seg_draws(self);
    if (!gst_hrnet_seg_failure_check(self, inbuf))
        return GST_FLOW_ERROR;
    self->now.attach_meta = self->now.attach_meta && self->result && !self->hides_all;

    if (self->draws && !can_draw_in_place(self, inbuf))
        return base_class->prepare_output_buffer(trans, inbuf, outbuf);
    if (self->draws || !self->now.attach_meta || gst_buffer_is_writable(inbuf))
        *outbuf = inbuf;
    else
        *outbuf = gst_buffer_copy(inbuf);
    return GST_FLOW_OK;
}

/* Into a buffer of the pool go all metadata but those of other pixels' memory, and into one of
 * another format none of colours. */
static gboolean transform_meta(GstBaseTransform *trans, GstBuffer *outbuf, GstMeta *meta,
                               GstBuffer *inbuf)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    static const gchar *const shapes[] = { GST_META_TAG_VIDEO_STR, GST_META_TAG_VIDEO_SIZE_STR,
                                           GST_META_TAG_VIDEO_ORIENTATION_STR, NULL };
    const gboolean recolored =
        GST_VIDEO_INFO_FORMAT(&self->in_info) != GST_VIDEO_INFO_FORMAT(&self->out_info);
    const gchar *const *tags = gst_meta_api_type_get_tags(meta->info->api);

    (void)outbuf;
    (void)inbuf;
    for (; recolored && tags && *tags; tags++) {
        if (!g_strv_contains(shapes, *tags))
            return FALSE;
    }
    return TRUE;
}

static GstFlowReturn transform(GstBaseTransform *trans, GstBuffer *inbuf, GstBuffer *outbuf)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    g_autoptr(GError) error = NULL;

    if (self->draws && !gst_hrnet_seg_draw(self, inbuf, outbuf, &error)) {
        if (!gst_hrnet_seg_failure_note(self, "Cannot draw a frame", error))
            return GST_FLOW_ERROR;
        /* What the pool gave has no picture yet, and what is to be hidden must not show. */
        self->drops = self->now.fail_closed || outbuf != inbuf;
    }
    gst_hrnet_seg_failure_end(self);
    if (self->drops)
        return GST_BASE_TRANSFORM_FLOW_DROPPED;
    if (self->now.attach_meta) {
        gst_hrnet_meta_attach(outbuf, self->result);
        gst_hrnet_analytics_attach(outbuf, self->result,
                                   (guint)GST_VIDEO_INFO_WIDTH(&self->in_info),
                                   (guint)GST_VIDEO_INFO_HEIGHT(&self->in_info));
    }
    return GST_FLOW_OK;
}

static gboolean sink_event(GstBaseTransform *trans, GstEvent *event)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);

    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_STOP:
        gst_hrnet_seg_qos_reset(self);
        gst_hrnet_seg_mask_reset(self);
        break;
    case GST_EVENT_SEGMENT:
        gst_hrnet_seg_mask_cross(self);
        break;
    case GST_EVENT_STREAM_START:
        gst_hrnet_seg_orientation_begin_stream(self);
        break;
    case GST_EVENT_TAG:
        gst_hrnet_seg_orientation_tags(self, event);
        break;
    default:
        break;
    }
    return base_class->sink_event(trans, event);
}

static gboolean src_event(GstBaseTransform *trans, GstEvent *event)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    gboolean ok = TRUE;

    if (GST_EVENT_TYPE(event) != GST_EVENT_QOS)
        return base_class->src_event(trans, event);
    /* Past the base class, which with `qos` would drop late frames whole. */
    if (gst_hrnet_seg_qos_event(self, event))
        ok = gst_pad_push_event(GST_BASE_TRANSFORM_SINK_PAD(trans), event);
    else
        gst_event_unref(event);
    return ok;
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
