/* A frame's components as planes of their own, whatever the format.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_COMPONENT_H
#define GST_HRNET_COMPONENT_H

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Sample x, y is data[y * stride + x * step], and covers (1 << w_sub) x (1 << h_sub) pixels. */
typedef struct {
    guint8 *data;
    gsize stride;
    guint step, width, height, w_sub, h_sub;
} GstHrnetComponent;

GstHrnetComponent gst_hrnet_component(GstVideoFrame *frame, guint component);

/* Components other than alpha, which is the last where there is one. */
static inline guint gst_hrnet_n_colors(const GstVideoFrame *frame)
{
    return MIN(GST_VIDEO_FRAME_N_COMPONENTS(frame), 3);
}

/* A colour, 0xRRGGBB, in a component other than alpha, by the matrix and range of the caps. */
guint8 gst_hrnet_component_color(const GstVideoInfo *info, guint component, guint32 rgb);

G_END_DECLS

#endif
