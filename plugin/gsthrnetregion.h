/* The part of a frame that is hidden, or cut out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_REGION_H
#define GST_HRNET_REGION_H

#include "gsthrnetcomponent.h"

#include <hrnet/hrnet.h>

G_BEGIN_DECLS

/* A byte for each pixel, rows dense: 1 in the region, 0 outside. The memory is kept from frame to
 * frame. */
typedef struct {
    guint width, height;
    guint8 *pixels;
    guint8 *scratch; /* as many bytes */
    gint *rows;      /* width of them */
} GstHrnetRegion;

/* The pixels whose labels are in the table; without a mask every label is 0. Allocates where the
 * size is not the last one's; FALSE where there is no memory. */
gboolean gst_hrnet_region_set(GstHrnetRegion *region, guint width, guint height,
                              const HrnetMask *mask, const gboolean labels[256]);

/* Adds all pixels that are at most margin columns and rows away from the region. */
void gst_hrnet_region_grow(GstHrnetRegion *region, guint margin);

/* Row y of a component, a byte for each sample: not 0 where it touches the region. Valid until the
 * next call. */
const guint8 *gst_hrnet_region_row(GstHrnetRegion *region, guint y,
                                   const GstHrnetComponent *component);

void gst_hrnet_region_clear(GstHrnetRegion *region);

G_END_DECLS

#endif
