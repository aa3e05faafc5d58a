/* Frames of formats that are neither read nor drawn on as they are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_FOREIGN_H
#define GST_HRNET_FOREIGN_H

#include <gst/video/video.h>

G_BEGIN_DECLS

/* What such frames are converted to, and by what; kept from frame to frame. Zeros to begin with. */
typedef struct {
    GstVideoInfo from, to;
    GstVideoConverter *converter;
    GstBuffer *buffer;
} GstHrnetForeign;

/* Makes a frame of 8 bits of a mapped one, with its colorimetry, times and flags, and maps it for
 * reading: until it is unmapped nothing else is to be read. FALSE where there is no memory, or no
 * way. */
gboolean gst_hrnet_foreign_read(GstHrnetForeign *foreign, const GstVideoFrame *frame,
                                GstVideoFrame *readable, GError **error);

/* Makes a mapped frame black, and opaque. FALSE where there is no memory. */
gboolean gst_hrnet_foreign_blacken(GstVideoFrame *frame);

void gst_hrnet_foreign_clear(GstHrnetForeign *foreign);

G_END_DECLS

#endif
