/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_MASK_H
#define HRNET_MASK_H

#include <glib-object.h>
#include <hrnet/hrnet-visibility.h>

G_BEGIN_DECLS

/**
 * HRNET_OUTLINE_MAX_RADIUS:
 *
 * The most pixels that hrnet_mask_outline() goes from an edge.
 */
#define HRNET_OUTLINE_MAX_RADIUS 16

/**
 * HrnetMask:
 *
 * One label a pixel, rows dense and from top to bottom. A mask comes from a session's pool and goes
 * back there with its last reference, from any thread, before or after the session is gone. It is
 * immutable.
 */
typedef struct _HrnetMask HrnetMask;

#define HRNET_TYPE_MASK (hrnet_mask_get_type())
HRNET_API GType hrnet_mask_get_type(void);

HRNET_API HrnetMask *hrnet_mask_ref(HrnetMask *mask);
HRNET_API void hrnet_mask_unref(HrnetMask *mask);
HRNET_API guint hrnet_mask_get_width(const HrnetMask *mask);
HRNET_API guint hrnet_mask_get_height(const HrnetMask *mask);
HRNET_API const guint8 *hrnet_mask_get_labels(const HrnetMask *mask, gsize *size);
HRNET_API HrnetMask *hrnet_mask_scale(const HrnetMask *mask, guint width, guint height);
HRNET_API gboolean hrnet_mask_outline(const HrnetMask *mask, guint radius, guint8 *outline,
                                      gsize size);
HRNET_API void hrnet_mask_count(const HrnetMask *mask, guint64 *counts, guint n_counts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HrnetMask, hrnet_mask_unref)

G_END_DECLS

#endif
