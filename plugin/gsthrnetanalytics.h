/* The mask as GStreamer's own analytics metadata.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_ANALYTICS_H
#define GST_HRNET_ANALYTICS_H

#include "gsthrnetresult.h"

G_BEGIN_DECLS

/* Attaches a GstAnalyticsSegmentationMtd and, related to it, a GstAnalyticsClsMtd with the names of
 * the labels, to a frame whose metadata is writable. No pixel is copied. Does nothing where the
 * plugin was built without the analytics library. width, height: of the picture, all of which
 * the mask lies over, whatever its own size. */
void gst_hrnet_analytics_attach(GstBuffer *frame, const GstHrnetResult *result, guint width,
                                guint height);

G_END_DECLS

#endif
