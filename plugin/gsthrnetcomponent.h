/* A frame's components as planes of their own, whatever the format.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_COMPONENT_H
#define GST_HRNET_COMPONENT_H

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Sample x, y is data[y * stride + x * step], and covers (1 << w_sub) x (1 << h_sub) pixels, whose
 * rows are those of a field where there are fields. */
typedef struct {
    guint8 *data;
    gsize stride;
    guint step, width, height, w_sub, h_sub;
    guint depth, shift; /* bits of a value, and below it: 8 and 0, or in two bytes, little-endian */
    gboolean fields;    /* see gst_hrnet_image_has_fields(): height is even then */
} GstHrnetComponent;

GstHrnetComponent gst_hrnet_component(const GstVideoFrame *frame, guint component);

static inline guint gst_hrnet_component_max(const GstHrnetComponent *component)
{
    return (1u << component->depth) - 1;
}

/* Samples of two bytes, little-endian, lie at any address. */
static inline guint gst_hrnet_component_get(const GstHrnetComponent *component,
                                            const guint8 *sample)
{
    if (component->depth == 8)
        return *sample;
    return (sample[0] | (guint)sample[1] << 8) >> component->shift &
           gst_hrnet_component_max(component);
}

/* Leaves the bits around the value as they are. */
static inline void gst_hrnet_component_set(const GstHrnetComponent *component, guint8 *sample,
                                           guint value)
{
    const guint place = gst_hrnet_component_max(component) << component->shift;
    const guint placed = value << component->shift;

    if (component->depth == 8) {
        *sample = (guint8)value;
        return;
    }
    sample[0] = (guint8)((sample[0] & ~place) | (placed & 0xff));
    sample[1] = (guint8)((sample[1] & ~(place >> 8)) | placed >> 8);
}

/* The first and the last row of pixels, of `height`, that row y of a component covers; the same
 * twice where it covers one. */
static inline void gst_hrnet_component_rows(const GstHrnetComponent *component, guint y,
                                            guint height, guint *first, guint *last)
{
    if (component->fields) {
        *first = y / 2 * 4 + y % 2;
        /* The even number of rows may be one more than there is luma for. */
        while (*first >= height)
            *first -= 2;
        *last = *first + 2 < height ? *first + 2 : *first;
    } else {
        *first = y << component->h_sub;
        *last = MIN(*first + component->h_sub, height - 1);
    }
}

/* Components other than alpha, which is the last where there is one. */
static inline guint gst_hrnet_n_colors(const GstVideoFrame *frame)
{
    return MIN(GST_VIDEO_FRAME_N_COMPONENTS(frame), 3);
}

/* A colour, 0xRRGGBB, in a component other than alpha, by the matrix and range of the caps. */
guint gst_hrnet_component_color(const GstVideoInfo *info, guint component, guint32 rgb);

G_END_DECLS

#endif
