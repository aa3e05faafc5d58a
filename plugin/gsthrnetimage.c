/* GstVideoFrame to HrnetImage.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetimage.h"

static gboolean pixel_format(GstVideoFormat format, HrnetPixelFormat *pixel)
{
    static const struct {
        GstVideoFormat gst;
        HrnetPixelFormat hrnet;
    } table[] = {
        { GST_VIDEO_FORMAT_I420, HRNET_PIXEL_FORMAT_I420 },
        { GST_VIDEO_FORMAT_YV12, HRNET_PIXEL_FORMAT_YV12 },
        { GST_VIDEO_FORMAT_NV12, HRNET_PIXEL_FORMAT_NV12 },
        { GST_VIDEO_FORMAT_NV21, HRNET_PIXEL_FORMAT_NV21 },
        { GST_VIDEO_FORMAT_YUY2, HRNET_PIXEL_FORMAT_YUY2 },
        { GST_VIDEO_FORMAT_UYVY, HRNET_PIXEL_FORMAT_UYVY },
        { GST_VIDEO_FORMAT_RGB, HRNET_PIXEL_FORMAT_RGB },
        { GST_VIDEO_FORMAT_BGR, HRNET_PIXEL_FORMAT_BGR },
        { GST_VIDEO_FORMAT_RGBx, HRNET_PIXEL_FORMAT_RGBX },
        { GST_VIDEO_FORMAT_BGRx, HRNET_PIXEL_FORMAT_BGRX },
        { GST_VIDEO_FORMAT_xRGB, HRNET_PIXEL_FORMAT_XRGB },
        { GST_VIDEO_FORMAT_xBGR, HRNET_PIXEL_FORMAT_XBGR },
        { GST_VIDEO_FORMAT_RGBA, HRNET_PIXEL_FORMAT_RGBA },
        { GST_VIDEO_FORMAT_BGRA, HRNET_PIXEL_FORMAT_BGRA },
        { GST_VIDEO_FORMAT_ARGB, HRNET_PIXEL_FORMAT_ARGB },
        { GST_VIDEO_FORMAT_ABGR, HRNET_PIXEL_FORMAT_ABGR },
        { GST_VIDEO_FORMAT_GRAY8, HRNET_PIXEL_FORMAT_GRAY8 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].gst == format) {
            *pixel = table[i].hrnet;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean gst_hrnet_image_map(GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer,
                             GstMapFlags flags, GError **error)
{
    if (!gst_video_frame_map(frame, info, buffer, flags | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
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
    /* Unknown siting counts as centred, as in videoconvert. */
    image->chroma_left = (info->chroma_site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0;
    return TRUE;
}
