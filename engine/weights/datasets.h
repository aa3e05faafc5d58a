/* Class names and colours of the public data sets that segmentation models are trained on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_DATASETS_H
#define HRNET_WEIGHTS_DATASETS_H

#include <glib.h>

typedef struct {
    const gchar *name; /* "Cityscapes" */
    guint n_classes;
    const gchar *const *classes; /* n_classes names */
    const guint32
        *palette; /* n_classes colours 0xRRGGBB, or NULL: hrnet_dataset_color() for each */
} HrnetDataset;

/* The data set with that many classes, or NULL. */
const HrnetDataset *hrnet_dataset_find(guint n_classes);

/* The colour of class k = 0.. where nothing gives one: neighbours in number differ well in hue, and
 * any two of the first 24 are told apart on a screen. The same on every run. */
guint32 hrnet_dataset_color(guint k);

#endif
