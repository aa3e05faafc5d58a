/* A file that is read piece by piece, never mapped: one that shrinks under a mapping kills the
 * process. SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_FILE_H
#define HRNET_WEIGHTS_FILE_H

#include "weights/failure.h"

typedef struct {
    gchar *path;
    gint fd;
    guint64 size_bytes; /* when it was opened */
} HrnetFile;

/* Regular files only: a FIFO or device would block or never end. */
HrnetFile *hrnet_file_open(const gchar *path, GError **error);
void hrnet_file_close(HrnetFile *file); /* NULL is fine */

/* Copies n_bytes from offset; an error where the file ends before. */
gboolean hrnet_file_read(HrnetFile *file, guint64 offset, void *out, gsize n_bytes, GError **error);

#endif
