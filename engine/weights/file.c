/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

HrnetFile *hrnet_file_open(const gchar *path, GError **error)
{
    struct stat info;
    /* Not to wait for a FIFO's writer before its kind is known. */
    gint fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NOT_FOUND, path, "cannot be read: %s",
                           g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!S_ISREG(info.st_mode)) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NOT_FOUND, path, "is not a regular file");
        close(fd);
        return NULL;
    }

    HrnetFile *file = g_new0(HrnetFile, 1);
    file->path = g_strdup(path);
    file->fd = fd;
    file->size_bytes = (guint64)info.st_size;
    return file;
}

void hrnet_file_close(HrnetFile *file)
{
    if (!file)
        return;
    close(file->fd);
    g_free(file->path);
    g_free(file);
}

gboolean hrnet_file_read(HrnetFile *file, guint64 offset, void *out, gsize n_bytes, GError **error)
{
    if (offset > file->size_bytes || n_bytes > file->size_bytes - offset)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, file->path,
                                  "truncated: %" G_GSIZE_FORMAT
                                  " bytes expected at offset %" G_GUINT64_FORMAT
                                  ", the file has %" G_GUINT64_FORMAT " bytes",
                                  n_bytes, offset, file->size_bytes);
    for (gsize done = 0; done < n_bytes;) {
        gssize n = pread(file->fd, (guint8 *)out + done, n_bytes - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NOT_FOUND, file->path,
                                      "reading at offset %" G_GUINT64_FORMAT ": %s", offset + done,
                                      g_strerror(errno));
        if (n == 0)
            return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, file->path,
                                      "ended at offset %" G_GUINT64_FORMAT " while being read",
                                      offset + done);
        done += (gsize)n;
    }
    return TRUE;
}
