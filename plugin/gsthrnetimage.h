/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_IMAGE_H
#define GST_HRNET_IMAGE_H

#include <gst/video/video.h>
#include <hrnet/hrnet.h>

G_BEGIN_DECLS

/* The formats that the element takes, in the order in which it would rather have them. */
#define GST_HRNET_FORMATS                                                                          \
    "I420, YV12, NV12, NV21, YUY2, UYVY, RGB, BGR, RGBx, BGRx, xRGB, xBGR, RGBA, BGRA, ARGB, "     \
    "ABGR, GRAY8"
#define GST_HRNET_SIZE_RANGE "[ 16, 8192 ]"

/* Maps a buffer that has to hold a frame of the caps, without a reference. A buffer's GstVideoMeta
 * goes over the caps in where its planes lie, but not in its size: what the caps say is what masks
 * and regions are made for. */
gboolean gst_hrnet_image_map(GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer,
                             GstMapFlags flags, GError **error);

/* Describes a mapped frame to the engine: planes and strides of the mapping, colours of the caps.
 * The image borrows the frame's memory and is valid while the frame is mapped. FALSE for a format
 * of others or a stride below 0. */
gboolean gst_hrnet_image_from_frame(HrnetImage *image, const GstVideoFrame *frame);

G_END_DECLS

#endif
