/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx.h"

#include <string.h>

#include "weights/onnx-inline.h"
#include "weights/onnx-match.h"
#include "weights/onnx-model.h"
#include "weights/onnx-preparation.h"
#include "weights/table.h"

#define INVALID      HRNET_WEIGHTS_ERROR_INVALID
#define UNSUPPORTED  HRNET_WEIGHTS_ERROR_UNSUPPORTED
#define OLDEST_OPSET 9

/* A run of bytes that tensors are read from. */
typedef struct {
    const guint8 *bytes; /* in the model; or NULL: */
    HrnetFile *file;     /* beside it */
    guint64 n_bytes;
} Blob;

typedef struct {
    Onnx__ModelProto *model;
    GArray *blobs;      /* Blob */
    GHashTable *files;  /* location -> blob + 1 */
    GHashTable *halves; /* TensorProto -> guint16 *, those that were taken out of int32_data */
    HrnetOnnxMaker maker;
} Onnx;

static gboolean read_bytes(HrnetSource *source, guint blob_index, guint64 offset, void *out,
                           gsize n_bytes, GError **error)
{
    const Blob *blob = &g_array_index(((Onnx *)source->reader)->blobs, Blob, blob_index);
    if (blob->file)
        return hrnet_file_read(blob->file, offset, out, n_bytes, error);
    if (offset > blob->n_bytes || n_bytes > blob->n_bytes - offset)
        return hrnet_weights_fail(error, INVALID, source->path, "a tensor reaches beyond its data");
    memcpy(out, blob->bytes + offset, n_bytes);
    return TRUE;
}

static void close_onnx(HrnetSource *source)
{
    Onnx *onnx = source->reader;
    for (guint i = 0; i < onnx->blobs->len; i++)
        hrnet_file_close(g_array_index(onnx->blobs, Blob, i).file);
    g_array_unref(onnx->blobs);
    g_hash_table_unref(onnx->files);
    g_hash_table_unref(onnx->halves);
    hrnet_onnx_maker_clear(&onnx->maker);
    if (onnx->model)
        onnx__model_proto__free_unpacked(onnx->model, NULL);
    g_free(onnx);
}

static guint add_blob(Onnx *onnx, const void *bytes, HrnetFile *file, guint64 n_bytes)
{
    Blob blob = { bytes, file, n_bytes };
    g_array_append_val(onnx->blobs, blob);
    return onnx->blobs->len - 1;
}

static const gchar *external(const Onnx__TensorProto *tensor, const gchar *key)
{
    for (gsize i = 0; i < tensor->n_external_data; i++)
        if (tensor->external_data[i]->key && strcmp(tensor->external_data[i]->key, key) == 0)
            return tensor->external_data[i]->value;
    return NULL;
}

/* A file beside the model, opened once. It has to be in the model's folder: nothing else is the
 * model's to name. */
static gboolean open_external(HrnetSource *source, const gchar *location, guint *blob,
                              GError **error)
{
    Onnx *onnx = source->reader;
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(onnx->files, location));
    if (known) {
        *blob = known - 1;
        return TRUE;
    }
    if (!*location || strchr(location, '/') || strcmp(location, "..") == 0)
        return hrnet_weights_fail(error, UNSUPPORTED, source->path,
                                  "its weights lie in \"%s\", expected a file of the same folder",
                                  location);
    g_autofree gchar *folder = g_path_get_dirname(source->path);
    g_autofree gchar *path = g_build_filename(folder, location, NULL);
    HrnetFile *file = hrnet_file_open(path, error);
    if (!file)
        return FALSE;
    source->budget.file_bytes += file->size_bytes;
    *blob = add_blob(onnx, NULL, file, file->size_bytes);
    g_hash_table_insert(onnx->files, g_strdup(location), GUINT_TO_POINTER(*blob + 1));
    return TRUE;
}

static gboolean place_external(HrnetSource *source, const Onnx__TensorProto *proto,
                               HrnetStoredTensor *tensor, guint64 n_bytes, GError **error)
{
    if (!hrnet_budget_take(&source->budget, 0, 2 * proto->n_external_data))
        return hrnet_budget_fail(&source->budget, source->path, error);
    const gchar *location = external(proto, "location"), *offset = external(proto, "offset");
    if (!location || !open_external(source, location, &tensor->blob, error))
        return location ? FALSE
                        : hrnet_weights_fail(error, INVALID, source->path,
                                             "tensor %s: its data have no location", tensor->name);
    const Blob *blob = &g_array_index(((Onnx *)source->reader)->blobs, Blob, tensor->blob);
    if ((offset &&
         !g_ascii_string_to_unsigned(offset, 10, 0, G_MAXINT64, &tensor->offset_bytes, NULL)) ||
        tensor->offset_bytes > blob->n_bytes || n_bytes > blob->n_bytes - tensor->offset_bytes)
        return hrnet_weights_fail(error, INVALID, source->path,
                                  "tensor %s: %" G_GUINT64_FORMAT
                                  " bytes do not lie in the %" G_GUINT64_FORMAT " bytes of %s",
                                  tensor->name, n_bytes, blob->n_bytes, location);
    return TRUE;
}

/* HrnetOnnxLoad */
static gboolean load_external(gpointer data, const Onnx__TensorProto *proto, void *out,
                              gsize n_bytes)
{
    HrnetSource *source = data;
    HrnetStoredTensor tensor = { .name = proto->name ? proto->name : (gchar *)"" };
    return place_external(source, proto, &tensor, n_bytes, NULL) &&
           read_bytes(source, tensor.blob, tensor.offset_bytes, out, n_bytes, NULL);
}

/* 16-bit numbers that came one by one in an int32 each: made once, however many layers use them. */
static const guint16 *narrow(HrnetSource *source, const Onnx__TensorProto *proto, GError **error)
{
    Onnx *onnx = source->reader;
    guint16 *halves = g_hash_table_lookup(onnx->halves, proto);
    if (halves)
        return halves;
    const gsize n = proto->n_int32_data;
    if (!hrnet_budget_take(&source->budget, (n + 1) * sizeof *halves, n / 8)) {
        hrnet_budget_fail(&source->budget, source->path, error);
        return NULL;
    }
    halves = g_try_new(guint16, n + 1);
    if (!halves) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NO_MEMORY, source->path,
                           "no memory for %" G_GSIZE_FORMAT " numbers of 16 bits", n);
        return NULL;
    }
    for (gsize i = 0; i < n; i++)
        halves[i] = (guint16)proto->int32_data[i];
    g_hash_table_insert(onnx->halves, (gpointer)proto, halves);
    return halves;
}

static HrnetDtype dtype_of(const Onnx__TensorProto *proto)
{
    switch (proto->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        return HRNET_DTYPE_F32;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
        return HRNET_DTYPE_F16;
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
        return HRNET_DTYPE_BF16;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        return HRNET_DTYPE_F64;
    default:
        return HRNET_DTYPE_OTHER;
    }
}

/* Where the elements are: in raw_data, in a list of their type, or in a file beside. */
static gboolean place(HrnetSource *source, const Onnx__TensorProto *proto,
                      HrnetStoredTensor *tensor, GError **error)
{
    Onnx *onnx = source->reader;
    gsize size = hrnet_dtype_size(tensor->dtype), available = 0;
    const void *bytes = NULL;
    if (proto->has_data_location &&
        proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
        return place_external(source, proto, tensor, tensor->n_elements * size, error);
    if (proto->has_raw_data) {
        bytes = proto->raw_data.data;
        available = proto->raw_data.len;
    } else if (tensor->dtype == HRNET_DTYPE_F32) {
        bytes = proto->float_data;
        available = proto->n_float_data * size;
    } else if (tensor->dtype == HRNET_DTYPE_F64) {
        bytes = proto->double_data;
        available = proto->n_double_data * size;
    } else if (size == 2) {
        bytes = narrow(source, proto, error);
        if (!bytes)
            return FALSE;
        available = proto->n_int32_data * size;
    }
    if (available != tensor->n_elements * size)
        return hrnet_weights_fail(
            error, INVALID, source->path,
            "tensor %s: %" G_GSIZE_FORMAT " bytes of data, expected %" G_GUINT64_FORMAT,
            proto->name ? proto->name : tensor->name, available, tensor->n_elements * size);
    tensor->blob = add_blob(onnx, bytes, NULL, available);
    return TRUE;
}

/* A part of a convolution or normalisation; `flat`: one dimension, however many sizes of 1 are
 * around it. */
static gboolean add_part(HrnetSource *source, const Onnx__TensorProto *proto, const gchar *layer,
                         const gchar *part, gboolean flat, GError **error)
{
    g_autofree gchar *name = g_strconcat(layer, ".", part, NULL);
    guint64 dims[HRNET_TENSOR_MAX_DIMS + 1], n_dims = 0;
    for (gsize d = 0; d < proto->n_dims && n_dims <= HRNET_TENSOR_MAX_DIMS; d++)
        if (!flat || proto->dims[d] != 1)
            dims[n_dims++] = (guint64)proto->dims[d];
    if (flat && n_dims == 0)
        dims[n_dims++] = 1;
    HrnetStoredTensor *tensor =
        hrnet_source_add(source, name, dtype_of(proto), dims, (guint)n_dims, error);
    return tensor && place(source, proto, tensor, error);
}

/* HrnetOnnxName: adds the tensors of one convolution. */
static gboolean name_conv(gpointer data, const HrnetOnnxOp *op, const gchar *conv,
                          const gchar *norm, GError **error)
{
    static const gchar *const parts[] = { "weight", "bias", "running_mean", "running_var" };
    HrnetSource *source = data;
    const HrnetOnnxConv *found = &op->conv;
    if (!add_part(source, found->weight, conv, "weight", FALSE, error) ||
        (found->bias && !add_part(source, found->bias, conv, "bias", TRUE, error)))
        return FALSE;
    for (guint i = 0; found->norm[0] && i < G_N_ELEMENTS(parts); i++) {
        if (!norm)
            return hrnet_weights_fail(error, UNSUPPORTED, source->path,
                                      "no HRNetV2: a normalisation is behind the classifier");
        if (!add_part(source, found->norm[i], norm, parts[i], TRUE, error))
            return FALSE;
    }
    return TRUE;
}

static void set_metadata(HrnetSource *source, const gchar *key, const gchar *value)
{
    g_hash_table_insert(source->metadata, g_strdup(key), g_strdup(value));
}

static const gchar *align_text(const HrnetOnnxResizing *resizing)
{
    return resizing->align_corners ? "true" : "false";
}

static const gchar *upsample_text(const HrnetOnnxResizing *resizing)
{
    return resizing->upsample == HRNET_UPSAMPLE_NEAREST ? "nearest" : "bilinear";
}

/* One key where all parts are alike, so that an option of that key goes over it; else the parts'. A
 * part that no node tells of is like the others, and nearest neighbours have no corners. */
static void note_traits(HrnetSource *source, const HrnetOnnxTraits *traits, gfloat eps)
{
    const HrnetOnnxResizing *exchange = &traits->exchange;
    const HrnetOnnxResizing *head = traits->head.seen ? &traits->head : exchange;
    const HrnetOnnxResizing *bilinear =
        exchange->upsample == HRNET_UPSAMPLE_BILINEAR ? exchange : head;
    const HrnetOnnxResizing *logits = traits->logits.seen ? &traits->logits : bilinear;
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];
    set_metadata(source, "hrnet.align_corners", align_text(bilinear));
    set_metadata(source, "hrnet.upsample", upsample_text(exchange));
    if (head->upsample != exchange->upsample)
        set_metadata(source, "hrnet.head_upsample", upsample_text(head));
    if (head->upsample == HRNET_UPSAMPLE_BILINEAR && head->align_corners != bilinear->align_corners)
        set_metadata(source, "hrnet.head_align_corners", align_text(head));
    if (logits->align_corners != bilinear->align_corners)
        set_metadata(source, "hrnet.logits_align_corners", align_text(logits));
    if (traits->twice)
        set_metadata(source, "hrnet.exchange_twice", "true");
    set_metadata(source, "hrnet.padding",
                 traits->padding == HRNET_PADDING_SAME ? "same" : "symmetric");
    if (eps >= 0)
        set_metadata(source, "hrnet.eps", g_ascii_formatd(number, sizeof number, "%.6g", eps));
}

/* The input's fixed size, where it has one in range, and the model's own metadata, which may hold
 * ours. */
static void note_model(HrnetSource *source, const Onnx__ModelProto *model,
                       const HrnetOnnxGraph *graph)
{
    const guint height = graph->input_height, width = graph->input_width;
    g_autofree gchar *size = g_strdup_printf("%ux%u", height, width);
    if (MIN(height, width) >= 16 && MAX(height, width) <= 8192)
        set_metadata(source, "hrnet.input_size", size);
    for (gsize i = 0; i < model->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *entry = model->metadata_props[i];
        if (entry->key && entry->value && g_utf8_validate(entry->value, -1, NULL) &&
            (g_str_has_prefix(entry->key, "hrnet.") || strcmp(entry->key, "license") == 0 ||
             strcmp(entry->key, "description") == 0))
            set_metadata(source, entry->key, entry->value);
    }
}

static gboolean note_preparation(HrnetSource *source, const HrnetOnnxGraph *graph, GError **error)
{
    g_autofree gchar *mean = NULL, *deviation = NULL;
    const gchar *order;
    if (!hrnet_onnx_describe_preparation(graph, &mean, &deviation, &order, error))
        return FALSE;
    if (mean) {
        set_metadata(source, "hrnet.mean", mean);
        set_metadata(source, "hrnet.std", deviation);
    }
    if (order)
        set_metadata(source, "hrnet.channel_order", order);
    return TRUE;
}

/* The oldest of ONNX's own operators that the graph and its functions are written in; G_MAXINT64
 * where they don't say. */
static gint64 oldest_opset(const Onnx__ModelProto *model)
{
    gint64 oldest = G_MAXINT64;
    for (gsize f = 0; f <= model->n_functions; f++) {
        const gsize n = f ? model->functions[f - 1]->n_opset_import : model->n_opset_import;
        Onnx__OperatorSetIdProto *const *opsets =
            f ? model->functions[f - 1]->opset_import : model->opset_import;
        for (gsize i = 0; i < n; i++)
            if (!opsets[i]->domain || !*opsets[i]->domain ||
                strcmp(opsets[i]->domain, "ai.onnx") == 0)
                oldest = MIN(oldest, opsets[i]->version);
    }
    return oldest;
}

static gboolean read_all(HrnetSource *source, GError **error)
{
    HrnetOnnxTraits traits;
    Onnx *onnx = source->reader;
    const Onnx__ModelProto *model = onnx->model;
    if (!model->graph)
        return hrnet_weights_fail(error, INVALID, source->path, "an ONNX file without a graph");
    const gint64 opset = oldest_opset(model);
    if (opset < OLDEST_OPSET)
        return hrnet_weights_fail(error, UNSUPPORTED, source->path,
                                  "ONNX of opset %" G_GINT64_FORMAT ", expected %d or later", opset,
                                  OLDEST_OPSET);
    HrnetOnnxInlined inlined;
    HrnetOnnxGraph *graph = NULL;
    if (hrnet_onnx_inline(&inlined, model, &source->budget, source->path, error))
        graph = hrnet_onnx_graph_new(&inlined.graph, opset, &onnx->maker, source->path, error);
    gboolean good = graph && hrnet_onnx_match(graph, name_conv, source, &traits, error);
    if (good) {
        note_traits(source, &traits, graph->eps);
        good = note_preparation(source, graph, error);
        note_model(source, model, graph);
    }
    source->made_bytes = onnx->maker.made_bytes;
    hrnet_onnx_graph_free(graph);
    hrnet_onnx_inlined_clear(&inlined);
    return good;
}

HrnetSource *hrnet_onnx_open(HrnetFile *file, GError **error)
{
    HrnetSource *source = hrnet_source_new(file->path, "ONNX", file->size_bytes);
    Onnx *onnx = g_new0(Onnx, 1);
    onnx->blobs = g_array_new(FALSE, FALSE, sizeof(Blob));
    onnx->files = hrnet_table_new(g_free, NULL);
    onnx->halves = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    hrnet_onnx_maker_init(&onnx->maker, &source->budget, load_external, source);
    source->reader = onnx;
    source->read = read_bytes;
    source->close = close_onnx;
    onnx->model = hrnet_onnx_model_read(file, &source->budget, error);
    hrnet_file_close(file);
    if (onnx->model && read_all(source, error))
        return source;
    hrnet_source_free(source);
    return NULL;
}
