/* What the modes are: a row of a table for each.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A further mode is a value of GstHrnetMode, a row here, and a way of drawing in
 * gsthrnetsegdraw.c. */
#ifndef GST_HRNET_MODE_H
#define GST_HRNET_MODE_H

#include <gst/video/video.h>

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
