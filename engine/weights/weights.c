/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/weights.h"

#include <math.h>
#include <string.h>

#include "weights/formats.h"
#include "weights/infer.h"
#include "weights/json.h"
#include "weights/metadata.h"
#include "weights/names.h"
#include "weights/writer.h"

#define INVALID HRNET_WEIGHTS_ERROR_INVALID

struct HrnetWeights {
    HrnetSource *source;
    HrnetConfig config;
    guint64 n_parameters;
    gboolean has_norm; /* else all were folded into their convolutions */
};

static gboolean has_norm(const HrnetSource *source)
{
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, source->tensors);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (g_str_has_suffix(name, ".running_var"))
            return TRUE;
    return FALSE;
}

/* What a checkpoint says of its classes counts where it is of as many as the network has. */
static gboolean adopt_classes(HrnetSource *source, guint n_classes, GError **error)
{
    static const gchar *const keys[][2] = { { "meta.classes", "hrnet.classes" },
                                            { "meta.palette", "hrnet.palette" } };
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        const gchar *text = g_hash_table_lookup(source->metadata, keys[i][0]);
        if (!text)
            continue;
        g_autoptr(JsonNode) node =
            hrnet_json_parse(text, strlen(text), source->path, keys[i][0], INVALID, error);
        if (!node)
            return FALSE;
        if (json_array_get_length(json_node_get_array(node)) != n_classes)
            g_debug("%s: its %s are not of %u classes, ignored", source->path, keys[i][0],
                    n_classes);
        else if (!g_hash_table_contains(source->metadata, keys[i][1]))
            g_hash_table_insert(source->metadata, g_strdup(keys[i][1]), g_strdup(text));
        g_hash_table_remove(source->metadata, keys[i][0]);
    }
    return TRUE;
}

/* One file, or two that their names are given of with a comma between: ENCODER,DECODER. */
static HrnetSource *open_files(const gchar *path, GError **error)
{
    const gchar *comma = strchr(path, ',');
    if (!comma || g_file_test(path, G_FILE_TEST_EXISTS))
        return hrnet_formats_open(path, error);
    g_autofree gchar *first_path = g_strndup(path, (gsize)(comma - path));
    HrnetSource *first = hrnet_formats_open(first_path, error);
    HrnetSource *second = first ? hrnet_formats_open(comma + 1, error) : NULL;
    if (second)
        return hrnet_source_join(first, second, error);
    hrnet_source_free(first);
    return NULL;
}

HrnetWeights *hrnet_weights_open(const gchar *path, const gchar *const *options, GError **error)
{
    g_return_val_if_fail(path != NULL, NULL);
    HrnetWeights *weights = g_new0(HrnetWeights, 1);
    weights->source = open_files(path, error);
    if (!weights->source || !hrnet_names_map(weights->source, error) ||
        !hrnet_source_check_weights(weights->source, error) ||
        !hrnet_config_infer(weights->source, &weights->config, error) ||
        !adopt_classes(weights->source, weights->config.n_classes, error) ||
        !hrnet_metadata_add_side_file(weights->source->metadata, path, error) ||
        !hrnet_metadata_add_options(weights->source->metadata, path, options, error) ||
        !hrnet_metadata_apply(weights->source->metadata, path, &weights->config, error)) {
        hrnet_weights_close(weights);
        return NULL;
    }
    weights->has_norm = has_norm(weights->source);
    weights->n_parameters = hrnet_config_count_parameters(weights->source, &weights->config);
    return weights;
}

void hrnet_weights_close(HrnetWeights *weights)
{
    if (!weights)
        return;
    hrnet_source_free(weights->source);
    g_strfreev(weights->config.classes);
    g_free(weights);
}

void hrnet_weights_forget_tensors(HrnetWeights *weights)
{
    hrnet_source_forget_tensors(weights->source);
}

HrnetSource *hrnet_weights_source(HrnetWeights *weights)
{
    return weights->source;
}

const gchar *hrnet_weights_path(const HrnetWeights *weights)
{
    return weights->source->path;
}

const HrnetConfig *hrnet_weights_config(const HrnetWeights *weights)
{
    return &weights->config;
}

guint64 hrnet_weights_n_parameters(const HrnetWeights *weights)
{
    return weights->n_parameters;
}

const gchar *hrnet_weights_metadata(const HrnetWeights *weights, const gchar *key)
{
    return g_hash_table_lookup(weights->source->metadata, key);
}

static gint compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(*(gchar *const *)a, *(gchar *const *)b);
}

gchar **hrnet_weights_metadata_keys(const HrnetWeights *weights)
{
    GPtrArray *keys = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, weights->source->metadata);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(keys, g_strdup(key));
    g_ptr_array_sort(keys, compare_keys);
    g_ptr_array_add(keys, NULL);
    return (gchar **)g_ptr_array_free(keys, FALSE);
}

/* Whether the value under the key, or else those of both parts that go over it, are given. */
static gboolean is_given(GHashTable *metadata, const gchar *const *names)
{
    if (g_hash_table_contains(metadata, names[0]))
        return TRUE;
    for (guint i = 1; names[i]; i++)
        if (!g_hash_table_contains(metadata, names[i]))
            return FALSE;
    return names[1] != NULL;
}

gchar **hrnet_weights_assumed_keys(const HrnetWeights *weights)
{
    static const gchar *const keys[][5] = {
        { "hrnet.align_corners", "hrnet.exchange_align_corners", "hrnet.head_align_corners",
          "hrnet.logits_align_corners", NULL },
        { "hrnet.upsample", "hrnet.exchange_upsample", "hrnet.head_upsample", NULL },
        { "hrnet.norm", NULL },
        { "hrnet.eps", NULL },
        { "hrnet.padding", NULL },
        { "hrnet.channel_order", NULL },
        { "hrnet.mean", NULL },
        { "hrnet.std", NULL },
        { "hrnet.classes", NULL },
    };
    GPtrArray *assumed = g_ptr_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        const gchar *key = keys[i][0];
        const gboolean of_norm = strcmp(key, "hrnet.norm") == 0 || strcmp(key, "hrnet.eps") == 0;
        if ((of_norm && !weights->has_norm) ||
            (strcmp(key, "hrnet.channel_order") == 0 && weights->config.input_channels == 1) ||
            is_given(weights->source->metadata, keys[i]))
            continue;
        g_ptr_array_add(assumed, g_strdup(key));
    }
    g_ptr_array_add(assumed, NULL);
    return (gchar **)g_ptr_array_free(assumed, FALSE);
}

gboolean hrnet_weights_same_settings(const HrnetWeights *a, const HrnetWeights *b)
{
    GHashTable *mine = a->source->metadata, *theirs = b->source->metadata;
    GHashTableIter iter;
    gpointer key, value;
    /* What follows in the configuration comes from the metadata. */
    if (memcmp(&a->config, &b->config, offsetof(HrnetConfig, exchange_upsample)) != 0 ||
        g_hash_table_size(mine) != g_hash_table_size(theirs))
        return FALSE;
    g_hash_table_iter_init(&iter, mine);
    while (g_hash_table_iter_next(&iter, &key, &value))
        if (g_strcmp0(value, g_hash_table_lookup(theirs, key)) != 0)
            return FALSE;
    return TRUE;
}

/* Reads PART.KIND into `out`, which has room for n floats. *found: whether it is there. */
static gboolean read_part(HrnetWeights *weights, const gchar *part, const gchar *kind, gsize n,
                          gfloat *out, gboolean *found, GError **error)
{
    g_autofree gchar *name = g_strconcat(part, ".", kind, NULL);
    const HrnetStoredTensor *tensor = hrnet_source_find(weights->source, name);
    *found = tensor != NULL;
    if (!tensor)
        return TRUE;
    if (tensor->n_elements != n) {
        g_autofree gchar *own = hrnet_source_own_name(weights->source, name);
        return hrnet_weights_fail(error, INVALID, weights->source->path,
                                  "tensor %s has %" G_GUINT64_FORMAT
                                  " elements, expected %" G_GSIZE_FORMAT,
                                  own, tensor->n_elements, n);
    }
    return hrnet_source_read(weights->source, tensor, out, error);
}

static gboolean fail_for_memory(const HrnetWeights *weights, const gchar *layer, GError **error)
{
    return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NO_MEMORY, weights->source->path,
                              "no memory to read layer %s", layer);
}

/* What a normalisation does to each channel: y = x * scale + shift. Both hold n floats. *found:
 * whether the checkpoint has it; where it hasn't, it was folded into the convolution before. */
static gboolean read_norm(HrnetWeights *weights, const gchar *norm, guint n, gfloat *scale,
                          gfloat *shift, gboolean *found, GError **error)
{
    static const gchar *const kinds[] = { "weight", "bias", "running_mean", "running_var" };
    g_autofree gfloat *parts = g_try_new(gfloat, 4 * (gsize)n);
    if (!parts)
        return fail_for_memory(weights, norm, error);
    const gfloat *gamma = parts, *beta = parts + n, *mean = parts + 2 * (gsize)n,
                 *var = parts + 3 * (gsize)n;
    for (guint i = 0; i < 4; i++) {
        if (!read_part(weights, norm, kinds[i], n, parts + i * (gsize)n, found, error))
            return FALSE;
        if (!*found)
            return TRUE;
    }
    const gdouble eps = weights->config.eps;
    for (guint k = 0; k < n; k++) {
        if (!(var[k] >= 0) || !isfinite(var[k])) {
            g_autofree gchar *name = g_strconcat(norm, ".running_var", NULL);
            g_autofree gchar *own = hrnet_source_own_name(weights->source, name);
            return hrnet_weights_fail(error, INVALID, weights->source->path,
                                      "tensor %s: element %u is %g, a variance is at least 0", own,
                                      k, var[k]);
        }
        gdouble factor =
            weights->config.norm == HRNET_NORM_INPLACE_ABN ? fabs(gamma[k]) + eps : gamma[k];
        factor /= sqrt(var[k] + eps);
        scale[k] = (gfloat)factor;
        shift[k] = (gfloat)(beta[k] - mean[k] * factor);
    }
    return TRUE;
}

/* Written so that compilers vectorise it. */
static gboolean all_finite(const gfloat *values, gsize n)
{
    guint32 largest = 0;
    for (gsize i = 0; i < n; i++) {
        guint32 bits;
        memcpy(&bits, values + i, sizeof bits);
        bits &= 0x7fffffff;
        largest = MAX(largest, bits);
    }
    return largest < 0x7f800000;
}

gboolean hrnet_weights_read_conv(HrnetWeights *weights, const gchar *conv, const gchar *norm,
                                 guint out_channels, guint in_channels, guint kernel,
                                 gfloat *weights_out, gfloat *bias_out, GError **error)
{
    gboolean found, has_norm = FALSE;
    const gchar *path = weights->source->path;
    gsize row = (gsize)in_channels * kernel * kernel;
    if (!read_part(weights, conv, "weight", out_channels * row, weights_out, &found, error))
        return FALSE;
    if (!found)
        return hrnet_weights_fail(error, INVALID, path, "tensor %s.weight is missing", conv);
    memset(bias_out, 0, out_channels * sizeof *bias_out);
    if (!read_part(weights, conv, "bias", out_channels, bias_out, &found, error))
        return FALSE;

    g_autofree gfloat *scale = g_try_new(gfloat, 2 * (gsize)out_channels);
    if (!scale)
        return fail_for_memory(weights, conv, error);
    gfloat *shift = scale + out_channels;
    if (norm && !read_norm(weights, norm, out_channels, scale, shift, &has_norm, error))
        return FALSE;
    for (guint k = 0; has_norm && k < out_channels; k++) {
        for (gsize i = 0; i < row; i++)
            weights_out[k * row + i] *= scale[k];
        bias_out[k] = bias_out[k] * scale[k] + shift[k];
    }
    if (!all_finite(weights_out, out_channels * row) || !all_finite(bias_out, out_channels))
        return hrnet_weights_fail(error, INVALID, path,
                                  "layer %s: its weights are not all finite numbers", conv);
    return TRUE;
}
