/* Two files' tensors as one source.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/source.h"

typedef struct {
    HrnetSource *parts[2]; /* a tensor's blob is its part's number in the lowest bit */
} Joined;

static gboolean read_bytes(HrnetSource *source, guint blob, guint64 offset, void *out,
                           gsize n_bytes, GError **error)
{
    HrnetSource *part = ((Joined *)source->reader)->parts[blob & 1];
    return part->read(part, blob >> 1, offset, out, n_bytes, error);
}

static void close_joined(HrnetSource *source)
{
    Joined *joined = source->reader;
    hrnet_source_free(joined->parts[0]);
    hrnet_source_free(joined->parts[1]);
    g_free(joined);
}

/* Moves what a table holds into another that has nothing of it yet. */
static gboolean move_tensors(HrnetSource *to, HrnetSource *from, guint part, GError **error)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, from->tensors);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        HrnetStoredTensor *tensor = value;
        if (hrnet_source_find(to, tensor->name))
            return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, to->path,
                                      "both files have a tensor %s", tensor->name);
        tensor->blob = tensor->blob << 1 | part;
        g_hash_table_iter_steal(&iter);
        g_hash_table_insert(to->tensors, tensor->name, tensor);
    }
    return TRUE;
}

static void move_metadata(HrnetSource *to, HrnetSource *from)
{
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, from->metadata);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_hash_table_iter_steal(&iter);
        g_hash_table_insert(to->metadata, key, value);
    }
}

HrnetSource *hrnet_source_join(HrnetSource *first, HrnetSource *second, GError **error)
{
    g_autofree gchar *path = g_strconcat(first->path, ",", second->path, NULL);
    HrnetSource *source =
        hrnet_source_new(path, first->format, first->budget.file_bytes + second->budget.file_bytes);
    source->made_bytes = first->made_bytes + second->made_bytes;
    Joined *joined = g_new0(Joined, 1);
    joined->parts[0] = first;
    joined->parts[1] = second;
    source->reader = joined;
    source->read = read_bytes;
    source->close = close_joined;
    move_metadata(source, first);
    move_metadata(source, second);
    if (move_tensors(source, first, 0, error) && move_tensors(source, second, 1, error))
        return source;
    hrnet_source_free(source);
    return NULL;
}
