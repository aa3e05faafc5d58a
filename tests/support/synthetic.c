/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/synthetic.h"

#include "graph/graph.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#define OCR "-ocr"

typedef struct {
    const gchar *name;
    guint layer1_blocks, layer1_planes;
    guint n_modules[3];
    guint n_blocks;
    guint channels;
} Variant;

static const Variant variants[] = {
    { "w18-small-v1", 1, 32, { 1, 1, 1 }, 2, 16 }, { "w18-small-v2", 2, 64, { 1, 3, 2 }, 2, 18 },
    { "w18", 4, 64, { 1, 4, 3 }, 4, 18 },          { "w32", 4, 64, { 1, 4, 3 }, 4, 32 },
    { "w48", 4, 64, { 1, 4, 3 }, 4, 48 },          { "w32-single", 4, 64, { 1, 1, 1 }, 4, 32 },
    { "narrow", 1, 16, { 1, 1, 1 }, 1, 8 },
};

gboolean synthetic_config(const gchar *variant, guint n_classes, HrnetConfig *config)
{
    const gboolean ocr = g_str_has_suffix(variant, OCR);
    g_autofree gchar *trunk = g_strndup(variant, strlen(variant) - (ocr ? strlen(OCR) : 0));
    const Variant *v = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(variants); i++)
        if (strcmp(variants[i].name, trunk) == 0)
            v = &variants[i];
    if (!v)
        return FALSE;
    *config = (HrnetConfig){
        .input_channels = 3,
        .stem_channels = { 64, 64 },
        .layer1_blocks = v->layer1_blocks,
        .layer1_planes = v->layer1_planes,
        .head_channels = v->channels * 15,
        .head_kernel = 1,
        .n_classes = n_classes,
        .classifier_kernel = 1,
        .ocr_channels = ocr ? 512 : 0,
        .ocr_keys = ocr ? 256 : 0,
    };
    for (guint s = 0; s < 3; s++) {
        HrnetStageConfig *stage = &config->stages[s];
        stage->n_modules = v->n_modules[s];
        stage->n_branches = s + 2;
        for (guint b = 0; b < stage->n_branches; b++) {
            stage->n_blocks[b] = v->n_blocks;
            stage->channels[b] = stage->in_channels[b] = v->channels << b;
        }
    }
    return TRUE;
}

static guint32 fnv1a(const gchar *text)
{
    guint32 hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (guint8)*text) * 16777619u;
    return hash;
}

static guint32 mix(guint32 h)
{
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

static guint32 hash_at(guint32 seed, gsize i)
{
    return mix((guint32)i * 2654435761u ^ seed);
}

static gfloat unit(guint32 h)
{
    return (gfloat)(h >> 8) * (1.0f / 16777216.0f);
}

typedef enum { SPREAD, GAMMA, SIGNED_GAMMA, VARIANCE } Kind;

static gfloat value_of(Kind kind, guint32 h, gfloat bound)
{
    const gfloat u = unit(h);
    switch (kind) {
    case SPREAD:
        return (2 * u - 1) * bound;
    case GAMMA:
        return 0.4f + 0.4f * u;
    case SIGNED_GAMMA:
        return (h & 1 ? -1.0f : 1.0f) * (0.4f + 0.4f * u);
    default:
        return 0.5f + u;
    }
}

void synthetic_input(gfloat *values, gsize n_values)
{
    const guint32 seed = fnv1a("input");
    for (gsize i = 0; i < n_values; i++)
        values[i] = value_of(SPREAD, hash_at(seed, i), 2);
}

gsize synthetic_sample(guint k, gsize n)
{
    return hash_at(fnv1a("samples"), k) % n;
}

/* The file while it is put together: header and data grow side by side. */
typedef struct {
    JsonBuilder *header;
    GByteArray *data;
} Writer;

static void add_tensor(Writer *writer, const gchar *prefix, const gchar *suffix, Kind kind,
                       gfloat bound, const guint *shape, guint n_dims)
{
    g_autofree gchar *name = g_strconcat(prefix, suffix, NULL);
    const guint32 seed = fnv1a(name);
    gsize n_values = 1;
    json_builder_set_member_name(writer->header, name);
    json_builder_begin_object(writer->header);
    json_builder_set_member_name(writer->header, "dtype");
    json_builder_add_string_value(writer->header, "F32");
    json_builder_set_member_name(writer->header, "shape");
    json_builder_begin_array(writer->header);
    for (guint d = 0; d < n_dims; d++) {
        json_builder_add_int_value(writer->header, shape[d]);
        n_values *= shape[d];
    }
    json_builder_end_array(writer->header);
    json_builder_set_member_name(writer->header, "data_offsets");
    json_builder_begin_array(writer->header);
    json_builder_add_int_value(writer->header, writer->data->len);
    json_builder_add_int_value(writer->header,
                               (gint64)(writer->data->len + n_values * sizeof(gfloat)));
    json_builder_end_array(writer->header);
    json_builder_end_object(writer->header);

    const guint start = writer->data->len;
    g_byte_array_set_size(writer->data, (guint)(start + n_values * sizeof(gfloat)));
    gfloat *values = (gfloat *)(void *)(writer->data->data + start);
    for (gsize i = 0; i < n_values; i++)
        values[i] = value_of(kind, hash_at(seed, i), bound);
}

/* Of the heads' convolutions those that the authors give one. */
static gboolean has_bias(const gchar *name)
{
    return g_str_has_prefix(name, "last_layer.") || g_str_has_prefix(name, "aux_head.") ||
           g_str_has_prefix(name, "conv3x3_ocr.") || strcmp(name, "cls_head") == 0;
}

static void add_node(Writer *writer, const HrnetNode *node, gboolean abn)
{
    const HrnetNodeShape *shape = &node->shape;
    const guint dims[] = { shape->out_channels, node->total_channels, shape->kernel,
                           shape->kernel };
    const guint fan_in = node->total_channels * shape->kernel * shape->kernel;
    add_tensor(writer, node->name, ".weight", SPREAD, (gfloat)sqrt(6.0 / fan_in), dims, 4);
    if (has_bias(node->name))
        add_tensor(writer, node->name, ".bias", SPREAD, 0.1f, dims, 1);
    if (!node->norm)
        return;
    add_tensor(writer, node->norm, ".weight", abn ? SIGNED_GAMMA : GAMMA, 0, dims, 1);
    add_tensor(writer, node->norm, ".bias", SPREAD, 0.1f, dims, 1);
    add_tensor(writer, node->norm, ".running_mean", SPREAD, 0.1f, dims, 1);
    add_tensor(writer, node->norm, ".running_var", VARIANCE, 0, dims, 1);
}

static void add_metadata(Writer *writer, const gchar *const *metadata)
{
    if (!metadata)
        return;
    json_builder_set_member_name(writer->header, "__metadata__");
    json_builder_begin_object(writer->header);
    for (guint i = 0; metadata[i]; i += 2) {
        json_builder_set_member_name(writer->header, metadata[i]);
        json_builder_add_string_value(writer->header, metadata[i + 1]);
    }
    json_builder_end_object(writer->header);
}

/* Length of the header as 8 bytes, little-endian; the header; the data. */
static gboolean write_file(const Writer *writer, const gchar *path, GError **error)
{
    g_autoptr(JsonNode) root = json_builder_get_root(writer->header);
    g_autofree gchar *header = json_to_string(root, FALSE);
    g_autoptr(GByteArray) file = g_byte_array_new();
    const guint64 length = GUINT64_TO_LE((guint64)strlen(header));
    g_byte_array_append(file, (const guint8 *)&length, sizeof length);
    g_byte_array_append(file, (const guint8 *)header, (guint)strlen(header));
    g_byte_array_append(file, writer->data->data, writer->data->len);
    return g_file_set_contents(path, (const gchar *)file->data, file->len, error);
}

gboolean synthetic_write(const gchar *path, const HrnetConfig *config, const gchar *const *metadata,
                         GError **error)
{
    Writer writer = { json_builder_new(), g_byte_array_new() };
    HrnetGraph *graph = hrnet_graph_new(config);
    json_builder_begin_object(writer.header);
    add_metadata(&writer, metadata);
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        /* a convolution that the graph splits is one in the file */
        if (hrnet_node_begins_conv(node))
            add_node(&writer, node, config->norm == HRNET_NORM_INPLACE_ABN);
    }
    json_builder_end_object(writer.header);
    const gboolean ok = write_file(&writer, path, error);
    hrnet_graph_free(graph);
    g_object_unref(writer.header);
    g_byte_array_unref(writer.data);
    return ok;
}
