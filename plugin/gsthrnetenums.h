/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_ENUMS_H
#define GST_HRNET_ENUMS_H

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * GstHrnetMode:
 * @GST_HRNET_MODE_OVERLAY: the classes painted over the frame
 * @GST_HRNET_MODE_MASK: labels as GRAY8 video
 * @GST_HRNET_MODE_META: frames as they came, the mask as metadata only
 * @GST_HRNET_MODE_ALPHA: the chosen classes cut out, all else transparent
 * @GST_HRNET_MODE_BLUR: the chosen classes blurred
 * @GST_HRNET_MODE_FILL: the chosen classes in one colour
 * @GST_HRNET_MODE_PIXELATE: the chosen classes in coarse squares
 *
 * What leaves the element.
 */
typedef enum {
    GST_HRNET_MODE_OVERLAY,
    GST_HRNET_MODE_MASK,
    GST_HRNET_MODE_META,
    GST_HRNET_MODE_ALPHA,
    GST_HRNET_MODE_BLUR,
    GST_HRNET_MODE_FILL,
    GST_HRNET_MODE_PIXELATE,
} GstHrnetMode;

#define GST_TYPE_HRNET_MODE (gst_hrnet_mode_get_type())
GType gst_hrnet_mode_get_type(void);

/**
 * GstHrnetSyncMode:
 * @GST_HRNET_SYNC_EXACT: a frame waits for its own mask
 * @GST_HRNET_SYNC_LATEST: a frame leaves at once with the newest mask that is ready
 * @GST_HRNET_SYNC_AUTO: latest in a pipeline with a live source, else a frame waits for its own
 * mask
 *
 * Which mask a frame gets.
 */
typedef enum {
    GST_HRNET_SYNC_EXACT,
    GST_HRNET_SYNC_LATEST,
    GST_HRNET_SYNC_AUTO,
} GstHrnetSyncMode;

#define GST_TYPE_HRNET_SYNC_MODE (gst_hrnet_sync_mode_get_type())
GType gst_hrnet_sync_mode_get_type(void);

/* Of the property `orientation`: HrnetOrientation of the engine, and this. */
#define GST_HRNET_ORIENTATION_AUTO 8

#define GST_TYPE_HRNET_ORIENTATION (gst_hrnet_orientation_get_type())
GType gst_hrnet_orientation_get_type(void);

/* HrnetPrecision of the engine, with nicknames. */
#define GST_TYPE_HRNET_PRECISION (gst_hrnet_precision_get_type())
GType gst_hrnet_precision_get_type(void);
/* A precision's nickname. Static. */
const gchar *gst_hrnet_precision_name(gint precision);

G_END_DECLS

#endif
