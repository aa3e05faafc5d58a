/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/safetensors.h"

#include <string.h>

#include "base/memory.h"
#include "weights/json.h"

#define LARGEST_HEADER_BYTES (8u << 20) /* a W48 has 0.3 MB */
#define INVALID              HRNET_WEIGHTS_ERROR_INVALID

static gboolean read_bytes(HrnetSource *source, guint blob, guint64 offset, void *out,
                           gsize n_bytes, GError **error)
{
    (void)blob;
    return hrnet_file_read(source->reader, offset, out, n_bytes, error);
}

static void close_file(HrnetSource *source)
{
    hrnet_file_close(source->reader);
}

/* A JSON array of whole numbers from 0 on. Returns how many, or -1. */
static gint read_numbers(JsonObject *object, const gchar *name, guint64 *out, guint most)
{
    JsonNode *node = json_object_get_member(object, name);
    if (!node || !JSON_NODE_HOLDS_ARRAY(node))
        return -1;
    JsonArray *array = json_node_get_array(node);
    guint n = json_array_get_length(array);
    if (n > most)
        return -1;
    for (guint i = 0; i < n; i++) {
        JsonNode *element = json_array_get_element(array, i);
        if (json_node_get_value_type(element) != G_TYPE_INT64 || json_node_get_int(element) < 0)
            return -1;
        out[i] = (guint64)json_node_get_int(element);
    }
    return (gint)n;
}

/* Bytes of an element of a type that we only pass over; 0 where it isn't known. */
static gsize other_dtype_size(const gchar *name)
{
    static const struct {
        const gchar *name;
        gsize size;
    } others[] = {
        { "BOOL", 1 }, { "U8", 1 },  { "I8", 1 },  { "F8_E4M3", 1 }, { "F8_E5M2", 1 }, { "U16", 2 },
        { "I16", 2 },  { "U32", 4 }, { "I32", 4 }, { "U64", 8 },     { "I64", 8 },     { "C64", 8 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        if (strcmp(others[i].name, name) == 0)
            return others[i].size;
    return 0;
}

/* offsets: where the tensor's bytes begin and end, in the data part. */
static gboolean add_tensor(HrnetSource *source, const gchar *name, JsonNode *node,
                           guint64 data_start, guint64 offsets[2], GError **error)
{
    const gchar *path = source->path;
    guint64 data_bytes = ((HrnetFile *)source->reader)->size_bytes - data_start;
    guint64 dims[HRNET_TENSOR_MAX_DIMS];
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return hrnet_weights_fail(error, INVALID, path, "header: %s is no object", name);
    JsonObject *object = json_node_get_object(node);
    JsonNode *dtype_node = json_object_get_member(object, "dtype");
    if (!dtype_node || json_node_get_value_type(dtype_node) != G_TYPE_STRING)
        return hrnet_weights_fail(error, INVALID, path, "tensor %s has no dtype", name);
    gint n_dims = read_numbers(object, "shape", dims, G_N_ELEMENTS(dims));
    if (n_dims < 0)
        return hrnet_weights_fail(error, INVALID, path,
                                  "tensor %s: shape is no list of at most %d sizes", name,
                                  HRNET_TENSOR_MAX_DIMS);
    if (read_numbers(object, "data_offsets", offsets, 2) != 2 || offsets[0] > offsets[1] ||
        offsets[1] > data_bytes)
        return hrnet_weights_fail(
            error, INVALID, path,
            "tensor %s: data_offsets are no range within the %" G_GUINT64_FORMAT
            " bytes of data that the file has: corrupt or truncated",
            name, data_bytes);

    const gchar *dtype_name = json_node_get_string(dtype_node);
    HrnetDtype dtype = hrnet_dtype_from_name(dtype_name);
    HrnetStoredTensor *tensor = hrnet_source_add(source, name, dtype, dims, (guint)n_dims, error);
    if (!tensor)
        return FALSE;
    g_strlcpy(tensor->dtype_name, dtype_name, sizeof tensor->dtype_name);
    tensor->offset_bytes = data_start + offsets[0];
    gsize size =
        dtype == HRNET_DTYPE_OTHER ? other_dtype_size(dtype_name) : hrnet_dtype_size(dtype);
    if (size && tensor->n_elements * size != offsets[1] - offsets[0]) {
        g_autofree gchar *shape = hrnet_stored_shape(tensor);
        return hrnet_weights_fail(error, INVALID, path,
                                  "tensor %s: %" G_GUINT64_FORMAT
                                  " bytes of data, expected %" G_GUINT64_FORMAT " for %s %s",
                                  name, offsets[1] - offsets[0], tensor->n_elements * size,
                                  dtype_name, shape);
    }
    return TRUE;
}

static gint by_start(gconstpointer a, gconstpointer b)
{
    const guint64 *x = a, *y = b;
    if (x[0] != y[0])
        return x[0] < y[0] ? -1 : 1;
    return x[1] < y[1] ? -1 : x[1] > y[1];
}

/* ranges: pairs of guint64. */
static gboolean check_coverage(const gchar *path, GArray *ranges, guint64 data_bytes,
                               GError **error)
{
    guint64 end = 0;
    g_array_sort(ranges, by_start);
    for (guint i = 0; i < ranges->len; i++) {
        const guint64 *range = (const guint64 *)(void *)ranges->data + 2 * i;
        if (range[0] != end)
            return hrnet_weights_fail(
                error, INVALID, path, "header: tensors' data %s at data offset %" G_GUINT64_FORMAT,
                range[0] < end ? "overlap" : "leave a gap", MIN(range[0], end));
        end = range[1];
    }
    if (end != data_bytes)
        return hrnet_weights_fail(error, INVALID, path,
                                  "%" G_GUINT64_FORMAT
                                  " bytes of data, the header describes %" G_GUINT64_FORMAT,
                                  data_bytes, end);
    return TRUE;
}

static gboolean add_metadata(HrnetSource *source, JsonNode *node, GError **error)
{
    JsonObjectIter iter;
    const gchar *key;
    JsonNode *value;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return hrnet_weights_fail(error, INVALID, source->path,
                                  "header: __metadata__ is no object");
    json_object_iter_init(&iter, json_node_get_object(node));
    while (json_object_iter_next(&iter, &key, &value)) {
        if (json_node_get_value_type(value) != G_TYPE_STRING)
            return hrnet_weights_fail(error, INVALID, source->path,
                                      "header: __metadata__ %s is no string", key);
        g_hash_table_insert(source->metadata, g_strdup(key), g_strdup(json_node_get_string(value)));
    }
    return TRUE;
}

static gboolean read_table(HrnetSource *source, JsonNode *root, guint64 data_start, GError **error)
{
    if (!JSON_NODE_HOLDS_OBJECT(root))
        return hrnet_weights_fail(error, INVALID, source->path, "header is no JSON object");

    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, 2 * sizeof(guint64));
    JsonObjectIter iter;
    const gchar *name;
    JsonNode *node;
    json_object_iter_init(&iter, json_node_get_object(root));
    while (json_object_iter_next(&iter, &name, &node)) {
        guint64 offsets[2];
        if (strcmp(name, "__metadata__") == 0) {
            if (!add_metadata(source, node, error))
                return FALSE;
            continue;
        }
        if (!add_tensor(source, name, node, data_start, offsets, error))
            return FALSE;
        g_array_append_vals(ranges, offsets, 1);
    }
    guint64 size_bytes = ((HrnetFile *)source->reader)->size_bytes;
    return check_coverage(source->path, ranges, size_bytes - data_start, error);
}

HrnetSource *hrnet_safetensors_open(HrnetFile *file, GError **error)
{
    guint64 header_bytes;
    HrnetSource *source = hrnet_source_new(file->path, "safetensors", file->size_bytes);
    source->reader = file;
    source->read = read_bytes;
    source->close = close_file;
    gchar *header = NULL;
    JsonNode *root = NULL;

    if (!hrnet_file_read(file, 0, &header_bytes, sizeof header_bytes, error))
        goto error;
    if (header_bytes > file->size_bytes - 8 || header_bytes > LARGEST_HEADER_BYTES) {
        hrnet_weights_fail(error, INVALID, file->path,
                           "header of %" G_GUINT64_FORMAT
                           " bytes, expected at most %" G_GUINT64_FORMAT,
                           header_bytes, MIN(file->size_bytes - 8, LARGEST_HEADER_BYTES));
        goto error;
    }
    header = g_try_malloc(header_bytes + 1);
    if (!header) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NO_MEMORY, file->path,
                           "no memory for a header of %" G_GUINT64_FORMAT " bytes", header_bytes);
        goto error;
    }
    if (!hrnet_file_read(file, 8, header, header_bytes, error))
        goto error;
    header[header_bytes] = '\0';
    root = hrnet_json_parse(header, header_bytes, file->path, "header", INVALID, error);
    if (!root || !read_table(source, root, 8 + header_bytes, error))
        goto error;
    json_node_unref(root);
    g_free(header);
    return source;

error:
    if (root)
        json_node_unref(root);
    g_free(header);
    hrnet_source_free(source);
    return NULL;
}
