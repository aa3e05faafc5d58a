/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_IMAGE_H
#define GST_HRNET_IMAGE_H

#include <gst/video/video.h>
#include <hrnet/hrnet.h>

G_BEGIN_DECLS

/* Of caps whose frames lie in memory that may or may not be mapped. */
#define GST_HRNET_FEATURE_DMABUF "memory:DMABuf"

/* The names of the formats that are read and drawn on as they are, in the order in which the
 * element would rather have them, as a GST_TYPE_LIST. first_choices: those of 8 bits that it has
 * always had, which upstream is to send where it could send others too; else the others. list: not
 * initialised yet. */
void gst_hrnet_image_formats(GValue *list, gboolean first_choices);
/* Likewise all others that GStreamer can unpack. */
void gst_hrnet_image_foreign_formats(GValue *list);

/* Whether frames of a format are read and drawn on as they are. */
gboolean gst_hrnet_image_is_native(GstVideoFormat format);

/* Maps a buffer that has to hold a frame of the caps, without a reference. A buffer's GstVideoMeta
 * goes over the caps in where its planes lie, but not in its size: what the caps say is what masks
 * and regions are made for. */
gboolean gst_hrnet_image_map(GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer,
                             GstMapFlags flags, GError **error);

/* A buffer with this much memory of its own; NULL where there is none, which GStreamer's own
 * allocator ends the process for. */
GstBuffer *gst_hrnet_image_buffer_new(gsize n_bytes);

/* Whether the chroma rows of a mapped 4:2:0 frame belong to fields: rows 2p and 2p + 1 to the luma
 * rows 4p and 4p + 2, and 4p + 1 and 4p + 3. Then they are even in number, one more than
 * GST_VIDEO_FRAME_COMP_HEIGHT() says where that is odd. FALSE too where the memory ends before that
 * one. */
gboolean gst_hrnet_image_has_fields(const GstVideoFrame *frame);

/* Copies the pixels of a frame to one of the same format and size: whole rows, where
 * gst_video_frame_copy() leaves the last chroma sample of packed 4:2:2 with an odd width, and all
 * rows of fields. */
void gst_hrnet_image_copy(GstVideoFrame *to, const GstVideoFrame *from);

/* Whether all rows begin at multiples of 4 bytes, as in GStreamer's own layouts. Its conversions
 * crash on some others: their vector code takes two samples of a byte for one of two, which it
 * wants at an even address. */
gboolean gst_hrnet_image_is_aligned(const GstVideoFrame *frame);

/* Describes a mapped frame to the engine: planes and strides of the mapping, colours of the caps.
 * The image borrows the frame's memory and is valid while the frame is mapped. FALSE for a format
 * of others or a stride below 0. */
gboolean gst_hrnet_image_from_frame(HrnetImage *image, const GstVideoFrame *frame);

G_END_DECLS

#endif
