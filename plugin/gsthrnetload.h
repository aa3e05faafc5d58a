/* How large a network the machine keeps up with.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where inferences take longer than they may, the network's height and width shrink by an eighth of
 * the full size at a time, to a half at the least, and grow back as it gets quiet. An inference's
 * time goes by the area, so the time at the next larger size is known beforehand: it grows only
 * where that leaves a quarter to spare, which keeps it from going to and fro. */
#ifndef GST_HRNET_LOAD_H
#define GST_HRNET_LOAD_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* All zero at the start of a stream and of a model. */
typedef struct {
    guint n_shrunk;    /* eighths of the full height and width by which the network is smaller */
    guint n;           /* inferences at this size */
    guint n_spare;     /* of the last of them that had time to spare */
    GstClockTime mean; /* of their times, of late */
} GstHrnetLoad;

/* Notes the time that an inference took, and how long it may. Returns whether n_shrunk has changed:
 * then the next inferences are of another size. */
gboolean gst_hrnet_load_note(GstHrnetLoad *load, GstClockTime took, GstClockTime allowed);

/* A height or width, for one of the full size. */
guint gst_hrnet_load_scale(guint n_shrunk, guint full);

G_END_DECLS

#endif
