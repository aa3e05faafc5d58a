/* Whether anything moves, told by a coarse look at the luma.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_MOTION_H
#define GST_HRNET_MOTION_H

#include <gst/video/video.h>

G_BEGIN_DECLS

#define GST_HRNET_MOTION_COLUMNS 64
#define GST_HRNET_MOTION_ROWS    36

/* The luma of a grid of places, each the mean of some pixels. */
typedef struct {
    gboolean valid;
    guint8 luma[GST_HRNET_MOTION_ROWS][GST_HRNET_MOTION_COLUMNS];
} GstHrnetMotion;

/* Looks at a mapped frame of any format of the element. Allocates nothing. */
void gst_hrnet_motion_look(GstHrnetMotion *motion, const GstVideoFrame *frame);

/* Mean absolute difference of two looks, 0 to 1; 1 where one of them is not valid. */
gdouble gst_hrnet_motion_difference(const GstHrnetMotion *a, const GstHrnetMotion *b);

G_END_DECLS

#endif
