/* Drawing over a region of a frame, in the frame's own format.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A chroma sample is drawn on where any pixel that it covers is in the region. Alpha is left as it
 * is, but for gst_hrnet_hide_cut_out(). What returns a gboolean returns FALSE where there is no
 * memory for cells, and then has not touched the frame: the first component has the most. */
#ifndef GST_HRNET_HIDE_H
#define GST_HRNET_HIDE_H

#include "gsthrnetregion.h"

G_BEGIN_DECLS

/* Sums of a component's values over cells of samples. The memory is kept from frame to frame. */
typedef struct {
    gsize n_sums, n_counts, n_line; /* that there is memory for */
    gfloat *sums, *counts, *line;
    guint columns, rows;
} GstHrnetCells;

/* One colour, 0xAARRGGBB, with its opacity. */
void gst_hrnet_hide_fill(GstHrnetRegion *region, GstVideoFrame *frame, guint32 argb);

/* Squares of `cell` pixels, each with the mean of those of its pixels that are in the region. */
gboolean gst_hrnet_hide_pixelate(GstHrnetRegion *region, GstVideoFrame *frame, guint cell,
                                 GstHrnetCells *cells);

/* A blur of about `radius` pixels. Every value is made of pixels of the region alone, so nothing
 * outside shines in. */
gboolean gst_hrnet_hide_blur(GstHrnetRegion *region, GstVideoFrame *frame, guint radius,
                             GstHrnetCells *cells);

/* Makes a frame with alpha transparent in the region, with an edge of `feather` pixels that fades.
 * What is wholly transparent becomes black as well, so that nothing of it leaves. had_alpha: the
 * frame's alpha means something, and goes on where nothing is cut; else it is taken for opaque. */
gboolean gst_hrnet_hide_cut_out(GstHrnetRegion *region, GstVideoFrame *frame, guint feather,
                                gboolean had_alpha, GstHrnetCells *cells);

void gst_hrnet_cells_clear(GstHrnetCells *cells);

G_END_DECLS

#endif
