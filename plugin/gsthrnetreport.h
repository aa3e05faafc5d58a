/* What is where in a mask, in numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_REPORT_H
#define GST_HRNET_REPORT_H

#include <gst/gst.h>
#include <hrnet/hrnet.h>

G_BEGIN_DECLS

/* Name of the element message, and of the field in the metadata. */
#define GST_HRNET_REPORT_NAME  "hrnet-classes"
#define GST_HRNET_REPORT_FIELD "areas"

/* Tells of each class that a mask has: a GstValueArray of structures with `label` (guint), `name`
 * (string), `share` (gdouble, of the frame's area), `confidence` (gdouble, mean probability where
 * it won, at the logits' resolution) and the box `x` `y` `width` `height` (guint, pixels of the
 * frame). session: which has just made the mask. */
void gst_hrnet_report_make(GValue *array, HrnetSession *session, const HrnetMask *mask);

G_END_DECLS

#endif
