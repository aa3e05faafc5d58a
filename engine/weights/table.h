/* Hash tables whose keys come from files.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whoever knows the hash can choose keys that all fall on one place, and make a table of a few
 * thousand names take minutes. These hash with a key of the process's own. */
#ifndef HRNET_WEIGHTS_TABLE_H
#define HRNET_WEIGHTS_TABLE_H

#include <glib.h>

/* A table of strings; the functions, which may be NULL, free keys and values. */
GHashTable *hrnet_table_new(GDestroyNotify key_free, GDestroyNotify value_free);

/* A table of GUINT_TO_POINTER() numbers. */
GHashTable *hrnet_table_new_numbers(void);

#endif
