/* hrnetseg: a mode that is set while playing.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A mode may make caps of its own. Were they offered as soon as the property is set, a mode that
 * downstream can't take would end the stream wherever somebody asks next. So the streaming thread
 * looks, before a frame, whether they can be agreed on; where they can't, the former mode stays. */
#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

static GstBaseTransformClass *base_class;

void gst_hrnet_seg_mode_set_locked(GstHrnetSeg *self)
{
    if (!self->started || self->aspect == 0)
        self->offered_mode = self->settings.mode;
}

/* Whether frames of those caps can leave in the mode. */
static gboolean takes(GstHrnetSeg *self, GstHrnetMode mode, GstCaps *in)
{
    GstPad *src = GST_BASE_TRANSFORM_SRC_PAD(self);
    g_autoptr(GstCaps) out = gst_hrnet_seg_caps_of_mode(mode, in, GST_PAD_SINK);
    g_autoptr(GstCaps) template = gst_pad_get_pad_template_caps(src);
    g_autoptr(GstCaps) wanted = gst_caps_intersect(out, template);
    g_autoptr(GstCaps) taken = gst_pad_peer_query_caps(src, wanted);

    return !gst_caps_is_empty(taken);
}

/* Whether upstream could send other frames, which can leave in the mode. */
static gboolean could_take(GstHrnetSeg *self, GstHrnetMode mode)
{
    GstPad *sink = GST_BASE_TRANSFORM_SINK_PAD(self), *src = GST_BASE_TRANSFORM_SRC_PAD(self);
    g_autoptr(GstCaps) template = gst_pad_get_pad_template_caps(src);
    g_autoptr(GstCaps) taken = gst_pad_peer_query_caps(src, template);
    g_autoptr(GstCaps) in = gst_hrnet_seg_caps_of_mode(mode, taken, GST_PAD_SRC);
    g_autoptr(GstCaps) sent = gst_pad_peer_query_caps(sink, in);

    return !gst_caps_is_empty(sent);
}

static void offer(GstHrnetSeg *self, GstHrnetMode mode)
{
    GST_OBJECT_LOCK(self);
    self->offered_mode = mode;
    GST_OBJECT_UNLOCK(self);
    /* A mode has its own answer to the allocation query. */
    gst_base_transform_reconfigure_sink(GST_BASE_TRANSFORM(self));
}

static void refuse(GstHrnetSeg *self, GstHrnetMode mode, GstHrnetMode former)
{
    g_autoptr(GEnumClass) names = g_type_class_ref(GST_TYPE_HRNET_MODE);

    GST_OBJECT_LOCK(self);
    if (self->settings.mode == (gint)mode)
        self->settings.mode = former;
    GST_OBJECT_UNLOCK(self);
    g_object_notify(G_OBJECT(self), "mode");
    GST_ELEMENT_WARNING(self, STREAM, FORMAT,
                        ("Keeping mode \"%s\": downstream does not take what \"%s\" makes",
                         g_enum_get_value(names, (gint)former)->value_nick,
                         g_enum_get_value(names, (gint)mode)->value_nick),
                        (NULL));
}

static void follow_property(GstHrnetSeg *self)
{
    g_autoptr(GstCaps) in = gst_pad_get_current_caps(GST_BASE_TRANSFORM_SINK_PAD(self));
    GstHrnetMode mode, former;

    GST_OBJECT_LOCK(self);
    mode = self->settings.mode;
    former = self->offered_mode;
    GST_OBJECT_UNLOCK(self);
    if (!in || mode == former)
        return;
    if (takes(self, mode, in)) {
        offer(self, mode);
        gst_base_transform_reconfigure_src(GST_BASE_TRANSFORM(self));
    } else if (could_take(self, mode)) {
        /* The former goes on until they come. */
        offer(self, mode);
    } else {
        refuse(self, mode, former);
    }
}

static GstFlowReturn submit_input_buffer(GstBaseTransform *trans, gboolean is_discont,
                                         GstBuffer *buffer)
{
    follow_property(GST_HRNET_SEG(trans));
    return base_class->submit_input_buffer(trans, is_discont, buffer);
}

void gst_hrnet_seg_mode_class_init(GstBaseTransformClass *klass)
{
    base_class = g_type_class_peek_parent(klass);
    klass->submit_input_buffer = GST_DEBUG_FUNCPTR(submit_input_buffer);
}
