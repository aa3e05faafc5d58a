/* The part of a frame that is hidden, or cut out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetregion.h"

#include <string.h>

static gboolean resize(GstHrnetRegion *region, guint width, guint height)
{
    const gsize n = (gsize)width * height;

    if (region->width == width && region->height == height)
        return TRUE;
    gst_hrnet_region_clear(region);
    region->pixels = g_try_malloc(n);
    region->scratch = g_try_malloc(n);
    region->rows = g_try_new(gint, width);
    if (!region->pixels || !region->scratch || !region->rows) {
        gst_hrnet_region_clear(region);
        return FALSE;
    }
    region->width = width;
    region->height = height;
    return TRUE;
}

gboolean gst_hrnet_region_set(GstHrnetRegion *region, guint width, guint height,
                              const HrnetMask *mask, const gboolean labels[256])
{
    const gsize n = (gsize)width * height;
    const guint8 *label = mask ? hrnet_mask_get_labels(mask, NULL) : NULL;
    guint8 table[256];

    if (!resize(region, width, height))
        return FALSE;
    if (!label) {
        memset(region->pixels, labels[0] ? 1 : 0, n);
        return TRUE;
    }
    for (guint i = 0; i < 256; i++)
        table[i] = labels[i] ? 1 : 0;
    for (gsize i = 0; i < n; i++)
        region->pixels[i] = table[label[i]];
    return TRUE;
}

/* Along a row: in the region is what has some of it at most margin to its left or right. */
static void grow_row(const guint8 *in, guint8 *out, gint width, gint margin)
{
    gint last = -margin - 1;

    for (gint x = 0; x < width; x++) {
        if (in[x])
            last = x;
        out[x] = x - last <= margin;
    }
    last = width + margin + 1;
    for (gint x = width - 1; x >= 0; x--) {
        if (in[x])
            last = x;
        out[x] |= last - x <= margin;
    }
}

/* The same along columns, all of them at once, so that memory is read by rows. */
static void grow_columns(GstHrnetRegion *region, gint margin)
{
    const gint width = (gint)region->width, height = (gint)region->height;

    for (gint x = 0; x < width; x++)
        region->rows[x] = -margin - 1;
    for (gint y = 0; y < height; y++) {
        const guint8 *in = region->scratch + (gsize)y * width;
        guint8 *out = region->pixels + (gsize)y * width;

        for (gint x = 0; x < width; x++) {
            region->rows[x] = in[x] ? y : region->rows[x];
            out[x] = y - region->rows[x] <= margin;
        }
    }
    for (gint x = 0; x < width; x++)
        region->rows[x] = height + margin + 1;
    for (gint y = height - 1; y >= 0; y--) {
        const guint8 *in = region->scratch + (gsize)y * width;
        guint8 *out = region->pixels + (gsize)y * width;

        for (gint x = 0; x < width; x++) {
            region->rows[x] = in[x] ? y : region->rows[x];
            out[x] |= region->rows[x] - y <= margin;
        }
    }
}

void gst_hrnet_region_grow(GstHrnetRegion *region, guint margin)
{
    if (margin == 0)
        return;
    for (guint y = 0; y < region->height; y++)
        grow_row(region->pixels + (gsize)y * region->width,
                 region->scratch + (gsize)y * region->width, (gint)region->width, (gint)margin);
    grow_columns(region, (gint)margin);
}

const guint8 *gst_hrnet_region_row(GstHrnetRegion *region, guint y,
                                   const GstHrnetComponent *component)
{
    const guint pairs = region->width / 2;
    const guint8 *a, *b;
    guint y0, y1;

    gst_hrnet_component_rows(component, y, region->height, &y0, &y1);
    a = region->pixels + (gsize)y0 * region->width;
    b = region->pixels + (gsize)y1 * region->width;
    if (component->w_sub == 0 && y0 == y1)
        return a;
    if (component->w_sub == 0) {
        for (guint x = 0; x < region->width; x++)
            region->scratch[x] = a[x] | b[x];
        return region->scratch;
    }
    for (guint x = 0; x < pairs; x++)
        region->scratch[x] = a[2 * x] | a[2 * x + 1] | b[2 * x] | b[2 * x + 1];
    if (region->width % 2)
        region->scratch[pairs] = a[2 * pairs] | b[2 * pairs];
    return region->scratch;
}

void gst_hrnet_region_clear(GstHrnetRegion *region)
{
    g_free(region->pixels);
    g_free(region->scratch);
    g_free(region->rows);
    *region = (GstHrnetRegion){ 0 };
}
