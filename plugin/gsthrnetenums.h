/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_ENUMS_H
#define GST_HRNET_ENUMS_H

#include <glib-object.h>

G_BEGIN_DECLS

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
