/* What names and shapes can't tell: a checkpoint's metadata, from the file, the file beside it, and
 * options. SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_METADATA_H
#define HRNET_WEIGHTS_METADATA_H

#include "weights/failure.h"

/* Tables map keys to values, both gchar * owned by the table. Keys are "license", "description", or
 * start with "hrnet."; side file and options may leave that prefix out. */

/* Puts the values of PATH.json, if there is one, over those in the table. Values are strings, or
 * what the string would hold as JSON. */
gboolean hrnet_metadata_add_side_file(GHashTable *metadata, const gchar *path, GError **error);

/* Puts "key=value" strings (NULL-terminated, or NULL) over those in the table. Unknown keys are an
 * error. */
gboolean hrnet_metadata_add_options(GHashTable *metadata, const gchar *path,
                                    const gchar *const *options, GError **error);

/* Fills in what stands below "metadata" in HrnetConfig, with the defaults where the table is
 * silent. config->n_classes has to be set. Keys and values of the table are made fit to be shown
 * first. Class names are told apart: one that was there before, or is `unlabelled`, gets a number.
 */
gboolean hrnet_metadata_apply(GHashTable *metadata, const gchar *path, HrnetConfig *config,
                              GError **error);

#endif
