/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"

#include "base/memory.h"
#include "ops/outline.h"

#include <string.h>

/* Lies at the start of a pool's block; the labels follow, aligned. */
struct _HrnetMask {
    guint width, height;
};

#define LABELS_OFFSET HRNET_ALIGNMENT
G_STATIC_ASSERT(sizeof(struct _HrnetMask) <= LABELS_OFFSET);

HRNET_DEFINE_BOXED_TYPE(HrnetMask, hrnet_mask)

gsize hrnet_mask_block_bytes(guint width, guint height)
{
    return LABELS_OFFSET + (gsize)width * height;
}

HrnetMask *hrnet_mask_new(HrnetPool *pool, guint width, guint height)
{
    HrnetMask *mask = hrnet_pool_acquire(pool);
    if (mask)
        *mask = (HrnetMask){ width, height };
    return mask;
}

guint8 *hrnet_mask_peek_labels(HrnetMask *mask)
{
    return (guint8 *)mask + LABELS_OFFSET;
}

/**
 * hrnet_mask_ref:
 * @mask: a mask
 *
 * Any thread.
 *
 * Returns: (transfer full): @mask, with one more reference
 */
HrnetMask *hrnet_mask_ref(HrnetMask *mask)
{
    g_return_val_if_fail(mask != NULL, NULL);
    hrnet_block_ref(mask);
    return mask;
}

/**
 * hrnet_mask_unref:
 * @mask: (transfer full): a mask
 *
 * Gives up a reference; the last one returns the memory to its pool. Any thread.
 */
void hrnet_mask_unref(HrnetMask *mask)
{
    g_return_if_fail(mask != NULL);
    hrnet_block_unref(mask);
}

/**
 * hrnet_mask_get_width:
 * @mask: a mask
 *
 * Returns: labels in a row
 */
guint hrnet_mask_get_width(const HrnetMask *mask)
{
    g_return_val_if_fail(mask != NULL, 0);
    return mask->width;
}

/**
 * hrnet_mask_get_height:
 * @mask: a mask
 *
 * Returns: rows
 */
guint hrnet_mask_get_height(const HrnetMask *mask)
{
    g_return_val_if_fail(mask != NULL, 0);
    return mask->height;
}

/**
 * hrnet_mask_get_labels:
 * @mask: a mask
 * @size: (out) (optional): width times height
 *
 * The labels, row by row without padding. They stay valid and unchanged as long as the caller holds
 * a reference.
 *
 * Returns: (transfer none) (array length=size): the labels
 */
const guint8 *hrnet_mask_get_labels(const HrnetMask *mask, gsize *size)
{
    g_return_val_if_fail(mask != NULL, NULL);
    if (size)
        *size = (gsize)mask->width * mask->height;
    return (const guint8 *)mask + LABELS_OFFSET;
}

/* The old place of each of n_new pixels, centres aligned. */
static guint nearest(guint place, guint n_new, guint n_old)
{
    return (guint)(((guint64)place * 2 + 1) * n_old / ((guint64)n_new * 2));
}

/**
 * hrnet_mask_scale:
 * @mask: a mask
 * @width: of the new mask, 1 to %HRNET_IMAGE_MAX_SIZE pixels
 * @height: likewise
 *
 * The mask of the same picture at another size: each pixel has the label that lies at its centre.
 * Allocates. Any thread.
 *
 * Returns: (transfer full) (nullable): a new mask, %NULL where there is no memory
 */
HrnetMask *hrnet_mask_scale(const HrnetMask *mask, guint width, guint height)
{
    g_return_val_if_fail(mask != NULL, NULL);
    g_return_val_if_fail(width >= 1 && width <= HRNET_IMAGE_MAX_SIZE, NULL);
    g_return_val_if_fail(height >= 1 && height <= HRNET_IMAGE_MAX_SIZE, NULL);
    HrnetPool *pool = hrnet_pool_open(hrnet_mask_block_bytes(width, height));
    HrnetMask *scaled = pool ? hrnet_mask_new(pool, width, height) : NULL;
    /* The pool's block stays until the mask goes. */
    hrnet_pool_close(pool);
    if (!scaled)
        return NULL;
    const guint8 *from = hrnet_mask_get_labels(mask, NULL);
    guint8 *to = hrnet_mask_peek_labels(scaled);
    for (guint y = 0; y < height; y++, to += width) {
        const guint8 *row = from + (gsize)nearest(y, height, mask->height) * mask->width;
        for (guint x = 0; x < width; x++)
            to[x] = row[nearest(x, width, mask->width)];
    }
    return scaled;
}

/**
 * hrnet_mask_outline:
 * @mask: a mask
 * @radius: 1 to %HRNET_OUTLINE_MAX_RADIUS pixels
 * @outline: (out caller-allocates) (array length=size): labels along the edges
 * @size: width times height of @mask
 *
 * The edges between labels: each pixel's label where a pixel of another one lies at most @radius
 * rows and columns away, and 0, `unlabelled`, everywhere else. On both sides of an edge that makes
 * a line of @radius pixels; the border of the picture is none. hrnet_image_paint_labels() draws
 * them. Allocates nothing; any thread.
 *
 * Returns: %TRUE, or %FALSE where radius or size are wrong
 */
gboolean hrnet_mask_outline(const HrnetMask *mask, guint radius, guint8 *outline, gsize size)
{
    g_return_val_if_fail(mask != NULL && outline != NULL, FALSE);
    G_STATIC_ASSERT(HRNET_OUTLINE_MAX_RADIUS == HRNET_OUTLINE_MAX);
    if (radius < 1 || radius > HRNET_OUTLINE_MAX || size != (gsize)mask->width * mask->height)
        return FALSE;
    hrnet_outline_run(hrnet_mask_get_labels(mask, NULL), mask->width, mask->height, radius,
                      outline);
    return TRUE;
}

/**
 * hrnet_mask_count:
 * @mask: a mask
 * @counts: (out caller-allocates) (array length=n_counts): pixels of each label
 * @n_counts: entries of @counts; labels from there on are not counted
 *
 * How many pixels carry each label.
 */
void hrnet_mask_count(const HrnetMask *mask, guint64 *counts, guint n_counts)
{
    g_return_if_fail(mask != NULL);
    g_return_if_fail(counts != NULL || n_counts == 0);

    gsize size;
    const guint8 *labels = hrnet_mask_get_labels(mask, &size);
    guint64 all[256] = { 0 };
    for (gsize i = 0; i < size; i++)
        all[labels[i]]++;
    for (guint label = 0; label < n_counts; label++)
        counts[label] = label < G_N_ELEMENTS(all) ? all[label] : 0;
}
