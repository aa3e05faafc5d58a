/* Frames of formats that are neither read nor drawn on as they are: GStreamer converts them to be
 * read, and packs black into them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetforeign.h"

#include "gsthrnetimage.h"

#include <hrnet/hrnet.h>
#include <string.h>

/* What is nearest by kind and has 8 bits. */
static GstVideoFormat readable_format(const GstVideoInfo *info)
{
    if (GST_VIDEO_INFO_IS_RGB(info))
        return GST_VIDEO_FORMAT_RGBx;
    return GST_VIDEO_INFO_IS_GRAY(info) ? GST_VIDEO_FORMAT_GRAY8 : GST_VIDEO_FORMAT_Y444;
}

/* The converter and the memory for frames of this kind. */
static gboolean prepare(GstHrnetForeign *foreign, const GstVideoInfo *from)
{
    GstVideoInfo *to = &foreign->to;

    if (foreign->converter && gst_video_info_is_equal(&foreign->from, from))
        return TRUE;
    gst_hrnet_foreign_clear(foreign);
    if (!gst_video_info_set_interlaced_format(
            to, readable_format(from), GST_VIDEO_INFO_INTERLACE_MODE(from),
            (guint)GST_VIDEO_INFO_WIDTH(from), (guint)GST_VIDEO_INFO_HEIGHT(from)))
        return FALSE;
    to->colorimetry = from->colorimetry;
    to->fps_n = from->fps_n;
    to->fps_d = from->fps_d;
    foreign->from = *from;
    foreign->converter = gst_video_converter_new(
        from, to,
        gst_structure_new("options", GST_VIDEO_CONVERTER_OPT_DITHER_METHOD,
                          GST_TYPE_VIDEO_DITHER_METHOD, GST_VIDEO_DITHER_NONE, NULL));
    foreign->buffer = gst_hrnet_image_buffer_new(GST_VIDEO_INFO_SIZE(to));
    return foreign->converter && foreign->buffer;
}

static gboolean map_readable(GstHrnetForeign *foreign, GstBuffer *buffer, GstVideoFrame *readable)
{
    gst_buffer_copy_into(foreign->buffer, buffer,
                         GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
    return gst_video_frame_map(readable, &foreign->to, foreign->buffer, GST_MAP_READWRITE);
}

gboolean gst_hrnet_foreign_read(GstHrnetForeign *foreign, const GstVideoFrame *frame,
                                GstVideoFrame *readable, GError **error)
{
    if (!gst_hrnet_image_is_aligned(frame)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_UNSUPPORTED,
                    "frames in %s whose rows begin at odd addresses are not converted",
                    GST_VIDEO_INFO_NAME(&frame->info));
        return FALSE;
    }
    if (!prepare(foreign, &frame->info) || !map_readable(foreign, frame->buffer, readable)) {
        gst_hrnet_foreign_clear(foreign);
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY, "frames in %s cannot be converted",
                    GST_VIDEO_INFO_NAME(&frame->info));
        return FALSE;
    }
    gst_video_converter_frame(foreign->converter, frame, readable);
    return TRUE;
}

/* Writes `value` to component i, of which alpha is 0, of each of n pixels that are unpacked. */
static void fill_component(guint8 *line, guint n, guint depth, guint i, guint value)
{
    for (guint x = 0; x < n; x++) {
        if (depth == 8)
            line[4 * x + i] = (guint8)value;
        else
            ((guint16 *)(gpointer)line)[4 * x + i] = (guint16)value;
    }
}

gboolean gst_hrnet_foreign_blacken(GstVideoFrame *frame)
{
    const GstVideoFormatInfo *format = frame->info.finfo;
    const GstVideoFormatInfo *unpacked = gst_video_format_get_info(format->unpack_format);
    const guint width = (guint)GST_VIDEO_FRAME_WIDTH(frame),
                height = (guint)GST_VIDEO_FRAME_HEIGHT(frame);
    const guint depth = GST_VIDEO_FORMAT_INFO_DEPTH(unpacked, 0);
    const gsize stride = (gsize)width * 4 * (depth / 8);
    const GstVideoPackFlags flags = GST_VIDEO_FRAME_IS_INTERLACED(frame)
                                        ? GST_VIDEO_PACK_FLAG_INTERLACED
                                        : GST_VIDEO_PACK_FLAG_NONE;
    gint offset[GST_VIDEO_MAX_COMPONENTS], scale[GST_VIDEO_MAX_COMPONENTS];
    guint8 *line;

    if (!gst_hrnet_image_is_aligned(frame)) {
        /* Not the black of every format, but nothing of the picture. */
        for (guint i = 0; i < (frame->meta ? GST_VIDEO_FRAME_N_PLANES(frame) : 1); i++)
            memset(frame->map[i].data, 0, frame->map[i].size);
        return TRUE;
    }
    line = g_try_malloc(stride);
    if (!line)
        return FALSE;
    gst_video_color_range_offsets(frame->info.colorimetry.range, unpacked, offset, scale);
    fill_component(line, width, depth, 0, (1u << depth) - 1);
    for (guint i = 0; i < 3; i++)
        fill_component(line, width, depth, 1 + i, (guint)offset[i]);
    for (guint y = 0; y < height; y++)
        format->pack_func(format, flags, line, (gint)stride, frame->data, frame->info.stride,
                          frame->info.chroma_site, (gint)y, (gint)width);
    g_free(line);
    return TRUE;
}

void gst_hrnet_foreign_clear(GstHrnetForeign *foreign)
{
    g_clear_pointer(&foreign->converter, gst_video_converter_free);
    gst_clear_buffer(&foreign->buffer);
}
