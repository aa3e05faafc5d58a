/* What a model is loaded from.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_MODEL_IDENTITY_H
#define HRNET_MODEL_IDENTITY_H

#include <glib.h>

/* A text that is the same only while a load would give the same: it holds the options, and device,
 * inode, size and time stamps of all files that a load looks at. NULL where the stamps can't be
 * relied on: there is no such file, or it was changed so lately that a further change might leave
 * them as they are. Waits some milliseconds for a file that was written right now. Any thread. */
gchar *hrnet_model_identity(const gchar *path, const gchar *const *options);

#endif
