/* hrnetseg: caps and allocation.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetimage.h"
#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

#define MIN_SIZE 16
#define MAX_SIZE 8192

/* The parent of the element's class. */
static GstBaseTransformClass *base_class;

/* Of any size and rate. feature: of the memory, NULL for the system's. */
static GstCaps *caps_of_formats(const GValue *formats, const gchar *feature)
{
    GstStructure *structure = gst_structure_new_empty("video/x-raw");
    GstCaps *caps = gst_caps_new_empty();

    gst_structure_set_value(structure, "format", formats);
    gst_structure_set(structure, "width", GST_TYPE_INT_RANGE, MIN_SIZE, MAX_SIZE, "height",
                      GST_TYPE_INT_RANGE, MIN_SIZE, MAX_SIZE, "framerate", GST_TYPE_FRACTION_RANGE,
                      0, 1, G_MAXINT, 1, NULL);
    gst_caps_append_structure_full(caps, structure,
                                   feature ? gst_caps_features_new(feature, NULL) : NULL);
    return caps;
}

/* What a pad takes of the formats, which it takes over. */
static void append_formats(GstCaps *caps, GstPadDirection direction, GValue *formats)
{
    gst_caps_append(caps, caps_of_formats(formats, NULL));
    if (direction == GST_PAD_SINK)
        gst_caps_append(caps, caps_of_formats(formats, GST_HRNET_FEATURE_DMABUF));
    g_value_unset(formats);
}

/* What a pad takes in modes that draw. The first choices stand before all else, in structures of
 * their own: where upstream could send others too it fixes one of these. */
static GstCaps *drawn_caps(GstPadDirection direction)
{
    GstCaps *caps = gst_caps_new_empty();
    GValue formats = G_VALUE_INIT;

    gst_hrnet_image_formats(&formats, TRUE);
    if (direction == GST_PAD_SRC) {
        GValue made = G_VALUE_INIT;

        /* By `alpha` alone. */
        g_value_init(&made, G_TYPE_STRING);
        g_value_set_static_string(&made, "A420");
        gst_value_list_append_and_take_value(&formats, &made);
    }
    append_formats(caps, direction, &formats);
    gst_hrnet_image_formats(&formats, FALSE);
    append_formats(caps, direction, &formats);
    return caps;
}

static GstCaps *drawn_sink_caps, *drawn_src_caps;

static GstCaps *drawn(GstPadDirection direction)
{
    return direction == GST_PAD_SINK ? drawn_sink_caps : drawn_src_caps;
}

/* `meta` takes whatever GStreamer can unpack. */
static GstPadTemplate *make_template(const gchar *name, GstPadDirection direction)
{
    GstCaps *caps = gst_caps_copy(drawn(direction));
    GValue formats = G_VALUE_INIT;
    GstPadTemplate *pad_template;

    gst_hrnet_image_foreign_formats(&formats);
    append_formats(caps, direction, &formats);
    pad_template = gst_pad_template_new(name, direction, GST_PAD_ALWAYS, caps);
    gst_caps_unref(caps);
    return pad_template;
}

void gst_hrnet_seg_caps_add_templates(GstElementClass *klass)
{
    drawn_sink_caps = drawn_caps(GST_PAD_SINK);
    drawn_src_caps = drawn_caps(GST_PAD_SRC);
    GST_MINI_OBJECT_FLAG_SET(drawn_sink_caps, GST_MINI_OBJECT_FLAG_MAY_BE_LEAKED);
    GST_MINI_OBJECT_FLAG_SET(drawn_src_caps, GST_MINI_OBJECT_FLAG_MAY_BE_LEAKED);
    gst_element_class_add_pad_template(klass, make_template("sink", GST_PAD_SINK));
    gst_element_class_add_pad_template(klass, make_template("src", GST_PAD_SRC));
}

/* What caps are made for. */
static GstHrnetMode current_mode(GstHrnetSeg *self)
{
    GstHrnetMode mode;

    GST_OBJECT_LOCK(self);
    mode = self->offered_mode;
    GST_OBJECT_UNLOCK(self);
    return mode;
}

/* The other pad's caps where formats differ: at the source pad what the mode makes, at the sink pad
 * any (of the template's). A format with alpha that is there already stays the first choice. */
static GstCaps *made_caps(GstCaps *caps, GstPadDirection direction, const GstVideoFormat *formats)
{
    GstCaps *other = gst_caps_new_empty();
    GValue made = G_VALUE_INIT;

    g_value_init(&made, GST_TYPE_LIST);
    for (; *formats != GST_VIDEO_FORMAT_UNKNOWN; formats++) {
        GValue name = G_VALUE_INIT;

        g_value_init(&name, G_TYPE_STRING);
        g_value_set_static_string(&name, gst_video_format_to_string(*formats));
        gst_value_list_append_and_take_value(&made, &name);
    }
    for (guint i = 0; i < gst_caps_get_size(caps); i++) {
        const GstStructure *structure = gst_caps_get_structure(caps, i);
        GstCapsFeatures *features = gst_caps_get_features(caps, i);
        const GValue *format = gst_structure_get_value(structure, "format");
        GValue common = G_VALUE_INIT;
        GstStructure *bare;

        if (format && gst_value_intersect(&common, format, &made)) {
            GstStructure *same = gst_structure_copy(structure);

            gst_structure_take_value(same, "format", &common);
            other = gst_caps_merge_structure_full(other, same, gst_caps_features_copy(features));
        } else if (format && direction == GST_PAD_SRC) {
            continue;
        }
        bare = gst_structure_copy(structure);
        gst_structure_remove_fields(bare, "format", "colorimetry", "chroma-site", NULL);
        if (direction == GST_PAD_SINK)
            gst_structure_set_value(bare, "format", &made);
        other = gst_caps_merge_structure_full(other, bare, gst_caps_features_copy(features));
    }
    g_value_unset(&made);
    return other;
}

static gboolean is_dmabuf(const GstCaps *caps, guint index)
{
    const GstCapsFeatures *features = gst_caps_get_features(caps, index);

    return features && gst_caps_features_contains(features, GST_HRNET_FEATURE_DMABUF);
}

/* What goes in as DMABuf leaves as if it were the system's memory, which can be mapped as well;
 * what is to leave may have come as either. (transfer full) both. */
static GstCaps *other_memory(GstCaps *caps, GstPadDirection direction)
{
    GstCaps *other = gst_caps_new_empty();
    const guint n = gst_caps_get_size(caps);

    for (guint i = 0; i < n; i++) {
        GstCapsFeatures *features =
            is_dmabuf(caps, i) ? NULL : gst_caps_features_copy(gst_caps_get_features(caps, i));

        other = gst_caps_merge_structure_full(
            other, gst_structure_copy(gst_caps_get_structure(caps, i)), features);
    }
    for (guint i = 0; i < n && direction == GST_PAD_SRC; i++) {
        if (gst_caps_features_is_equal(gst_caps_get_features(caps, i),
                                       GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY))
            other = gst_caps_merge_structure_full(
                other, gst_structure_copy(gst_caps_get_structure(caps, i)),
                gst_caps_features_new(GST_HRNET_FEATURE_DMABUF, NULL));
    }
    gst_caps_unref(caps);
    return other;
}

/* Of a pad's caps those that a mode can have there (transfer full). */
static GstCaps *possible_caps(GstHrnetMode mode, GstCaps *caps, GstPadDirection direction)
{
    if (gst_hrnet_mode_traits(mode)->passes)
        return gst_caps_ref(caps);
    return gst_caps_intersect_full(caps, drawn(direction), GST_CAPS_INTERSECT_FIRST);
}

GstCaps *gst_hrnet_seg_caps_of_mode(GstHrnetMode mode, GstCaps *caps, GstPadDirection direction)
{
    const GstVideoFormat *formats = gst_hrnet_mode_traits(mode)->made;
    g_autoptr(GstCaps) here = possible_caps(mode, caps, direction);
    g_autoptr(GstCaps) there = formats ? made_caps(here, direction, formats) : gst_caps_ref(here);

    if (!gst_caps_is_any(there))
        there = other_memory(there, direction);
    return possible_caps(mode, there, direction == GST_PAD_SINK ? GST_PAD_SRC : GST_PAD_SINK);
}

static GstCaps *transform_caps(GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps,
                               GstCaps *filter)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    GstCaps *other = gst_hrnet_seg_caps_of_mode(current_mode(self), caps, direction);

    if (filter) {
        GstCaps *filtered = gst_caps_intersect_full(filter, other, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(other);
        other = filtered;
    }
    GST_LOG_OBJECT(self, "%" GST_PTR_FORMAT " to %" GST_PTR_FORMAT, (gpointer)caps,
                   (gpointer)other);
    return other;
}

/* The mode may be set anew while caps are agreed on. What is asked for then waits for its own caps,
 * and what was there before goes on where it can. */
static GstHrnetMode mode_for_caps(GstHrnetSeg *self)
{
    const GstVideoFormat in = GST_VIDEO_INFO_FORMAT(&self->in_info);
    const GstVideoFormat out = GST_VIDEO_INFO_FORMAT(&self->out_info);
    const GstHrnetMode asked = current_mode(self);

    if (gst_hrnet_mode_fits(asked, in, out))
        return asked;
    if (gst_hrnet_mode_fits(self->negotiated_mode, in, out))
        return self->negotiated_mode;
    for (guint mode = 0; mode < GST_HRNET_N_MODES; mode++) {
        if (gst_hrnet_mode_fits((GstHrnetMode)mode, in, out))
            return (GstHrnetMode)mode;
    }
    return asked;
}

/* The pads' templates have what any mode takes. */
static gboolean accept_caps(GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps)
{
    g_autoptr(GstCaps) possible =
        possible_caps(current_mode(GST_HRNET_SEG(trans)), caps, direction);

    return !gst_caps_is_empty(possible) && base_class->accept_caps(trans, direction, caps);
}

/* Width by height of a displayed frame. */
static gdouble display_aspect(const GstVideoInfo *info)
{
    const gdouble pixel = GST_VIDEO_INFO_PAR_N(info) > 0 && GST_VIDEO_INFO_PAR_D(info) > 0
                              ? (gdouble)GST_VIDEO_INFO_PAR_N(info) / GST_VIDEO_INFO_PAR_D(info)
                              : 1;

    return pixel * GST_VIDEO_INFO_WIDTH(info) / GST_VIDEO_INFO_HEIGHT(info);
}

static gboolean set_caps(GstBaseTransform *trans, GstCaps *incaps, GstCaps *outcaps)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    GstVideoInfo in_info, out_info;

    if (!gst_video_info_from_caps(&in_info, incaps) ||
        !gst_video_info_from_caps(&out_info, outcaps)) {
        GST_WARNING_OBJECT(self, "cannot use caps %" GST_PTR_FORMAT, (gpointer)incaps);
        return FALSE;
    }
    self->in_info = in_info;
    self->out_info = out_info;
    g_clear_pointer(&self->converter, gst_video_converter_free);
    self->unproven = is_dmabuf(incaps, 0);
    self->negotiated_mode = mode_for_caps(self);
    self->restarts = TRUE;
    /* An `auto` size goes by the shape that a frame is displayed in. */
    GST_OBJECT_LOCK(self);
    self->aspect = display_aspect(&in_info);
    self->changes |= GST_HRNET_CHANGED_SESSION;
    GST_OBJECT_UNLOCK(self);
    return TRUE;
}

static gboolean unit_size(G_GNUC_UNUSED GstBaseTransform *trans, GstCaps *caps, gsize *size)
{
    GstVideoInfo info;

    if (!gst_video_info_from_caps(&info, caps))
        return FALSE;
    *size = GST_VIDEO_INFO_SIZE(&info);
    return TRUE;
}

static gboolean transform_size(GstBaseTransform *trans, G_GNUC_UNUSED GstPadDirection direction,
                               G_GNUC_UNUSED GstCaps *caps, G_GNUC_UNUSED gsize size,
                               GstCaps *othercaps, gsize *othersize)
{
    return unit_size(trans, othercaps, othersize);
}

/* A pool of video frames for upstream. */
static gboolean propose_pool(GstQuery *query)
{
    GstVideoInfo info;
    GstBufferPool *pool;
    GstStructure *config;
    GstCaps *caps;
    gboolean need_pool, ok = TRUE;

    gst_query_parse_allocation(query, &caps, &need_pool);
    if (!caps || !gst_video_info_from_caps(&info, caps))
        return FALSE;
    if (gst_query_get_n_allocation_pools(query) > 0)
        return TRUE;
    if (!need_pool) {
        gst_query_add_allocation_pool(query, NULL, GST_VIDEO_INFO_SIZE(&info), 0, 0);
        return TRUE;
    }
    pool = gst_video_buffer_pool_new();
    config = gst_buffer_pool_get_config(pool);
    gst_buffer_pool_config_set_params(config, caps, GST_VIDEO_INFO_SIZE(&info), 0, 0);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    ok = gst_buffer_pool_set_config(pool, config);
    if (ok)
        gst_query_add_allocation_pool(query, pool, GST_VIDEO_INFO_SIZE(&info), 0, 0);
    gst_object_unref(pool);
    return ok;
}

/* Frames are as large as the caps say, not larger with a part of them to be shown. */
static void refuse_cropping(GstQuery *query)
{
    guint index;

    if (gst_query_find_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, &index))
        gst_query_remove_nth_allocation_meta(query, index);
}

/* Frames that leave as they came are best written into downstream's memory straight away, so its
 * answer is passed on. Any stride is read here: where downstream can't read them all, an overlay is
 * drawn on a copy (frame_is_plain() in gsthrnetsegframe.c), while `meta` mode promises not to copy
 * and so must not promise more than downstream. */
static gboolean propose_allocation(GstBaseTransform *trans, GstQuery *decide_query, GstQuery *query)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    const GstHrnetModeTraits *traits = gst_hrnet_mode_traits(current_mode(self));
    const gboolean same = traits->made == NULL, meta = traits->passes;
    GstCaps *caps;

    if (decide_query == NULL)
        return base_class->propose_allocation(trans, decide_query, query);
    /* Downstream is asked for other caps, and such memory is upstream's to have. */
    gst_query_parse_allocation(query, &caps, NULL);
    if (caps && is_dmabuf(caps, 0)) {
        if (!meta || self->peer_takes_video_meta)
            gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
        return TRUE;
    }
    if (same && gst_pad_peer_query(GST_BASE_TRANSFORM_SRC_PAD(trans), query))
        refuse_cropping(query);
    else if (meta)
        return FALSE;
    GST_DEBUG_OBJECT(self, "downstream's answer is %" GST_PTR_FORMAT, (gpointer)query);
    if (meta)
        return TRUE;
    if (!gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL))
        gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
    return propose_pool(query);
}

/* Downstream's pool, else one of ours, for frames that are not drawn on in place. */
static gboolean decide_allocation(GstBaseTransform *trans, GstQuery *query)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    const gboolean video_meta =
        gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
    GstBufferPool *pool = NULL;
    GstStructure *config;
    GstVideoInfo info;
    guint size, min = 0, max = 0;
    GstCaps *caps;
    gboolean update = gst_query_get_n_allocation_pools(query) > 0;

    gst_query_parse_allocation(query, &caps, NULL);
    if (!caps || !gst_video_info_from_caps(&info, caps))
        return FALSE;
    size = GST_VIDEO_INFO_SIZE(&info);
    if (update)
        gst_query_parse_nth_allocation_pool(query, 0, &pool, &size, &min, &max);
    size = MAX(size, GST_VIDEO_INFO_SIZE(&info));
    if (!pool)
        pool = gst_video_buffer_pool_new();

    config = gst_buffer_pool_get_config(pool);
    gst_buffer_pool_config_set_params(config, caps, size, min, max);
    if (video_meta && gst_buffer_pool_has_option(pool, GST_BUFFER_POOL_OPTION_VIDEO_META))
        gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    gst_buffer_pool_set_config(pool, config);

    if (update)
        gst_query_set_nth_allocation_pool(query, 0, pool, size, min, max);
    else
        gst_query_add_allocation_pool(query, pool, size, min, max);
    gst_object_unref(pool);
    self->peer_takes_video_meta = video_meta;
    return base_class->decide_allocation(trans, query);
}

void gst_hrnet_seg_caps_class_init(GstBaseTransformClass *klass)
{
    base_class = g_type_class_peek_parent(klass);
    klass->transform_caps = GST_DEBUG_FUNCPTR(transform_caps);
    klass->accept_caps = GST_DEBUG_FUNCPTR(accept_caps);
    klass->set_caps = GST_DEBUG_FUNCPTR(set_caps);
    klass->get_unit_size = GST_DEBUG_FUNCPTR(unit_size);
    klass->transform_size = GST_DEBUG_FUNCPTR(transform_size);
    klass->propose_allocation = GST_DEBUG_FUNCPTR(propose_allocation);
    klass->decide_allocation = GST_DEBUG_FUNCPTR(decide_allocation);
}
