/* Drawing over a region of a frame: one colour.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnethide.h"

#include "gsthrnetcomponent.h"
#include "gsthrnetimage.h"

/* ITU-R BT.601-7, BT.709-6, BT.2020-2: E'y = Kr R + (1 - Kr - Kb) G + Kb B and its differences,
 * quantised to 8 bits. */
guint8 gst_hrnet_component_color(const GstVideoInfo *info, guint component, guint32 rgb)
{
    const gdouble r = rgb >> 16 & 255, g = rgb >> 8 & 255, b = rgb & 255;
    const gboolean full = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
    gdouble kr = 0.299, kb = 0.114, y, value;

    if (GST_VIDEO_INFO_IS_RGB(info))
        return (guint8)(component == 0 ? r : component == 1 ? g : b);
    gst_video_color_matrix_get_Kr_Kb(info->colorimetry.matrix, &kr, &kb);
    y = kr * r + (1 - kr - kb) * g + kb * b;
    if (component == 0)
        value = full ? y : 16 + y * 219 / 255;
    else if (component == 1)
        value = 128 + (b - y) / (2 * (1 - kb)) * (full ? 1 : 224.0 / 255);
    else
        value = 128 + (r - y) / (2 * (1 - kr)) * (full ? 1 : 224.0 / 255);
    return (guint8)CLAMP(value + 0.5, 0, 255);
}

GstHrnetComponent gst_hrnet_component(GstVideoFrame *frame, guint component)
{
    const GstVideoFormatInfo *format = frame->info.finfo;
    const gboolean fields =
        GST_VIDEO_FORMAT_INFO_H_SUB(format, component) == 1 && gst_hrnet_image_has_fields(frame);
    const guint height = (guint)GST_VIDEO_FRAME_COMP_HEIGHT(frame, component);

    return (GstHrnetComponent){
        .data = GST_VIDEO_FRAME_COMP_DATA(frame, component),
        .stride = (gsize)GST_VIDEO_FRAME_COMP_STRIDE(frame, component),
        .step = (guint)GST_VIDEO_FRAME_COMP_PSTRIDE(frame, component),
        .width = (guint)GST_VIDEO_FRAME_COMP_WIDTH(frame, component),
        .height = fields ? GST_ROUND_UP_2(height) : height,
        .w_sub = GST_VIDEO_FORMAT_INFO_W_SUB(format, component),
        .h_sub = GST_VIDEO_FORMAT_INFO_H_SUB(format, component),
        .fields = fields,
    };
}

void gst_hrnet_hide_fill(GstHrnetRegion *region, GstVideoFrame *frame, guint32 argb)
{
    const gint alpha = (gint)(argb >> 24);

    for (guint c = 0; c < gst_hrnet_n_colors(frame); c++) {
        const GstHrnetComponent plane = gst_hrnet_component(frame, c);
        const gint color = gst_hrnet_component_color(&frame->info, c, argb);

        for (guint y = 0; y < plane.height; y++) {
            const guint8 *touched = gst_hrnet_region_row(region, y, &plane);
            guint8 *row = plane.data + y * plane.stride;

            for (guint x = 0; x < plane.width; x++) {
                guint8 *value = row + x * plane.step;

                if (touched[x])
                    *value = (guint8)((*value * (255 - alpha) + color * alpha + 127) / 255);
            }
        }
    }
}
