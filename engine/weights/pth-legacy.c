/* PyTorch's format before 1.6: pickles of a magic number, a version, the system, the object, the
 * storages' keys; then each storage as a count of 8 bytes and its elements, in the keys' order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/pth.h"

#include "base/memory.h"
#include "weights/table.h"

#define INVALID  HRNET_WEIGHTS_ERROR_INVALID
#define PROTOCOL 1001

typedef struct {
    guint64 offset_bytes, n_elements; /* of the elements */
} Place;

typedef struct {
    HrnetFile *file;
    HrnetPickle *pickle;
    GHashTable *sizes;  /* key -> element bytes, of the storages that the object mentions */
    GHashTable *places; /* key -> Place */
} Legacy;

static gboolean read_pickle(gpointer data, guint64 offset, void *out, gsize n_bytes, GError **error)
{
    return hrnet_file_read(data, offset, out, n_bytes, error);
}

static gboolean read_bytes(HrnetSource *source, guint blob, guint64 offset, void *out,
                           gsize n_bytes, GError **error)
{
    (void)blob;
    Legacy *legacy = source->reader;
    return hrnet_file_read(legacy->file, offset, out, n_bytes, error);
}

static void close_legacy(HrnetSource *source)
{
    Legacy *legacy = source->reader;
    hrnet_pickle_free(legacy->pickle);
    hrnet_file_close(legacy->file);
    g_hash_table_unref(legacy->sizes);
    g_hash_table_unref(legacy->places);
    g_free(legacy);
}

/* The pickles before the object. */
static gboolean read_preamble(HrnetSource *source, GError **error)
{
    Legacy *legacy = source->reader;
    const HrnetPickleValue *magic = hrnet_pickle_load(legacy->pickle, error);
    const HrnetPickleValue *protocol = magic ? hrnet_pickle_load(legacy->pickle, error) : NULL;
    const HrnetPickleValue *system = protocol ? hrnet_pickle_load(legacy->pickle, error) : NULL;
    if (!system)
        return FALSE;
    if (protocol->kind != HRNET_PICKLE_INT || protocol->integer != PROTOCOL)
        return hrnet_weights_fail(error, INVALID, source->path,
                                  "PyTorch file of another protocol than %d", PROTOCOL);
    const HrnetPickleValue *little = hrnet_pickle_lookup(system, "little_endian");
    if (!little || little->kind != HRNET_PICKLE_BOOL || !little->integer)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, source->path,
                                  "PyTorch file of a big-endian machine");
    return TRUE;
}

/* Walks over the storages behind the pickles. keys: their order. */
static gboolean find_places(HrnetSource *source, const HrnetPickleValue *keys, GError **error)
{
    Legacy *legacy = source->reader;
    guint64 at = hrnet_pickle_position(legacy->pickle);
    if (keys->kind != HRNET_PICKLE_LIST)
        return hrnet_weights_fail(error, INVALID, source->path, "its list of storages is none");
    for (guint i = 0; i < keys->n_items; i++) {
        const HrnetPickleValue *key = keys->items[i];
        gsize element_bytes = 0, n_bytes;
        guint64 n_elements;
        if (key->kind == HRNET_PICKLE_TEXT)
            element_bytes = GPOINTER_TO_SIZE(g_hash_table_lookup(legacy->sizes, key->text));
        if (!element_bytes || g_hash_table_contains(legacy->places, key->text))
            return hrnet_weights_fail(error, INVALID, source->path,
                                      "storage %u of its list is no storage of the object", i);
        if (!hrnet_file_read(legacy->file, at, &n_elements, sizeof n_elements, error))
            return FALSE;
        at += sizeof n_elements;
        if (!hrnet_checked_mul(n_elements, element_bytes, &n_bytes) ||
            n_bytes > legacy->file->size_bytes - at)
            return hrnet_weights_fail(error, INVALID, source->path,
                                      "truncated: storage %s of %" G_GUINT64_FORMAT
                                      " elements at offset %" G_GUINT64_FORMAT
                                      " does not fit into the file's %" G_GUINT64_FORMAT " bytes",
                                      key->text, n_elements, at, legacy->file->size_bytes);
        if (!hrnet_budget_take(&source->budget, 128 + key->n_items, 20))
            return hrnet_budget_fail(&source->budget, source->path, error);
        Place *place = g_new(Place, 1);
        *place = (Place){ at, n_elements };
        g_hash_table_insert(legacy->places, g_strdup(key->text), place);
        at += n_bytes;
    }
    return TRUE;
}

static gboolean locate(HrnetSource *source, const HrnetPickleStorage *storage, guint *blob,
                       guint64 *offset_bytes, guint64 *n_bytes, GError **error)
{
    Legacy *legacy = source->reader;
    const Place *place = g_hash_table_lookup(legacy->places, storage->key);
    if (!place || GPOINTER_TO_SIZE(g_hash_table_lookup(legacy->sizes, storage->key)) !=
                      storage->element_bytes)
        return hrnet_weights_fail(error, INVALID, source->path,
                                  "storage %s is not in the file's list", storage->key);
    *blob = 0;
    *offset_bytes = place->offset_bytes;
    *n_bytes = place->n_elements * storage->element_bytes;
    return TRUE;
}

static void note_size(const HrnetPickleStorage *storage, gpointer sizes)
{
    g_hash_table_insert(sizes, g_strdup(storage->key), GSIZE_TO_POINTER(storage->element_bytes));
}

static gboolean read_all(HrnetSource *source, GError **error)
{
    Legacy *legacy = source->reader;
    if (!read_preamble(source, error))
        return FALSE;
    const HrnetPickleValue *root = hrnet_pickle_load(legacy->pickle, error);
    if (!root)
        return FALSE;
    hrnet_pickle_each_storage(legacy->pickle, note_size, legacy->sizes);
    const HrnetPickleValue *keys = hrnet_pickle_load(legacy->pickle, error);
    return keys && find_places(source, keys, error) &&
           hrnet_pth_add_state(source, root, locate, error);
}

HrnetSource *hrnet_pth_legacy_open(HrnetFile *file, GError **error)
{
    HrnetSource *source =
        hrnet_source_new(file->path, "PyTorch (stream of pickles)", file->size_bytes);
    Legacy *legacy = g_new0(Legacy, 1);
    legacy->file = file;
    legacy->pickle =
        hrnet_pickle_new(file->path, &source->budget, read_pickle, file, 0, file->size_bytes);
    legacy->sizes = hrnet_table_new(g_free, NULL);
    legacy->places = hrnet_table_new(g_free, g_free);
    source->reader = legacy;
    source->read = read_bytes;
    source->close = close_legacy;
    if (read_all(source, error)) {
        g_clear_pointer(&legacy->pickle, hrnet_pickle_free);
        return source;
    }
    hrnet_source_free(source);
    return NULL;
}
