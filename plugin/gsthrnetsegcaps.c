/* hrnetseg: caps and allocation.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

/* The parent of the element's class. */
static GstBaseTransformClass *base_class;

static GstHrnetMode current_mode(GstHrnetSeg *self)
{
    GstHrnetMode mode;

    GST_OBJECT_LOCK(self);
    mode = self->settings.mode;
    GST_OBJECT_UNLOCK(self);
    return mode;
}

static gboolean can_be_gray(const GstStructure *structure)
{
    const GValue *formats = gst_structure_get_value(structure, "format");
    GValue gray = G_VALUE_INIT;
    gboolean can;

    if (!formats)
        return TRUE;
    g_value_init(&gray, G_TYPE_STRING);
    g_value_set_static_string(&gray, "GRAY8");
    can = gst_value_intersect(NULL, formats, &gray);
    g_value_unset(&gray);
    return can;
}

/* The other pad's caps where one pad carries labels: GRAY8 at the source pad, any format (of the
 * template's) at the sink pad. */
static GstCaps *mask_caps(GstCaps *caps, GstPadDirection direction)
{
    GstCaps *other = gst_caps_new_empty();

    for (guint i = 0; i < gst_caps_get_size(caps); i++) {
        const GstStructure *structure = gst_caps_get_structure(caps, i);
        GstStructure *bare = gst_structure_copy(structure);

        gst_structure_remove_fields(bare, "format", "colorimetry", "chroma-site", NULL);
        if (direction == GST_PAD_SINK) {
            gst_structure_set(bare, "format", G_TYPE_STRING, "GRAY8", NULL);
        } else if (!can_be_gray(structure)) {
            gst_structure_free(bare);
            continue;
        }
        other = gst_caps_merge_structure_full(
            other, bare, gst_caps_features_copy(gst_caps_get_features(caps, i)));
    }
    return other;
}

static GstCaps *transform_caps(GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps,
                               GstCaps *filter)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    GstCaps *other;

    if (current_mode(self) == GST_HRNET_MODE_MASK) {
        other = mask_caps(caps, direction);
    } else {
        other = gst_caps_ref(caps);
    }
    if (filter) {
        GstCaps *filtered = gst_caps_intersect_full(filter, other, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(other);
        other = filtered;
    }
    GST_LOG_OBJECT(self, "%" GST_PTR_FORMAT " to %" GST_PTR_FORMAT, (gpointer)caps,
                   (gpointer)other);
    return other;
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
    self->negotiated_mode = current_mode(self);
    if (!gst_hrnet_seg_mode_fits(self, self->negotiated_mode))
        self->negotiated_mode = GST_VIDEO_INFO_FORMAT(&out_info) == GST_VIDEO_INFO_FORMAT(&in_info)
                                    ? GST_HRNET_MODE_META
                                    : GST_HRNET_MODE_MASK;
    /* An `auto` size goes by the frame's shape. */
    GST_OBJECT_LOCK(self);
    self->frame_width = GST_VIDEO_INFO_WIDTH(&in_info);
    self->frame_height = GST_VIDEO_INFO_HEIGHT(&in_info);
    self->changes |= GST_HRNET_CHANGED_SESSION;
    GST_OBJECT_UNLOCK(self);
    return TRUE;
}

gboolean gst_hrnet_seg_mode_fits(GstHrnetSeg *self, GstHrnetMode mode)
{
    const GstVideoFormat in = GST_VIDEO_INFO_FORMAT(&self->in_info);
    const GstVideoFormat out = GST_VIDEO_INFO_FORMAT(&self->out_info);

    return mode == GST_HRNET_MODE_MASK ? out == GST_VIDEO_FORMAT_GRAY8 : out == in;
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

/* Frames that leave as they came are best written into downstream's memory straight away, so its
 * answer is passed on. Any stride is read here: where downstream can't read them all, an overlay is
 * drawn on a copy (frame_is_plain() in gsthrnetsegframe.c), while `meta` mode promises not to copy
 * and so must not promise more than downstream. */
static gboolean propose_allocation(GstBaseTransform *trans, GstQuery *decide_query, GstQuery *query)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);
    const gboolean same = current_mode(self) != GST_HRNET_MODE_MASK;
    const gboolean meta = current_mode(self) == GST_HRNET_MODE_META;

    if (decide_query == NULL)
        return base_class->propose_allocation(trans, decide_query, query);
    if (same && gst_pad_peer_query(GST_BASE_TRANSFORM_SRC_PAD(trans), query))
        GST_DEBUG_OBJECT(self, "passing on downstream's answer %" GST_PTR_FORMAT, (gpointer)query);
    else if (meta)
        return FALSE;
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
    klass->set_caps = GST_DEBUG_FUNCPTR(set_caps);
    klass->get_unit_size = GST_DEBUG_FUNCPTR(unit_size);
    klass->transform_size = GST_DEBUG_FUNCPTR(transform_size);
    klass->propose_allocation = GST_DEBUG_FUNCPTR(propose_allocation);
    klass->decide_allocation = GST_DEBUG_FUNCPTR(decide_allocation);
}
