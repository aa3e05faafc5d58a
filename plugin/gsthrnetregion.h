/* The part of a frame that is hidden, or cut out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_REGION_H
#define GST_HRNET_REGION_H

#include <gst/video/video.h>
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
 * size is not the last one's. */
void gst_hrnet_region_set(GstHrnetRegion *region, guint width, guint height, const HrnetMask *mask,
                          const gboolean labels[256]);

/* Adds all pixels that are at most margin columns and rows away from the region. */
void gst_hrnet_region_grow(GstHrnetRegion *region, guint margin);

/* Whether a sample of a component, which covers up to (1 << w_sub) x (1 << h_sub) pixels, touches
 * the region. */
static inline gboolean gst_hrnet_region_has(const GstHrnetRegion *region, guint x, guint y,
                                            guint w_sub, guint h_sub)
{
    const guint x0 = x << w_sub, y0 = y << h_sub;
    const guint x1 = w_sub && x0 + 1 < region->width ? x0 + 1 : x0;
    const guint y1 = h_sub && y0 + 1 < region->height ? y0 + 1 : y0;
    const guint8 *a = region->pixels + (gsize)y0 * region->width,
                 *b = region->pixels + (gsize)y1 * region->width;

    return (a[x0] | a[x1] | b[x0] | b[x1]) != 0;
}

void gst_hrnet_region_clear(GstHrnetRegion *region);

G_END_DECLS

#endif
