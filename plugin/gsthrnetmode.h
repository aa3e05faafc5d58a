/* What the modes are: a row of a table for each.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A further mode is a value of GstHrnetMode, a row here, and a way of drawing in
 * gsthrnetsegdraw.c. */
#ifndef GST_HRNET_MODE_H
#define GST_HRNET_MODE_H

#include "gsthrnetenums.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

#define GST_HRNET_N_MODES 7

typedef struct {
    const gchar *nick, *blurb;
    const GstVideoFormat *made; /* that frames leave in, the first choices first, and UNKNOWN; NULL:
                                   the format stays */
    gboolean passes;            /* frames leave as they came, whatever their format */
    gboolean of_labels;         /* the picture is made of labels alone */
    gboolean paints;            /* shows no more than GstHrnetPaint paints */
    gboolean hides;             /* what is chosen must not be seen */
    gboolean hides_others;      /* what is not chosen disappears */
} GstHrnetModeTraits;

const GstHrnetModeTraits *gst_hrnet_mode_traits(GstHrnetMode mode);

/* Whether frames of a format leave as frames of another, or as they are. */
gboolean gst_hrnet_mode_fits(GstHrnetMode mode, GstVideoFormat in, GstVideoFormat out);

G_END_DECLS

#endif
