/* Whether anything moves, told by a coarse look at the luma.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetmotion.h"

#include "gsthrnetcomponent.h"

/* Pixels that a place's mean is taken of: POINTS x POINTS, spread over the place. */
#define POINTS 4

/* What luma is made of: Y alone, or R, G and B. */
typedef struct {
    GstHrnetComponent components[3];
    guint n;
} Luma;

static Luma find_luma(const GstVideoFrame *frame)
{
    Luma luma = { .n = GST_VIDEO_INFO_IS_RGB(&frame->info) ? 3 : 1 };

    for (guint c = 0; c < luma.n; c++)
        luma.components[c] = gst_hrnet_component(frame, c);
    return luma;
}

/* In 0..255. Thirds of R, G and B do for telling change. */
static guint pixel_luma(const Luma *luma, guint x, guint y)
{
    guint sum = 0;

    for (guint c = 0; c < luma->n; c++) {
        const GstHrnetComponent *component = &luma->components[c];
        const guint8 *sample = component->data + y * component->stride + x * component->step;

        sum += gst_hrnet_component_get(component, sample) >> (component->depth - 8);
    }
    return sum / luma->n;
}

void gst_hrnet_motion_look(GstHrnetMotion *motion, const GstVideoFrame *frame)
{
    const guint width = GST_VIDEO_FRAME_WIDTH(frame), height = GST_VIDEO_FRAME_HEIGHT(frame);
    const Luma luma = find_luma(frame);

    for (guint row = 0; row < GST_HRNET_MOTION_ROWS; row++) {
        for (guint column = 0; column < GST_HRNET_MOTION_COLUMNS; column++) {
            guint sum = 0;

            for (guint i = 0; i < POINTS * POINTS; i++) {
                const guint x =
                    (column * POINTS + i % POINTS) * width / (GST_HRNET_MOTION_COLUMNS * POINTS);
                const guint y =
                    (row * POINTS + i / POINTS) * height / (GST_HRNET_MOTION_ROWS * POINTS);

                sum += pixel_luma(&luma, x, y);
            }
            motion->luma[row][column] = (guint8)(sum / (POINTS * POINTS));
        }
    }
    motion->valid = TRUE;
}

gdouble gst_hrnet_motion_difference(const GstHrnetMotion *a, const GstHrnetMotion *b)
{
    guint sum = 0;

    if (!a->valid || !b->valid)
        return 1;
    for (guint row = 0; row < GST_HRNET_MOTION_ROWS; row++) {
        for (guint column = 0; column < GST_HRNET_MOTION_COLUMNS; column++)
            sum += (guint)ABS(a->luma[row][column] - b->luma[row][column]);
    }
    return sum / (255.0 * GST_HRNET_MOTION_ROWS * GST_HRNET_MOTION_COLUMNS);
}
