/* The mask as metadata of a frame: GstHrnetSegMeta.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A custom metadata, so that any language reads it through gst_buffer_get_custom_meta() without
 * linking the plugin:
 *
 *   mask      GstBuffer     GRAY8 labels with GstVideoMeta, of the frame's size
 *   classes   GstValueArray the names of labels 0..N
 *   pts       guint64       of the frame that was segmented
 *   model     string        what `model` of the element was
 *   areas     GstValueArray see gst_hrnet_report_make(), where a report was due
 *
 * It describes the whole picture. So it is copied with a whole frame, scaled with a scaled one, and
 * left behind where pixels move in any other way. */
#include "gsthrnetmeta.h"

#include "gsthrnetimage.h"
#include "gsthrnetreport.h"

#include <math.h>

/* Where a picture goes: `from` of the old frame becomes `to` of the new one, whose size is width x
 * height. */
typedef struct {
    gdouble from_x, from_y, from_width, from_height;
    gint to_x, to_y, to_width, to_height;
    guint width, height;
} Placement;

/* The nearest old label of each new pixel, pixel centres aligned; 0 where the old picture does not
 * reach. */
static void place_labels(const Placement *place, const GstVideoFrame *in, GstVideoFrame *out)
{
    const gint in_width = GST_VIDEO_FRAME_WIDTH(in), in_height = GST_VIDEO_FRAME_HEIGHT(in);
    const gdouble step_x = place->from_width / place->to_width,
                  step_y = place->from_height / place->to_height;

    for (gint y = 0; y < (gint)place->height; y++) {
        guint8 *row = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(out, 0) +
                      (gsize)y * GST_VIDEO_FRAME_PLANE_STRIDE(out, 0);
        const gint in_y = (gint)floor(place->from_y + (y - place->to_y + 0.5) * step_y);
        const gboolean row_is_in =
            y >= place->to_y && y < place->to_y + place->to_height && in_y >= 0 && in_y < in_height;
        const guint8 *src = (const guint8 *)GST_VIDEO_FRAME_PLANE_DATA(in, 0) +
                            (row_is_in ? (gsize)in_y * GST_VIDEO_FRAME_PLANE_STRIDE(in, 0) : 0);

        for (gint x = 0; x < (gint)place->width; x++) {
            const gint in_x = (gint)floor(place->from_x + (x - place->to_x + 0.5) * step_x);
            const gboolean is_in = row_is_in && x >= place->to_x &&
                                   x < place->to_x + place->to_width && in_x >= 0 &&
                                   in_x < in_width;

            row[x] = is_in ? src[in_x] : 0;
        }
    }
}

static GstBuffer *new_mask(guint width, guint height, GstClockTime pts)
{
    gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
    gint stride[GST_VIDEO_MAX_PLANES] = { (gint)width };
    GstBuffer *mask = gst_hrnet_image_buffer_new((gsize)width * height);

    if (!mask)
        return NULL;
    gst_buffer_add_video_meta_full(mask, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_GRAY8, width,
                                   height, 1, offset, stride);
    GST_BUFFER_PTS(mask) = pts;
    return mask;
}

/* place: in the mask's pixels, of which it has as many as its frame. NULL where mask is no GRAY8
 * picture. */
static GstBuffer *place_mask(GstBuffer *mask, const Placement *place)
{
    const GstVideoMeta *meta = gst_buffer_get_video_meta(mask);
    GstVideoInfo in_info, out_info;
    GstVideoFrame in, out;
    GstBuffer *placed = NULL;

    if (!meta || meta->format != GST_VIDEO_FORMAT_GRAY8)
        return NULL;
    gst_video_info_set_format(&in_info, GST_VIDEO_FORMAT_GRAY8, meta->width, meta->height);
    gst_video_info_set_format(&out_info, GST_VIDEO_FORMAT_GRAY8, place->width, place->height);
    if (!gst_video_frame_map(&in, &in_info, mask, GST_MAP_READ))
        return NULL;
    placed = new_mask(place->width, place->height, GST_BUFFER_PTS(mask));
    if (placed && gst_video_frame_map(&out, &out_info, placed, GST_MAP_WRITE)) {
        place_labels(place, &in, &out);
        gst_video_frame_unmap(&out);
    } else {
        gst_clear_buffer(&placed);
    }
    gst_video_frame_unmap(&in);
    return placed;
}

/* Whether a scaler that keeps the picture's shape would add borders, which it does not tell of. */
static gboolean has_borders(const GstVideoInfo *in, const GstVideoInfo *out)
{
    const guint64 in_shape = (guint64)GST_VIDEO_INFO_WIDTH(in) * GST_VIDEO_INFO_PAR_N(in) *
                             GST_VIDEO_INFO_HEIGHT(out) * GST_VIDEO_INFO_PAR_D(out);
    const guint64 out_shape = (guint64)GST_VIDEO_INFO_WIDTH(out) * GST_VIDEO_INFO_PAR_N(out) *
                              GST_VIDEO_INFO_HEIGHT(in) * GST_VIDEO_INFO_PAR_D(in);
    const gdouble ratio = (gdouble)MIN(in_shape, out_shape) / MAX(MAX(in_shape, out_shape), 1);

    /* Below one pixel they round to nothing. */
    return (1 - ratio) * MAX(GST_VIDEO_INFO_WIDTH(out), GST_VIDEO_INFO_HEIGHT(out)) >= 1;
}

static GstStructure *add_copy(GstBuffer *buffer, GstStructure *from)
{
    GstCustomMeta *meta = gst_buffer_add_custom_meta(buffer, GST_HRNET_META_NAME);
    GstStructure *structure = gst_custom_meta_get_structure(meta);

    for (gint i = 0; i < gst_structure_n_fields(from); i++) {
        const gchar *name = gst_structure_nth_field_name(from, i);
        gst_structure_set_value(structure, name, gst_structure_get_value(from, name));
    }
    return structure;
}

/* Adds the metadata with its mask moved as place says. */
static gboolean add_placed(GstBuffer *out, GstStructure *structure, const Placement *place)
{
    const GValue *value = gst_structure_get_value(structure, "mask");
    GstBuffer *mask;

    if (!value || !GST_VALUE_HOLDS_BUFFER(value))
        return FALSE;
    mask = place_mask(gst_value_get_buffer(value), place);
    if (!mask)
        return FALSE;
    structure = add_copy(out, structure);
    gst_structure_set(structure, "mask", GST_TYPE_BUFFER, mask, NULL);
    /* Its boxes are the old frame's. */
    gst_structure_remove_field(structure, GST_HRNET_REPORT_FIELD);
    gst_buffer_unref(mask);
    return TRUE;
}

static gboolean same_size(const GstVideoInfo *in, const GstVideoInfo *out)
{
    return GST_VIDEO_INFO_WIDTH(in) == GST_VIDEO_INFO_WIDTH(out) &&
           GST_VIDEO_INFO_HEIGHT(in) == GST_VIDEO_INFO_HEIGHT(out);
}

static gboolean transform_scaled(GstBuffer *out, GstStructure *structure,
                                 const GstVideoMetaTransform *change)
{
    const GstVideoInfo *from = change->in_info, *to = change->out_info;
    const Placement place = {
        0,
        0,
        GST_VIDEO_INFO_WIDTH(from),
        GST_VIDEO_INFO_HEIGHT(from),
        0,
        0,
        GST_VIDEO_INFO_WIDTH(to),
        GST_VIDEO_INFO_HEIGHT(to),
        (guint)GST_VIDEO_INFO_WIDTH(to),
        (guint)GST_VIDEO_INFO_HEIGHT(to),
    };

    if (same_size(from, to)) {
        add_copy(out, structure);
        return TRUE;
    }
    return !has_borders(from, to) && add_placed(out, structure, &place);
}

#ifdef GST_VIDEO_META_TRANSFORM_IS_MATRIX
/* From 1.28 on elements tell exactly what they do. What only scales, crops and adds borders is
 * followed. */
static gboolean transform_by_matrix(GstBuffer *out, GstStructure *structure,
                                    const GstVideoMetaTransformMatrix *change)
{
    const gfloat(*m)[3] = change->matrix;
    const GstVideoRectangle *from = &change->in_rectangle, *to = &change->out_rectangle;
    const gboolean only_scales = m[0][1] == 0 && m[0][2] == 0 && m[1][0] == 0 && m[1][2] == 0 &&
                                 m[2][0] == 0 && m[2][1] == 0 && m[0][0] > 0 && m[1][1] > 0 &&
                                 m[2][2] > 0;

    if (!only_scales || to->w <= 0 || to->h <= 0)
        return FALSE;
    const Placement place = {
        from->x,
        from->y,
        to->w * (gdouble)m[2][2] / m[0][0],
        to->h * (gdouble)m[2][2] / m[1][1],
        to->x,
        to->y,
        to->w,
        to->h,
        (guint)GST_VIDEO_INFO_WIDTH(change->out_info),
        (guint)GST_VIDEO_INFO_HEIGHT(change->out_info),
    };
    if (same_size(change->in_info, change->out_info) && place.from_x == place.to_x &&
        place.from_y == place.to_y && place.from_width == GST_VIDEO_INFO_WIDTH(change->in_info) &&
        place.to_width == place.from_width &&
        place.from_height == GST_VIDEO_INFO_HEIGHT(change->in_info) &&
        place.to_height == place.from_height) {
        add_copy(out, structure);
        return TRUE;
    }
    return add_placed(out, structure, &place);
}
#endif

static gboolean transform(GstBuffer *out, GstCustomMeta *meta, GstBuffer *in, GQuark type,
                          gpointer data, G_GNUC_UNUSED gpointer user_data)
{
    GstStructure *structure = gst_custom_meta_get_structure(meta);

    if (GST_META_TRANSFORM_IS_COPY(type)) {
        const GstMetaTransformCopy *copy = data;
        const gboolean whole =
            copy->offset == 0 && (copy->size == (gsize)-1 || copy->size == gst_buffer_get_size(in));
        if (!copy->region || whole)
            add_copy(out, structure);
        return TRUE;
    }
    if (GST_VIDEO_META_TRANSFORM_IS_SCALE(type))
        return transform_scaled(out, structure, data);
#ifdef GST_VIDEO_META_TRANSFORM_IS_MATRIX
    if (GST_VIDEO_META_TRANSFORM_IS_MATRIX(type))
        return transform_by_matrix(out, structure, data);
#endif
    return FALSE;
}

void gst_hrnet_meta_register(void)
{
    static const gchar *tags[] = { GST_META_TAG_VIDEO_STR, GST_META_TAG_VIDEO_SIZE_STR,
                                   GST_META_TAG_VIDEO_ORIENTATION_STR, NULL };

    if (!gst_meta_get_info(GST_HRNET_META_NAME))
        gst_meta_register_custom(GST_HRNET_META_NAME, tags, transform, NULL, NULL);
}

/* Names as interned strings: no copy is made of them, here or when the metadata is copied. */
static void set_classes(GstStructure *structure, const HrnetModel *model)
{
    const gchar *const *names = hrnet_model_get_classes(model);
    GValue array = G_VALUE_INIT;

    gst_value_array_init(&array, g_strv_length((gchar **)(gpointer)names));
    for (; *names; names++) {
        GValue name = G_VALUE_INIT;

        g_value_init(&name, G_TYPE_STRING);
        g_value_set_interned_string(&name, g_intern_string(*names));
        gst_value_array_append_and_take_value(&array, &name);
    }
    gst_structure_take_value(structure, "classes", &array);
}

static void free_structure(gpointer structure)
{
    gst_structure_free(structure);
}

/* Takes off what elements before have attached, the newest first; NULL where there is nothing. */
static GPtrArray *take_earlier(GstBuffer *frame)
{
    GPtrArray *earlier = NULL;
    GstCustomMeta *meta;

    while ((meta = gst_buffer_get_custom_meta(frame, GST_HRNET_META_NAME)) != NULL) {
        if (!earlier)
            earlier = g_ptr_array_new_with_free_func(free_structure);
        g_ptr_array_add(earlier, gst_structure_copy(gst_custom_meta_get_structure(meta)));
        gst_buffer_remove_meta(frame, (GstMeta *)meta);
    }
    return earlier;
}

/* GStreamer finds the metadata that was added first, and readers ask for the last element's. */
void gst_hrnet_meta_attach(GstBuffer *frame, const GstHrnetResult *result)
{
    GPtrArray *earlier = take_earlier(frame);
    GstCustomMeta *meta = gst_buffer_add_custom_meta(frame, GST_HRNET_META_NAME);
    GstStructure *structure = gst_custom_meta_get_structure(meta);

    gst_structure_set(structure, "mask", GST_TYPE_BUFFER, result->buffer, "pts", G_TYPE_UINT64,
                      result->pts, "model", G_TYPE_STRING, hrnet_model_get_name(result->model),
                      NULL);
    set_classes(structure, result->model);
    if (G_IS_VALUE(&result->report))
        gst_structure_set_value(structure, GST_HRNET_REPORT_FIELD, &result->report);
    for (guint i = 0; earlier && i < earlier->len; i++)
        add_copy(frame, g_ptr_array_index(earlier, i));
    g_clear_pointer(&earlier, g_ptr_array_unref);
}
