/* PyTorch's format since 1.6: a zip archive with the pickle as TOP/data.pkl and each storage as
 * TOP/data/KEY, all of them stored, not compressed. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/pth.h"

#include <string.h>
#include <unistd.h>
#include <zip.h>

#define INVALID              HRNET_WEIGHTS_ERROR_INVALID
#define LARGEST_PICKLE_BYTES (64u << 20)

typedef struct {
    HrnetFile *file;
    zip_t *archive;
    gchar *top;             /* "archive" */
    zip_file_t *open_entry; /* what was read last, and how far */
    guint open_index;
    guint64 open_position, open_size;
} Zip;

static gboolean fail(const HrnetSource *source, const gchar *entry, const gchar *what,
                     GError **error)
{
    const Zip *zip = source->reader;
    const gboolean no_memory =
        zip_error_code_zip(zip_get_error(zip->archive)) == ZIP_ER_MEMORY ||
        (zip->open_entry &&
         zip_error_code_zip(zip_file_get_error(zip->open_entry)) == ZIP_ER_MEMORY);
    if (no_memory)
        what = "no memory to read it";
    return hrnet_weights_fail(error, no_memory ? HRNET_WEIGHTS_ERROR_NO_MEMORY : INVALID,
                              source->path, "zip entry %s: %s", entry, what);
}

/* An entry's index and size. Compressed ones are refused: PyTorch writes none, and a bomb would
 * need them. */
static gboolean find_entry(HrnetSource *source, const gchar *name, guint *index, guint64 *n_bytes,
                           GError **error)
{
    Zip *zip = source->reader;
    zip_stat_t info;
    const zip_uint64_t wanted =
        ZIP_STAT_INDEX | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat(zip->archive, name, ZIP_FL_ENC_RAW, &info) != 0)
        return fail(source, name, "is missing", error);
    if ((info.valid & wanted) != wanted || info.comp_method != ZIP_CM_STORE ||
        info.size != info.comp_size || info.size > zip->file->size_bytes || info.index > G_MAXUINT)
        return fail(source, name, "is compressed or larger than the file, expected stored", error);
    *index = (guint)info.index;
    *n_bytes = info.size;
    return TRUE;
}

static gboolean seek_entry(HrnetSource *source, guint index, guint64 offset, GError **error)
{
    Zip *zip = source->reader;
    if (!zip->open_entry || zip->open_index != index || zip->open_position > offset) {
        zip_stat_t info;
        if (zip->open_entry)
            zip_fclose(zip->open_entry);
        zip->open_entry = zip_fopen_index(zip->archive, index, 0);
        zip->open_index = index;
        zip->open_position = 0;
        if (!zip->open_entry || zip_stat_index(zip->archive, index, 0, &info) != 0)
            return fail(source, zip_get_name(zip->archive, index, ZIP_FL_ENC_RAW),
                        zip_strerror(zip->archive), error);
        zip->open_size = info.size;
    }
    if (offset != zip->open_position &&
        zip_fseek(zip->open_entry, (zip_int64_t)offset, SEEK_SET) != 0)
        return fail(source, zip_get_name(zip->archive, index, ZIP_FL_ENC_RAW),
                    zip_file_strerror(zip->open_entry), error);
    zip->open_position = offset;
    return TRUE;
}

static gboolean read_bytes(HrnetSource *source, guint blob, guint64 offset, void *out,
                           gsize n_bytes, GError **error)
{
    Zip *zip = source->reader;
    guint8 beyond;
    if (!seek_entry(source, blob, offset, error))
        return FALSE;
    zip_int64_t n = 0;
    for (gsize done = 0; done < n_bytes; done += (gsize)n) {
        n = zip_fread(zip->open_entry, (guint8 *)out + done, n_bytes - done);
        if (n <= 0)
            return fail(source, zip_get_name(zip->archive, blob, ZIP_FL_ENC_RAW),
                        n < 0 ? zip_file_strerror(zip->open_entry) : "truncated", error);
    }
    zip->open_position += n_bytes;
    /* libzip compares the checksum when it meets the end. */
    if (zip->open_position == zip->open_size && zip_fread(zip->open_entry, &beyond, 1) != 0)
        return fail(source, zip_get_name(zip->archive, blob, ZIP_FL_ENC_RAW),
                    zip_file_strerror(zip->open_entry), error);
    return TRUE;
}

static void close_zip(HrnetSource *source)
{
    Zip *zip = source->reader;
    if (zip->open_entry)
        zip_fclose(zip->open_entry);
    if (zip->archive)
        zip_discard(zip->archive);
    hrnet_file_close(zip->file);
    g_free(zip->top);
    g_free(zip);
}

/* The folder that data.pkl is in. */
static gboolean find_top(HrnetSource *source, GError **error)
{
    Zip *zip = source->reader;
    zip_int64_t n = zip_get_num_entries(zip->archive, 0);
    for (zip_int64_t i = 0; i < n; i++) {
        const gchar *name = zip_get_name(zip->archive, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        const gchar *slash = name ? strchr(name, '/') : NULL;
        if (slash && !zip->top && strcmp(slash, "/data.pkl") == 0)
            zip->top = g_strndup(name, (gsize)(slash - name));
    }
    if (!zip->top)
        return hrnet_weights_fail(error, INVALID, source->path,
                                  "is a zip archive without data.pkl, not a PyTorch checkpoint");
    return TRUE;
}

static gboolean open_archive(HrnetSource *source, GError **error)
{
    Zip *zip = source->reader;
    int code = 0, fd = dup(zip->file->fd);
    zip->archive = fd < 0 ? NULL : zip_fdopen(fd, 0, &code);
    if (zip->archive)
        return TRUE;
    zip_error_t cause;
    if (fd >= 0)
        close(fd);
    zip_error_init_with_code(&cause, code);
    hrnet_weights_fail(error, code == ZIP_ER_MEMORY ? HRNET_WEIGHTS_ERROR_NO_MEMORY : INVALID,
                       source->path, "zip archive: %s", zip_error_strerror(&cause));
    zip_error_fini(&cause);
    return FALSE;
}

/* Absent before PyTorch 2. */
static gboolean check_byte_order(HrnetSource *source, GError **error)
{
    Zip *zip = source->reader;
    gchar text[8] = "";
    guint index = 0;
    guint64 n_bytes = 0;
    g_autofree gchar *name = g_strconcat(zip->top, "/byteorder", NULL);
    if (zip_name_locate(zip->archive, name, ZIP_FL_ENC_RAW) < 0)
        return TRUE;
    if (!find_entry(source, name, &index, &n_bytes, error))
        return FALSE;
    if (n_bytes < sizeof text && !read_bytes(source, index, 0, text, n_bytes, error))
        return FALSE;
    if (strcmp(text, "little") != 0)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, source->path,
                                  "its byte order is not little");
    return TRUE;
}

static gboolean locate(HrnetSource *source, const HrnetPickleStorage *storage, guint *blob,
                       guint64 *offset_bytes, guint64 *n_bytes, GError **error)
{
    g_autofree gchar *name =
        g_strconcat(((Zip *)source->reader)->top, "/data/", storage->key, NULL);
    *offset_bytes = 0;
    return find_entry(source, name, blob, n_bytes, error);
}

typedef struct {
    const guint8 *bytes;
} Text;

static gboolean read_text(gpointer data, guint64 offset, void *out, gsize n_bytes, GError **error)
{
    (void)error;
    memcpy(out, ((const Text *)data)->bytes + offset, n_bytes);
    return TRUE;
}

static gboolean read_all(HrnetSource *source, GError **error)
{
    guint index = 0;
    guint64 n_bytes = 0;
    if (!open_archive(source, error) || !find_top(source, error) ||
        !check_byte_order(source, error))
        return FALSE;
    g_autofree gchar *name = g_strconcat(((Zip *)source->reader)->top, "/data.pkl", NULL);
    if (!find_entry(source, name, &index, &n_bytes, error))
        return FALSE;
    if (n_bytes > LARGEST_PICKLE_BYTES)
        return fail(source, name, "is too large", error);
    if (!hrnet_budget_take(&source->budget, n_bytes, 0))
        return hrnet_budget_fail(&source->budget, source->path, error);
    g_autofree guint8 *bytes = g_try_malloc(n_bytes + 1);
    if (!bytes)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NO_MEMORY, source->path,
                                  "no memory for its pickle of %" G_GUINT64_FORMAT " bytes",
                                  n_bytes);
    if (!read_bytes(source, index, 0, bytes, n_bytes, error))
        return FALSE;
    Text text = { bytes };
    HrnetPickle *pickle =
        hrnet_pickle_new(source->path, &source->budget, read_text, &text, 0, n_bytes);
    const HrnetPickleValue *root = hrnet_pickle_load(pickle, error);
    gboolean good = root && hrnet_pth_add_state(source, root, locate, error);
    hrnet_pickle_free(pickle);
    return good;
}

HrnetSource *hrnet_pth_zip_open(HrnetFile *file, GError **error)
{
    HrnetSource *source = hrnet_source_new(file->path, "PyTorch (zip)", file->size_bytes);
    Zip *zip = g_new0(Zip, 1);
    zip->file = file;
    source->reader = zip;
    source->read = read_bytes;
    source->close = close_zip;
    if (read_all(source, error))
        return source;
    hrnet_source_free(source);
    return NULL;
}
