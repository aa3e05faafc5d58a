/* NumPy's .npy files of little-endian float32 in C order.
 *
 * Format: "A Simple File Format for NumPy Arrays", numpy.lib.format: the bytes "\x93NUMPY", a
 * version (major, minor), the header's length (2 bytes in version 1, 4 in 2 and 3, little-endian),
 * the header (a Python dictionary with `descr`, `fortran_order` and `shape`, padded with spaces),
 * then the elements.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TOOLS_NPY_H
#define HRNET_TOOLS_NPY_H

#include <hrnet/hrnet.h>

#define NPY_MAX_DIMS 8

typedef struct {
    guint n_dims;
    gsize dims[NPY_MAX_DIMS];
    gsize n_floats; /* product of dims */
    gfloat *data;   /* owned */
} NpyArray;

/* Reads a regular file. The header may say anything: sizes are checked against the file's before
 * memory is asked for. Errors (G_FILE_ERROR) begin with the path. */
gboolean npy_read(const gchar *path, NpyArray *array, GError **error);

/* Writes `dims` = shape, elements from `data`, as hrnet_write_file() does. */
gboolean npy_write(const gchar *path, const gfloat *data, const gsize *dims, guint n_dims,
                   GError **error);

/* Frees the elements. A zeroed array is fine. */
void npy_clear(NpyArray *array);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NpyArray, npy_clear)

#endif
