/* GstVideoFrame to HrnetImage.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetimage.h"

#include <string.h>

static void append_format(GValue *list, const gchar *format)
{
    GValue name = G_VALUE_INIT;

    g_value_init(&name, G_TYPE_STRING);
    g_value_set_string(&name, format);
    gst_value_list_append_and_take_value(list, &name);
}

void gst_hrnet_image_formats(GValue *list, gboolean first_choices)
{
    const gchar *name;

    g_value_init(list, GST_TYPE_LIST);
    for (guint n = 0; (name = hrnet_pixel_format_get_name((HrnetPixelFormat)n)) != NULL; n++) {
        if ((n <= HRNET_PIXEL_FORMAT_GRAY8) == first_choices)
            append_format(list, name);
    }
}

static gboolean pixel_format(GstVideoFormat format, HrnetPixelFormat *pixel)
{
    const gchar *wanted = gst_video_format_to_string(format), *name;

    for (guint n = 0; (name = hrnet_pixel_format_get_name((HrnetPixelFormat)n)) != NULL; n++) {
        if (g_str_equal(name, wanted)) {
            *pixel = (HrnetPixelFormat)n;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean gst_hrnet_image_is_native(GstVideoFormat format)
{
    HrnetPixelFormat pixel;

    return format != GST_VIDEO_FORMAT_UNKNOWN && pixel_format(format, &pixel);
}

/* What GStreamer 1.28 packs in MT2110R and MT2110T leaves part of the frame as it was, so that it
 * cannot be hidden.
 */
static gboolean is_packed_in_part(const GstVideoFormatInfo *info)
{
    return g_str_has_prefix(GST_VIDEO_FORMAT_INFO_NAME(info), "MT2110");
}

void gst_hrnet_image_foreign_formats(GValue *list)
{
    guint n_formats;
    const GstVideoFormat *formats = gst_video_formats_raw(&n_formats);

    g_value_init(list, GST_TYPE_LIST);
    for (guint i = 0; i < n_formats; i++) {
        const GstVideoFormatInfo *info = gst_video_format_get_info(formats[i]);

        if (info->unpack_func && info->pack_func && !is_packed_in_part(info) &&
            !gst_hrnet_image_is_native(formats[i]))
            append_format(list, GST_VIDEO_FORMAT_INFO_NAME(info));
    }
}

/* Memory of a buffer that is of another kind than the system's and cannot be mapped, or NULL. */
static GstMemory *foreign_memory(GstBuffer *buffer)
{
    for (guint i = 0; i < gst_buffer_n_memory(buffer); i++) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        GstMapInfo map;

        if (gst_memory_is_type(memory, GST_ALLOCATOR_SYSMEM))
            continue;
        if (!gst_memory_map(memory, &map, GST_MAP_READ))
            return memory;
        gst_memory_unmap(memory, &map);
    }
    return NULL;
}

gboolean gst_hrnet_image_map(GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer,
                             GstMapFlags flags, GError **error)
{
    if (!gst_video_frame_map(frame, info, buffer, flags | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
        GstMemory *foreign = foreign_memory(buffer);

        if (foreign) {
            g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                        "memory of type %s cannot be mapped: vapostproc or gldownload before the "
                        "element bring frames into memory that can",
                        foreign->allocator->mem_type);
            return FALSE;
        }
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "a buffer of %" G_GSIZE_FORMAT " bytes holds no frame of the caps",
                    gst_buffer_get_size(buffer));
        return FALSE;
    }
    if (GST_VIDEO_FRAME_WIDTH(frame) == GST_VIDEO_INFO_WIDTH(info) &&
        GST_VIDEO_FRAME_HEIGHT(frame) == GST_VIDEO_INFO_HEIGHT(info))
        return TRUE;
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                "a buffer's frame is %dx%d, the caps' %dx%d (WxH)", GST_VIDEO_FRAME_WIDTH(frame),
                GST_VIDEO_FRAME_HEIGHT(frame), GST_VIDEO_INFO_WIDTH(info),
                GST_VIDEO_INFO_HEIGHT(info));
    gst_video_frame_unmap(frame);
    return FALSE;
}

/* Whether n rows of a plane end before the next plane, or the memory, does. */
static gboolean plane_holds(const GstVideoFrame *frame, guint plane, guint n_rows)
{
    const GstMapInfo *map = &frame->map[frame->meta ? plane : 0];
    const gint stride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane);
    const guint8 *start = GST_VIDEO_FRAME_PLANE_DATA(frame, plane);
    const guint8 *end = start + (gsize)MAX(stride, 0) * n_rows;

    for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES(frame); i++) {
        const guint8 *other = GST_VIDEO_FRAME_PLANE_DATA(frame, i);

        if (other > start && other < end)
            return FALSE;
    }
    return stride > 0 && end <= map->data + map->size;
}

GstBuffer *gst_hrnet_image_buffer_new(gsize n_bytes)
{
    gpointer memory = g_try_malloc(n_bytes);

    return memory ? gst_buffer_new_wrapped_full(0, memory, n_bytes, 0, n_bytes, memory, g_free)
                  : NULL;
}

gboolean gst_hrnet_image_has_fields(const GstVideoFrame *frame)
{
    const GstVideoFormatInfo *format = frame->info.finfo;
    const guint n_rows = GST_ROUND_UP_2((guint)GST_VIDEO_FRAME_COMP_HEIGHT(frame, 1));

    if (!GST_VIDEO_FRAME_IS_INTERLACED(frame) || GST_VIDEO_FRAME_N_COMPONENTS(frame) < 3 ||
        GST_VIDEO_FORMAT_INFO_H_SUB(format, 1) != 1)
        return FALSE;
    for (guint plane = 1; plane < GST_VIDEO_FRAME_N_PLANES(frame); plane++) {
        /* The plane of alpha has a row for each of luma. */
        if (plane < 3 && !plane_holds(frame, plane, n_rows))
            return FALSE;
    }
    return TRUE;
}

void gst_hrnet_image_copy(GstVideoFrame *to, const GstVideoFrame *from)
{
    const GstVideoFormatInfo *format = from->info.finfo;
    const gboolean fields = gst_hrnet_image_has_fields(from) && gst_hrnet_image_has_fields(to);

    for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(from); plane++) {
        const gint stride_to = GST_VIDEO_FRAME_PLANE_STRIDE(to, plane),
                   stride_from = GST_VIDEO_FRAME_PLANE_STRIDE(from, plane);
        gint n_bytes = 0, n_rows = 0;

        for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS(from); c++) {
            if (GST_VIDEO_FORMAT_INFO_PLANE(format, c) != plane)
                continue;
            n_bytes = MAX(n_bytes, GST_VIDEO_FRAME_COMP_WIDTH(from, c) *
                                       GST_VIDEO_FRAME_COMP_PSTRIDE(from, c));
            n_rows = GST_VIDEO_FRAME_COMP_HEIGHT(from, c);
            if (fields && GST_VIDEO_FORMAT_INFO_H_SUB(format, c) == 1)
                n_rows = GST_ROUND_UP_2(n_rows);
        }
        n_bytes = MIN(n_bytes, MIN(ABS(stride_to), ABS(stride_from)));
        for (gint y = 0; y < n_rows; y++)
            memcpy((guint8 *)GST_VIDEO_FRAME_PLANE_DATA(to, plane) + (gssize)y * stride_to,
                   (const guint8 *)GST_VIDEO_FRAME_PLANE_DATA(from, plane) +
                       (gssize)y * stride_from,
                   (gsize)n_bytes);
    }
}

gboolean gst_hrnet_image_is_aligned(const GstVideoFrame *frame)
{
    GstVideoInfo own;

    if (!gst_video_info_set_interlaced_format(
            &own, GST_VIDEO_FRAME_FORMAT(frame), GST_VIDEO_INFO_INTERLACE_MODE(&frame->info),
            (guint)GST_VIDEO_FRAME_WIDTH(frame), (guint)GST_VIDEO_FRAME_HEIGHT(frame)))
        return FALSE;
    for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(frame); plane++) {
        const gsize data = (gsize)GST_VIDEO_FRAME_PLANE_DATA(frame, plane);
        const gint stride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane);

        /* of tiles a stride is no number of bytes, but the same number */
        if ((data - GST_VIDEO_INFO_PLANE_OFFSET(&own, plane)) % 4 != 0 ||
            (stride - GST_VIDEO_INFO_PLANE_STRIDE(&own, plane)) % 4 != 0)
            return FALSE;
    }
    return TRUE;
}

gboolean gst_hrnet_image_from_frame(HrnetImage *image, const GstVideoFrame *frame)
{
    const GstVideoInfo *info = &frame->info;
    HrnetPixelFormat format;

    if (!pixel_format(GST_VIDEO_INFO_FORMAT(info), &format))
        return FALSE;
    /* Both list planes in the order of memory: V before U for YV12. */
    hrnet_image_init(image, format, GST_VIDEO_INFO_WIDTH(info), GST_VIDEO_INFO_HEIGHT(info));
    for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES(info); i++) {
        if (GST_VIDEO_FRAME_PLANE_STRIDE(frame, i) < 0)
            return FALSE;
        image->planes[i] = GST_VIDEO_FRAME_PLANE_DATA(frame, i);
        image->strides_bytes[i] = GST_VIDEO_FRAME_PLANE_STRIDE(frame, i);
    }

    if (!gst_video_color_matrix_get_Kr_Kb(info->colorimetry.matrix, &image->kr, &image->kb))
        gst_video_color_matrix_get_Kr_Kb(GST_VIDEO_COLOR_MATRIX_BT601, &image->kr, &image->kb);
    image->full_range = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
    image->interlaced = gst_hrnet_image_has_fields(frame);
    /* Unknown siting counts as centred, as in videoconvert. */
    image->chroma_left = (info->chroma_site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0;
    return TRUE;
}
