/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OUTPUT_H
#define HRNET_OUTPUT_H

#include <glib-object.h>
#include <hrnet/hrnet-visibility.h>

G_BEGIN_DECLS

HRNET_API gboolean hrnet_write_file(const gchar *path, const guint8 *data, gsize n_bytes,
                                    GError **error);
HRNET_API void hrnet_discard_unfinished_files(void);

G_END_DECLS

#endif
