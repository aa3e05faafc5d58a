/* Which labels are acted on, and in which colours.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_PAINT_H
#define GST_HRNET_PAINT_H

#include <hrnet/hrnet.h>

G_BEGIN_DECLS

/* A model's palette and chosen labels, and the table that hrnet_image_paint() takes, made from them
 * for an opacity. */
typedef struct {
    guint n_labels;      /* of the model: labels 0..n_labels are there */
    guint32 colors[256]; /* 0xRRGGBB by label */
    gboolean chosen[256];
    gdouble opacities[256]; /* of a class's own style, below 0 where it has none */
    guint32 argb[256];      /* what is painted: alpha 0 where a label is not chosen */
    guint32 edge_argb[256]; /* the same of outlines, opaque */
    guint outline;          /* pixels along edges that have one, 0 for none */
    gboolean paints;        /* some alpha is not 0, of areas or of outlines */
} GstHrnetPaint;

/* classes: comma-separated names or labels, empty for the model's foreground. palette: "model", or
 * comma-separated #rrggbb from label 1 on. style: comma-separated name:#rrggbb:opacity. paint is
 * changed only on success; its opacity is 0 then.
 */
gboolean gst_hrnet_paint_setup(GstHrnetPaint *paint, const HrnetModel *model, const gchar *classes,
                               const gchar *palette, const gchar *style, GError **error);

/* opacity: of areas, 0 (none is painted) to 1. outline: 0 to HRNET_OUTLINE_MAX_RADIUS. invert: the
 * labels that are not chosen are painted. */
void gst_hrnet_paint_set_opacity(GstHrnetPaint *paint, gdouble opacity, guint outline,
                                 gboolean invert);

/* Reads "#rrggbb" into 0xrrggbb; FALSE for anything else. */
gboolean gst_hrnet_paint_parse_color(const gchar *text, guint32 *rgb);

G_END_DECLS

#endif
