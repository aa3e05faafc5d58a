/* Drawing over a region of a frame: one colour.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnethide.h"

#include "gsthrnetcomponent.h"
#include "gsthrnetimage.h"

/* ITU-R BT.601-7, BT.709-6, BT.2020-2: E'y = Kr R + (1 - Kr - Kb) G + Kb B and its differences,
 * quantised to the bits of the format. */
guint gst_hrnet_component_color(const GstVideoInfo *info, guint component, guint32 rgb)
{
    const gdouble r = (rgb >> 16 & 255) / 255.0, g = (rgb >> 8 & 255) / 255.0,
                  b = (rgb & 255) / 255.0;
    const gdouble max = (1u << GST_VIDEO_INFO_COMP_DEPTH(info, component)) - 1;
    const gboolean full = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
    gint offset[GST_VIDEO_MAX_COMPONENTS], scale[GST_VIDEO_MAX_COMPONENTS];
    gdouble kr = 0.299, kb = 0.114, y, value;

    if (GST_VIDEO_INFO_IS_RGB(info))
        return (guint)((component == 0 ? r : component == 1 ? g : b) * max + 0.5);
    gst_video_color_range_offsets(full ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235,
                                  info->finfo, offset, scale);
    gst_video_color_matrix_get_Kr_Kb(info->colorimetry.matrix, &kr, &kb);
    y = kr * r + (1 - kr - kb) * g + kb * b;
    if (component == 0)
        value = y;
    else
        value = component == 1 ? (b - y) / (2 * (1 - kb)) : (r - y) / (2 * (1 - kr));
    return (guint)CLAMP(offset[component] + value * scale[component] + 0.5, 0, max);
}

/* Where a component begins in its plane. GStreamer's table has UYVY's chroma for VYUY, and for V of
 * P010 one byte where its functions, as all others, go by two. */
static gsize component_offset(const GstVideoFormatInfo *format, guint component)
{
    switch (GST_VIDEO_FORMAT_INFO_FORMAT(format)) {
    case GST_VIDEO_FORMAT_VYUY:
        return ((const gsize[]){ 1, 2, 0 })[component];
    case GST_VIDEO_FORMAT_P010_10LE:
        return component == 2 ? 2 : 0;
    default:
        return GST_VIDEO_FORMAT_INFO_POFFSET(format, component);
    }
}

GstHrnetComponent gst_hrnet_component(const GstVideoFrame *frame, guint component)
{
    const GstVideoFormatInfo *format = frame->info.finfo;
    const gboolean fields =
        GST_VIDEO_FORMAT_INFO_H_SUB(format, component) == 1 && gst_hrnet_image_has_fields(frame);
    const guint height = (guint)GST_VIDEO_FRAME_COMP_HEIGHT(frame, component);

    return (GstHrnetComponent){
        .data = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(
                    frame, GST_VIDEO_FORMAT_INFO_PLANE(format, component)) +
                component_offset(format, component),
        .stride = (gsize)GST_VIDEO_FRAME_COMP_STRIDE(frame, component),
        .step = (guint)GST_VIDEO_FRAME_COMP_PSTRIDE(frame, component),
        .width = (guint)GST_VIDEO_FRAME_COMP_WIDTH(frame, component),
        .height = fields ? GST_ROUND_UP_2(height) : height,
        .w_sub = GST_VIDEO_FORMAT_INFO_W_SUB(format, component),
        .h_sub = GST_VIDEO_FORMAT_INFO_H_SUB(format, component),
        .depth = (guint)GST_VIDEO_FRAME_COMP_DEPTH(frame, component),
        .shift = GST_VIDEO_FORMAT_INFO_SHIFT(format, component),
        .fields = fields,
    };
}

void gst_hrnet_hide_fill(GstHrnetRegion *region, GstVideoFrame *frame, guint32 argb)
{
    const guint alpha = argb >> 24;

    for (guint c = 0; c < gst_hrnet_n_colors(frame); c++) {
        const GstHrnetComponent plane = gst_hrnet_component(frame, c);
        const guint color = gst_hrnet_component_color(&frame->info, c, argb);

        for (guint y = 0; y < plane.height; y++) {
            const guint8 *touched = gst_hrnet_region_row(region, y, &plane);
            guint8 *row = plane.data + y * plane.stride;

            for (guint x = 0; x < plane.width; x++) {
                guint8 *sample = row + x * plane.step;

                if (touched[x]) {
                    const guint value = gst_hrnet_component_get(&plane, sample);

                    gst_hrnet_component_set(&plane, sample,
                                            (value * (255 - alpha) + color * alpha + 127) / 255);
                }
            }
        }
    }
}
