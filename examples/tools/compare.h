/* A model's masks in int8 beside those in fp32.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TOOLS_COMPARE_H
#define HRNET_TOOLS_COMPARE_H

#include <hrnet/hrnet.h>

#define COMPARE_LABELS 256

/* Pixels by their label in fp32, and those of them that have it in int8 as well. */
typedef struct {
    guint64 pixels[COMPARE_LABELS], same[COMPARE_LABELS];
} Comparison;

/* Both masks of every picture, each at its own size. */
gboolean compare_precisions(HrnetModel *model, const GPtrArray *paths, Comparison *comparison,
                            GError **error);

/* The share of all pixels that are not the same, in percent. */
gdouble comparison_changed(const Comparison *comparison);

/* A table on standard output, a line a class that is there, and one of all. */
void comparison_print(const Comparison *comparison, HrnetModel *model, guint n_pictures);

#endif
