/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "npy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const gchar magic[6] = "\x93NUMPY";

/* A header of our shapes takes 128 bytes; NumPy itself refuses to read more than 10,000. */
#define MAX_HEADER 10000

static gboolean fail(GError **error, const gchar *path, const gchar *format, ...)
    G_GNUC_PRINTF(3, 4);

static gboolean fail(GError **error, const gchar *path, const gchar *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree gchar *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s", path, text);
    return FALSE;
}

/* The header's Python literal. Each step takes what it names off the front, or leaves the text
 * alone. */

static void skip_spaces(const gchar **at)
{
    while (**at == ' ' || **at == '\t' || **at == '\n')
        (*at)++;
}

static gboolean take(const gchar **at, const gchar *word)
{
    skip_spaces(at);
    if (!g_str_has_prefix(*at, word))
        return FALSE;
    *at += strlen(word);
    return TRUE;
}

static gchar *take_string(const gchar **at)
{
    skip_spaces(at);
    if (**at != '\'' && **at != '"')
        return NULL;
    const gchar *start = *at + 1, *end = strchr(start, **at);
    if (!end)
        return NULL;
    *at = end + 1;
    return g_strndup(start, (gsize)(end - start));
}

static gboolean take_shape(const gchar **at, NpyArray *array)
{
    if (!take(at, "("))
        return FALSE;
    array->n_dims = 0;
    array->n_floats = 1;
    while (!take(at, ")")) {
        guint64 dim;
        gchar *end;

        skip_spaces(at);
        if (!g_ascii_isdigit(**at) || array->n_dims == NPY_MAX_DIMS)
            return FALSE;
        dim = g_ascii_strtoull(*at, &end, 10);
        *at = end;
        if (dim > G_MAXINT || !g_size_checked_mul(&array->n_floats, array->n_floats, (gsize)dim))
            return FALSE;
        array->dims[array->n_dims++] = (gsize)dim;
        if (!take(at, ",") && **at != ')')
            return FALSE;
    }
    return TRUE;
}

static gboolean parse_header(const gchar *header, const gchar *path, NpyArray *array,
                             GError **error)
{
    const gchar *at = header;
    gboolean have_descr = FALSE, have_order = FALSE, have_shape = FALSE;

    if (!take(&at, "{"))
        return fail(error, path, "the .npy header is not a dictionary");
    while (!take(&at, "}")) {
        g_autofree gchar *key = take_string(&at);

        if (!key || !take(&at, ":"))
            return fail(error, path, "the .npy header is malformed");
        if (g_str_equal(key, "descr")) {
            g_autofree gchar *descr = take_string(&at);

            if (!descr || !g_str_equal(descr, "<f4"))
                return fail(error, path, "elements of type %s, expected <f4 (float32)",
                            descr ? descr : "unknown");
            have_descr = TRUE;
        } else if (g_str_equal(key, "fortran_order")) {
            if (!take(&at, "False"))
                return fail(error, path, "the array is not in C order");
            have_order = TRUE;
        } else if (g_str_equal(key, "shape")) {
            if (!take_shape(&at, array))
                return fail(error, path, "the .npy header's shape is malformed or too large");
            have_shape = TRUE;
        } else {
            return fail(error, path, "the .npy header has the unknown key '%s'", key);
        }
        if (!take(&at, ",") && *at != '}')
            return fail(error, path, "the .npy header is malformed");
    }
    if (!have_descr || !have_order || !have_shape)
        return fail(error, path, "the .npy header lacks descr, fortran_order or shape");
    return TRUE;
}

static gboolean read_header(FILE *file, const gchar *path, NpyArray *array, GError **error)
{
    guint8 start[8], length[4] = { 0 };
    gsize n_length, n_header;

    if (fread(start, 1, sizeof start, file) != sizeof start ||
        memcmp(start, magic, sizeof magic) != 0)
        return fail(error, path, "not a .npy file");
    if (start[6] < 1 || start[6] > 3)
        return fail(error, path, ".npy version %d.%d, expected 1.0 to 3.0", start[6], start[7]);
    n_length = start[6] == 1 ? 2 : 4;
    if (fread(length, 1, n_length, file) != n_length)
        return fail(error, path, "the .npy header is cut off");
    n_header = length[0] | (gsize)length[1] << 8 | (gsize)length[2] << 16 | (gsize)length[3] << 24;
    if (n_header > MAX_HEADER)
        return fail(error, path, "the .npy header says it has %" G_GSIZE_FORMAT " bytes", n_header);

    g_autofree gchar *header = g_malloc0(n_header + 1);
    if (fread(header, 1, n_header, file) != n_header)
        return fail(error, path, "the .npy header is cut off");
    return parse_header(header, path, array, error);
}

static gboolean read_elements(FILE *file, const gchar *path, NpyArray *array, GError **error)
{
    struct stat status;
    gsize n_bytes;
    const long offset = ftell(file);

    if (offset < 0 || fstat(fileno(file), &status) || !S_ISREG(status.st_mode))
        return fail(error, path, "not a regular file");
    if (!g_size_checked_mul(&n_bytes, array->n_floats, sizeof(gfloat)) ||
        n_bytes > (guint64)(status.st_size - offset))
        return fail(error, path, "the file ends before the array's %" G_GSIZE_FORMAT " elements do",
                    array->n_floats);

    array->data = g_try_malloc(MAX(n_bytes, 1));
    if (!array->data)
        return fail(error, path, "no memory for %" G_GSIZE_FORMAT " bytes", n_bytes);
    if (fread(array->data, 1, n_bytes, file) != n_bytes)
        return fail(error, path, "cannot read: %s", g_strerror(errno));
    for (gsize i = 0; G_BYTE_ORDER == G_BIG_ENDIAN && i < array->n_floats; i++) {
        guint32 *bits = (guint32 *)(void *)array->data + i;

        *bits = GUINT32_FROM_LE(*bits);
    }
    return TRUE;
}

gboolean npy_read(const gchar *path, NpyArray *array, GError **error)
{
    FILE *file = fopen(path, "rb");
    gboolean good;

    *array = (NpyArray){ 0 };
    if (!file)
        return fail(error, path, "%s", g_strerror(errno));
    good = read_header(file, path, array, error) && read_elements(file, path, array, error);
    fclose(file);
    if (!good)
        npy_clear(array);
    return good;
}

static GString *make_header(const gsize *dims, guint n_dims)
{
    GString *text = g_string_new("{'descr': '<f4', 'fortran_order': False, 'shape': (");

    for (guint i = 0; i < n_dims; i++)
        g_string_append_printf(text, "%s%" G_GSIZE_FORMAT, i ? ", " : "", dims[i]);
    g_string_append(text, n_dims == 1 ? ",), }" : "), }");
    /* The elements begin at a multiple of 64; the header's last byte is a newline. */
    while ((text->len + 1 + sizeof magic + 4) % 64)
        g_string_append_c(text, ' ');
    return g_string_append_c(text, '\n');
}

gboolean npy_write(const gchar *path, const gfloat *data, const gsize *dims, guint n_dims,
                   GError **error)
{
    g_autoptr(GString) header = make_header(dims, n_dims);
    const gsize n_header = header->len, n_start = sizeof magic + 4 + n_header;
    const guint8 start[4] = { 1, 0, n_header & 0xff, (guint8)(n_header >> 8) };
    gsize n_floats = 1;

    for (guint i = 0; i < n_dims; i++)
        n_floats *= dims[i];
    g_autofree guint8 *bytes = g_try_malloc(n_start + n_floats * sizeof(gfloat));
    if (!bytes)
        return fail(error, path, "no memory for %" G_GSIZE_FORMAT " numbers", n_floats);
    memcpy(bytes, magic, sizeof magic);
    memcpy(bytes + sizeof magic, start, sizeof start);
    memcpy(bytes + sizeof magic + sizeof start, header->str, n_header);
    for (gsize i = 0; i < n_floats; i++) {
        guint32 bits;

        memcpy(&bits, data + i, sizeof bits);
        bits = GUINT32_TO_LE(bits);
        memcpy(bytes + n_start + i * sizeof bits, &bits, sizeof bits);
    }
    return hrnet_write_file(path, bytes, n_start + n_floats * sizeof(gfloat), error);
}

void npy_clear(NpyArray *array)
{
    g_clear_pointer(&array->data, g_free);
    *array = (NpyArray){ 0 };
}
