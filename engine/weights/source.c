/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/source.h"

#include <string.h>

#include "base/memory.h"
#include "weights/halves.h"
#include "weights/table.h"

#if G_BYTE_ORDER != G_LITTLE_ENDIAN
#error "checkpoints are little-endian, and so must the machine be"
#endif

#define CHUNK_BYTES 65536

/* Of tensors that lie on others' bytes: exporters do that with a few small ones. */
#define SHARED_BYTES (1u << 20)

static const struct {
    const gchar *name;
    gsize size;
} dtypes[] = {
    [HRNET_DTYPE_F32] = { "F32", 4 },
    [HRNET_DTYPE_F16] = { "F16", 2 },
    [HRNET_DTYPE_BF16] = { "BF16", 2 },
    [HRNET_DTYPE_F64] = { "F64", 8 },
};

gsize hrnet_dtype_size(HrnetDtype dtype)
{
    return dtype < HRNET_DTYPE_OTHER ? dtypes[dtype].size : 0;
}

HrnetDtype hrnet_dtype_from_name(const gchar *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(dtypes); i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return (HrnetDtype)i;
    return HRNET_DTYPE_OTHER;
}

static const gchar *dtype_name(HrnetDtype dtype)
{
    return dtype < HRNET_DTYPE_OTHER ? dtypes[dtype].name : "other";
}

void hrnet_stored_free(gpointer data)
{
    HrnetStoredTensor *tensor = data;
    g_free(tensor->name);
    g_free(tensor->own_name);
    g_free(tensor);
}

static void clear_part(gpointer part)
{
    g_free(((HrnetOwnPart *)part)->own);
}

HrnetSource *hrnet_source_new(const gchar *path, const gchar *format, guint64 file_bytes)
{
    HrnetSource *source = g_new0(HrnetSource, 1);
    source->path = g_strdup(path);
    source->format = format;
    source->tensors = hrnet_table_new(NULL, hrnet_stored_free);
    source->metadata = hrnet_table_new(g_free, g_free);
    source->own_head = g_array_new(FALSE, FALSE, sizeof(HrnetOwnPart));
    g_array_set_clear_func(source->own_head, clear_part);
    hrnet_budget_init(&source->budget, file_bytes);
    return source;
}

void hrnet_source_forget_tensors(HrnetSource *source)
{
    if (source->close)
        source->close(source);
    source->close = NULL;
    source->reader = NULL;
    g_hash_table_remove_all(source->tensors);
}

void hrnet_source_free(HrnetSource *source)
{
    if (!source)
        return;
    hrnet_source_forget_tensors(source);
    g_hash_table_unref(source->tensors);
    g_hash_table_unref(source->metadata);
    g_free(source->own_trunk);
    g_array_unref(source->own_head);
    g_free(source->path);
    g_free(source);
}

void hrnet_source_add_part(HrnetSource *source, const gchar *authors, gchar *own)
{
    const HrnetOwnPart part = { authors, own };
    if (own)
        g_array_append_val(source->own_head, part);
}

gchar *hrnet_source_own_name(const HrnetSource *source, const gchar *name)
{
    const HrnetStoredTensor *tensor = hrnet_source_find(source, name);
    if (tensor && tensor->own_name)
        return g_strdup(tensor->own_name);
    for (guint i = 0; i < source->own_head->len; i++) {
        const HrnetOwnPart *part = &g_array_index(source->own_head, HrnetOwnPart, i);
        if (g_str_has_prefix(name, part->authors))
            return g_strconcat(part->own, name + strlen(part->authors), NULL);
    }
    return g_strconcat(source->own_trunk ? source->own_trunk : "", name, NULL);
}

HrnetStoredTensor *hrnet_source_add(HrnetSource *source, const gchar *name, HrnetDtype dtype,
                                    const guint64 *dims, guint n_dims, GError **error)
{
    gsize n = 1, n_bytes;
    for (guint d = 0; d < n_dims; d++)
        if (dims[d] > G_MAXINT64 || !hrnet_checked_mul(n, dims[d], &n)) {
            hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, source->path,
                               "tensor %s: its dimensions' product overflows", name);
            return NULL;
        }
    if (n_dims > HRNET_TENSOR_MAX_DIMS || !hrnet_checked_mul(n, sizeof(gdouble), &n_bytes)) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, source->path,
                           "tensor %s: %u dimensions, %" G_GSIZE_FORMAT " elements: too many", name,
                           n_dims, n);
        return NULL;
    }
    if (g_hash_table_contains(source->tensors, name)) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, source->path,
                           "tensor %s occurs twice", name);
        return NULL;
    }

    if (!hrnet_budget_take(&source->budget, sizeof(HrnetStoredTensor) + strlen(name) + 64, 50)) {
        hrnet_budget_fail(&source->budget, source->path, error);
        return NULL;
    }
    HrnetStoredTensor *tensor = g_new0(HrnetStoredTensor, 1);
    tensor->name = g_strdup(name);
    tensor->dtype = dtype;
    g_strlcpy(tensor->dtype_name, dtype_name(dtype), sizeof tensor->dtype_name);
    tensor->n_dims = n_dims;
    tensor->n_elements = n;
    guint64 stride = 1;
    for (guint d = n_dims; d-- > 0;) {
        tensor->dims[d] = dims[d];
        tensor->strides[d] = stride;
        stride *=
            MAX(dims[d],
                1); /* cannot overflow where the product doesn't; a product of 0 may wrap, unused */
    }
    g_hash_table_insert(source->tensors, tensor->name, tensor);
    return tensor;
}

gboolean hrnet_source_check_weights(const HrnetSource *source, GError **error)
{
    const guint64 file_bytes = source->budget.file_bytes;
    guint64 n_bytes = 0;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, source->tensors);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const HrnetStoredTensor *tensor = value;
        n_bytes += MIN(tensor->n_elements * hrnet_dtype_size(tensor->dtype), G_MAXUINT32 * 1024ull);
    }
    if (n_bytes <= file_bytes + file_bytes / 4 + SHARED_BYTES + source->made_bytes)
        return TRUE;
    return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, source->path,
                              "its tensors have %" G_GUINT64_FORMAT
                              " bytes, far more than the %" G_GUINT64_FORMAT " bytes of the file",
                              n_bytes, file_bytes);
}

const HrnetStoredTensor *hrnet_source_find(const HrnetSource *source, const gchar *name)
{
    return g_hash_table_lookup(source->tensors, name);
}

gchar *hrnet_stored_shape(const HrnetStoredTensor *tensor)
{
    GString *text = g_string_new("[");
    for (guint d = 0; d < tensor->n_dims; d++)
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT, d ? ", " : "", tensor->dims[d]);
    g_string_append_c(text, ']');
    return g_string_free(text, FALSE);
}

static void to_floats(HrnetDtype dtype, const void *in, gsize n, gfloat *out)
{
    switch (dtype) {
    case HRNET_DTYPE_F32:
        memcpy(out, in, n * sizeof(gfloat));
        break;
    case HRNET_DTYPE_F16:
        hrnet_f16_to_f32(in, n, out);
        break;
    case HRNET_DTYPE_BF16:
        hrnet_bf16_to_f32(in, n, out);
        break;
    case HRNET_DTYPE_F64:
        for (gsize i = 0; i < n; i++)
            out[i] = (gfloat)((const gdouble *)in)[i];
        break;
    default:
        g_assert_not_reached();
    }
}

/* n elements that lie side by side. */
static gboolean read_dense(HrnetSource *source, const HrnetStoredTensor *tensor, gsize n,
                           gfloat *out, GError **error)
{
    gsize size = hrnet_dtype_size(tensor->dtype);
    g_assert(size > 0); /* other types were refused */
    if (tensor->dtype == HRNET_DTYPE_F32)
        return source->read(source, tensor->blob, tensor->offset_bytes, out, n * size, error);

    g_autofree guint8 *chunk = g_try_malloc(CHUNK_BYTES);
    if (!chunk)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NO_MEMORY, source->path,
                                  "tensor %s: no memory to convert it", tensor->name);
    for (gsize done = 0; done < n;) {
        gsize count = MIN(n - done, CHUNK_BYTES / size);
        if (!source->read(source, tensor->blob, tensor->offset_bytes + done * size, chunk,
                          count * size, error))
            return FALSE;
        to_floats(tensor->dtype, chunk, count, out + done);
        done += count;
    }
    return TRUE;
}

static gboolean is_dense(const HrnetStoredTensor *tensor)
{
    guint64 stride = 1;
    for (guint d = tensor->n_dims; d-- > 0; stride *= tensor->dims[d])
        if (tensor->dims[d] != 1 && tensor->strides[d] != stride)
            return FALSE;
    return TRUE;
}

/* Elements in another order than row by row, or with others between them: the span that holds them
 * is read and picked from. Readers have checked that the span lies in its blob. */
static gboolean read_strided(HrnetSource *source, const HrnetStoredTensor *tensor, gfloat *out,
                             GError **error)
{
    guint64 span = 1;
    for (guint d = 0; d < tensor->n_dims; d++)
        span += (tensor->dims[d] - 1) * tensor->strides[d];
    gfloat *all = span <= G_MAXSIZE / sizeof(gfloat) ? g_try_malloc0(span * sizeof(gfloat)) : NULL;
    if (!all)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NO_MEMORY, source->path,
                                  "tensor %s: no memory for its %" G_GUINT64_FORMAT " elements",
                                  tensor->name, span);
    if (!read_dense(source, tensor, span, all, error)) {
        g_free(all);
        return FALSE;
    }

    guint64 index[HRNET_TENSOR_MAX_DIMS] = { 0 }, at = 0;
    for (guint64 i = 0; i < tensor->n_elements; i++) {
        out[i] = all[at];
        for (guint d = tensor->n_dims; d-- > 0;) {
            at += tensor->strides[d];
            if (++index[d] < tensor->dims[d])
                break;
            at -= tensor->dims[d] * tensor->strides[d];
            index[d] = 0;
        }
    }
    g_free(all);
    return TRUE;
}

gboolean hrnet_source_read(HrnetSource *source, const HrnetStoredTensor *tensor, gfloat *out,
                           GError **error)
{
    if (tensor->dtype == HRNET_DTYPE_OTHER)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, source->path,
                                  "tensor %s is of type %s, expected F32, F16, BF16 or F64",
                                  tensor->name, tensor->dtype_name);
    if (tensor->n_elements == 0)
        return TRUE;
    return is_dense(tensor) ? read_dense(source, tensor, tensor->n_elements, out, error)
                            : read_strided(source, tensor, out, error);
}
