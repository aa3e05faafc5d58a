/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/metadata.h"

#include <math.h>
#include <string.h>

#include "weights/datasets.h"
#include "weights/file.h"
#include "weights/json.h"
#include "weights/text.h"

#define OPTION                  HRNET_WEIGHTS_ERROR_OPTION
#define LARGEST_SIDE_FILE_BYTES (1u << 20)
#define SMALLEST_INPUT          16
#define LARGEST_INPUT           8192
#define LARGEST_COLOUR          1e7 /* of a normalised input */

static const gchar *const keys[] = {
    "hrnet.align_corners",
    "hrnet.exchange_align_corners",
    "hrnet.head_align_corners",
    "hrnet.logits_align_corners",
    "hrnet.upsample",
    "hrnet.exchange_upsample",
    "hrnet.head_upsample",
    "hrnet.exchange_twice",
    "hrnet.norm",
    "hrnet.eps",
    "hrnet.padding",
    "hrnet.channel_order",
    "hrnet.mean",
    "hrnet.std",
    "hrnet.input_size",
    "hrnet.classes",
    "hrnet.palette",
    "hrnet.foreground",
    "hrnet.selftest",
    "hrnet.int8.ranges",
    "hrnet.int8.shifts",
    "hrnet.int8.hash",
    "license",
    "description",
};

/* The key in full, or NULL where it isn't known. */
static const gchar *full_key(const gchar *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i], name) == 0 ||
            (g_str_has_prefix(keys[i], "hrnet.") && strcmp(keys[i] + strlen("hrnet."), name) == 0))
            return keys[i];
    return NULL;
}

static gchar *read_side_file(const gchar *path, gsize *length, GError **error)
{
    HrnetFile *file = hrnet_file_open(path, error);
    if (!file)
        return NULL;
    gchar *text = NULL;
    if (file->size_bytes > LARGEST_SIDE_FILE_BYTES) {
        hrnet_weights_fail(error, OPTION, path, "%" G_GUINT64_FORMAT " bytes, expected at most %u",
                           file->size_bytes, LARGEST_SIDE_FILE_BYTES);
    } else {
        *length = file->size_bytes;
        text = g_try_malloc0(*length + 1);
        if (!text)
            hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NO_MEMORY, path,
                               "no memory for %" G_GUINT64_FORMAT " bytes", file->size_bytes);
        else if (!hrnet_file_read(file, 0, text, *length, error))
            g_clear_pointer(&text, g_free);
    }
    hrnet_file_close(file);
    return text;
}

gboolean hrnet_metadata_add_side_file(GHashTable *metadata, const gchar *path, GError **error)
{
    g_autofree gchar *side = g_strconcat(path, ".json", NULL);
    if (!g_file_test(side, G_FILE_TEST_EXISTS))
        return TRUE;
    gsize length;
    g_autofree gchar *text = read_side_file(side, &length, error);
    if (!text)
        return FALSE;
    g_autoptr(JsonNode) root = hrnet_json_parse(text, length, side, "text", OPTION, error);
    if (!root)
        return FALSE;
    if (!JSON_NODE_HOLDS_OBJECT(root))
        return hrnet_weights_fail(error, OPTION, side, "is no JSON object");

    JsonObjectIter iter;
    const gchar *name;
    JsonNode *node;
    json_object_iter_init(&iter, json_node_get_object(root));
    while (json_object_iter_next(&iter, &name, &node)) {
        const gchar *key = full_key(name);
        if (!key)
            g_debug("%s: key %s ignored", side, name);
        else if (json_node_get_value_type(node) == G_TYPE_STRING)
            g_hash_table_insert(metadata, g_strdup(key), g_strdup(json_node_get_string(node)));
        else
            g_hash_table_insert(metadata, g_strdup(key), json_to_string(node, FALSE));
    }
    return TRUE;
}

gboolean hrnet_metadata_add_options(GHashTable *metadata, const gchar *path,
                                    const gchar *const *options, GError **error)
{
    for (guint i = 0; options && options[i]; i++) {
        const gchar *equals = strchr(options[i], '=');
        if (!equals)
            return hrnet_weights_fail(error, OPTION, path, "option %s: expected key=value",
                                      options[i]);
        g_autofree gchar *name = g_strndup(options[i], (gsize)(equals - options[i]));
        const gchar *key = full_key(g_strstrip(name));
        if (!key) {
            g_autofree gchar *known = g_strjoinv(" ", (gchar **)keys);
            return hrnet_weights_fail(error, OPTION, path, "option %s is not known; known: %s",
                                      name, known);
        }
        g_hash_table_insert(metadata, g_strdup(key), g_strdup(equals + 1));
    }
    return TRUE;
}

/* Makes keys and values fit to be shown, lines and all. */
static void clean_all(GHashTable *metadata)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, metadata);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_ptr_array_add(pairs, hrnet_text_clean(key, HRNET_TEXT_ONE_LINE));
        g_ptr_array_add(pairs, hrnet_text_clean(value, HRNET_TEXT_LINES));
    }
    g_hash_table_remove_all(metadata);
    for (guint i = 0; i < pairs->len; i += 2)
        g_hash_table_insert(metadata, pairs->pdata[i], pairs->pdata[i + 1]);
}

typedef struct {
    GHashTable *metadata;
    const gchar *path;
    HrnetConfig *config;
    GError **error;
} Apply;

/* The value of a key that means one of two words. Absent: *chosen stays. */
static gboolean choose(const Apply *apply, const gchar *key, const gchar *zero, const gchar *one,
                       guint *chosen)
{
    const gchar *value = g_hash_table_lookup(apply->metadata, key);
    if (!value)
        return TRUE;
    if (strcmp(value, zero) != 0 && strcmp(value, one) != 0)
        return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                  "%s is \"%s\", expected %s or %s", key, value, zero, one);
    *chosen = strcmp(value, one) == 0;
    return TRUE;
}

/* What a part does goes over what the whole network does. */
static gboolean apply_upsampling(const Apply *apply)
{
    HrnetConfig *config = apply->config;
    guint align = 0, kind = 0, twice = 0;
    if (!choose(apply, "hrnet.align_corners", "false", "true", &align) ||
        !choose(apply, "hrnet.upsample", "bilinear", "nearest", &kind) ||
        !choose(apply, "hrnet.exchange_twice", "false", "true", &twice))
        return FALSE;
    guint exchange_align = align, head_align = align, logits_align = align;
    guint exchange_kind = kind, head_kind = kind;
    if (!choose(apply, "hrnet.exchange_align_corners", "false", "true", &exchange_align) ||
        !choose(apply, "hrnet.head_align_corners", "false", "true", &head_align) ||
        !choose(apply, "hrnet.logits_align_corners", "false", "true", &logits_align) ||
        !choose(apply, "hrnet.exchange_upsample", "bilinear", "nearest", &exchange_kind) ||
        !choose(apply, "hrnet.head_upsample", "bilinear", "nearest", &head_kind))
        return FALSE;
    config->exchange_align = exchange_align != 0;
    config->head_align = head_align != 0;
    config->logits_align = logits_align != 0;
    config->exchange_twice = twice != 0;
    config->exchange_upsample = exchange_kind ? HRNET_UPSAMPLE_NEAREST : HRNET_UPSAMPLE_BILINEAR;
    config->head_upsample = head_kind ? HRNET_UPSAMPLE_NEAREST : HRNET_UPSAMPLE_BILINEAR;
    return TRUE;
}

static gboolean apply_eps(const Apply *apply)
{
    const gchar *value = g_hash_table_lookup(apply->metadata, "hrnet.eps");
    gchar *end = NULL;
    apply->config->eps = value ? g_ascii_strtod(value, &end) : 1e-5;
    if (value && (end == value || *end || !(apply->config->eps >= 0 && apply->config->eps < 1)))
        return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                  "hrnet.eps is \"%s\", expected a number from 0 to below 1",
                                  value);
    return TRUE;
}

static gboolean apply_choices(const Apply *apply)
{
    HrnetConfig *config = apply->config;
    guint norm = 0, padding = 0, order = 0;
    if (!apply_upsampling(apply) || !apply_eps(apply) ||
        !choose(apply, "hrnet.norm", "bn", "inplace_abn", &norm) ||
        !choose(apply, "hrnet.padding", "symmetric", "same", &padding) ||
        !choose(apply, "hrnet.channel_order", "rgb", "bgr", &order))
        return FALSE;
    config->bgr = order != 0;
    config->norm = norm ? HRNET_NORM_INPLACE_ABN : HRNET_NORM_BN;
    config->padding = padding ? HRNET_PADDING_SAME : HRNET_PADDING_SYMMETRIC;
    return TRUE;
}

/* The value of a key as a JSON array. NULL where it is absent; *good tells that from an error. */
static JsonNode *array_of(const Apply *apply, const gchar *key, gboolean *good)
{
    const gchar *value = g_hash_table_lookup(apply->metadata, key);
    *good = TRUE;
    if (!value)
        return NULL;
    JsonNode *node = hrnet_json_parse(value, strlen(value), apply->path, key, OPTION, apply->error);
    if (node && !JSON_NODE_HOLDS_ARRAY(node)) {
        hrnet_weights_fail(apply->error, OPTION, apply->path, "%s is %s, expected a JSON array",
                           key, value);
        g_clear_pointer(&node, json_node_unref);
    }
    *good = node != NULL;
    return node;
}

static gboolean apply_colour_statistic(const Apply *apply, const gchar *key, gfloat out[3],
                                       gboolean positive)
{
    const guint n = apply->config->input_channels;
    gboolean good;
    g_autoptr(JsonNode) node = array_of(apply, key, &good);
    if (!node)
        return good;
    JsonArray *array = json_node_get_array(node);
    good = json_array_get_length(array) == n;
    for (guint c = 0; good && c < n; c++) {
        gdouble value = 0;
        good = hrnet_json_number(json_array_get_element(array, c), &value) &&
               isfinite((gfloat)value) && (!positive || value >= 1e-6);
        out[c] = (gfloat)value;
    }
    if (!good)
        return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                  "%s is %s, expected %u %snumber%s", key,
                                  (gchar *)g_hash_table_lookup(apply->metadata, key), n,
                                  positive ? "positive " : "", n == 1 ? "" : "s");
    return TRUE;
}

/* Pixels are from 0 to 1 before that: what is far from them afterwards is a slip, or made to
 * overflow. */
static gboolean check_colour_range(const Apply *apply)
{
    const HrnetConfig *config = apply->config;
    for (guint c = 0; c < 3; c++)
        if (!((fabsf(config->mean[c]) + 1) / config->std[c] <= LARGEST_COLOUR))
            return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                      "hrnet.mean of %g and hrnet.std of %g make colours larger "
                                      "than %g",
                                      config->mean[c], config->std[c], LARGEST_COLOUR);
    return TRUE;
}

static gboolean apply_input_size(const Apply *apply)
{
    const gchar *value = g_hash_table_lookup(apply->metadata, "hrnet.input_size");
    guint64 height, width;
    g_auto(GStrv) parts = g_strsplit(value ? value : "512x1024", "x", 3);
    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[0], 10, SMALLEST_INPUT, LARGEST_INPUT, &height, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, SMALLEST_INPUT, LARGEST_INPUT, &width, NULL))
        return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                  "hrnet.input_size is \"%s\", expected HEIGHTxWIDTH, each %d..%d",
                                  value, SMALLEST_INPUT, LARGEST_INPUT);
    apply->config->input_height = (guint)height;
    apply->config->input_width = (guint)width;
    return TRUE;
}

/* The string at an index; NULL where it is no string or empty. */
static const gchar *string_at(JsonArray *array, guint index)
{
    JsonNode *node = json_array_get_element(array, index);
    if (json_node_get_value_type(node) != G_TYPE_STRING || !*json_node_get_string(node))
        return NULL;
    return json_node_get_string(node);
}

static gboolean is_taken(const HrnetConfig *config, guint label, const gchar *name)
{
    for (guint other = 0; other < label; other++)
        if (g_ascii_strcasecmp(config->classes[other], name) == 0)
            return TRUE;
    return FALSE;
}

/* A name for the label that none before it has, `unlabelled` included: that of the file, or that
 * with a number, as one name could not stand for both. Cases are not told apart where names are
 * looked up. */
static gchar *class_name(const HrnetConfig *config, guint label, const gchar *text)
{
    g_autofree gchar *clean = hrnet_text_clean(text, HRNET_TEXT_ONE_LINE);
    gchar *name = g_strdup(clean);
    for (guint number = 2; is_taken(config, label, name); number++) {
        g_free(name);
        name = g_strdup_printf("%s (%u)", clean, number);
    }
    return name;
}

static gboolean apply_classes(const Apply *apply)
{
    HrnetConfig *config = apply->config;
    const HrnetDataset *dataset = hrnet_dataset_find(config->n_classes);
    gboolean good;
    g_autoptr(JsonNode) node = array_of(apply, "hrnet.classes", &good);
    if (!good)
        return FALSE;
    JsonArray *array = node ? json_node_get_array(node) : NULL;
    if (array && json_array_get_length(array) != config->n_classes)
        return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                  "hrnet.classes has %u names, the network has %u classes",
                                  json_array_get_length(array), config->n_classes);

    config->classes = g_new0(gchar *, config->n_classes + 2);
    config->classes[0] = g_strdup("unlabelled");
    for (guint k = 0; k < config->n_classes; k++) {
        if (array && !string_at(array, k))
            return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                      "hrnet.classes: name %u is no text", k + 1);
        if (array)
            config->classes[k + 1] = class_name(config, k + 1, string_at(array, k));
        else if (dataset)
            config->classes[k + 1] = g_strdup(dataset->classes[k]);
        else
            config->classes[k + 1] = g_strdup_printf("class %u", k + 1);
    }
    return TRUE;
}

static gboolean parse_color(const gchar *text, guint32 *color)
{
    guint64 value;
    if (!text || text[0] != '#' || strlen(text) != 7 ||
        !g_ascii_string_to_unsigned(text + 1, 16, 0, 0xffffff, &value, NULL))
        return FALSE;
    *color = (guint32)value;
    return TRUE;
}

static gboolean apply_palette(const Apply *apply)
{
    HrnetConfig *config = apply->config;
    const HrnetDataset *dataset = hrnet_dataset_find(config->n_classes);
    gboolean good;
    g_autoptr(JsonNode) node = array_of(apply, "hrnet.palette", &good);
    if (!good)
        return FALSE;
    JsonArray *array = node ? json_node_get_array(node) : NULL;
    if (array && json_array_get_length(array) < config->n_classes)
        return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                  "hrnet.palette has %u colours, the network has %u classes",
                                  json_array_get_length(array), config->n_classes);
    config->palette[0] = 0;
    for (guint k = 0; k < config->n_classes; k++) {
        config->palette[k + 1] =
            dataset && dataset->palette ? dataset->palette[k] : hrnet_dataset_color(k);
        if (array && !parse_color(string_at(array, k), &config->palette[k + 1]))
            return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                      "hrnet.palette: colour %u is no \"#rrggbb\"", k + 1);
    }
    return TRUE;
}

static gboolean apply_foreground(const Apply *apply)
{
    HrnetConfig *config = apply->config;
    gboolean good;
    g_autoptr(JsonNode) node = array_of(apply, "hrnet.foreground", &good);
    if (!good)
        return FALSE;
    for (guint label = 0; label <= config->n_classes; label++)
        config->foreground[label] = !node && label > 0;

    JsonArray *array = node ? json_node_get_array(node) : NULL;
    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        const gchar *text = string_at(array, i);
        g_autofree gchar *name = text ? hrnet_text_clean(text, HRNET_TEXT_ONE_LINE) : NULL;
        guint label = 1;
        while (name && label <= config->n_classes && strcmp(config->classes[label], name) != 0)
            label++;
        if (!name || label > config->n_classes)
            return hrnet_weights_fail(apply->error, OPTION, apply->path,
                                      "hrnet.foreground: \"%s\" is none of the model's classes",
                                      name ? name : "");
        config->foreground[label] = TRUE;
    }
    return TRUE;
}

gboolean hrnet_metadata_apply(GHashTable *metadata, const gchar *path, HrnetConfig *config,
                              GError **error)
{
    static const gfloat mean[3] = { 0.485f, 0.456f, 0.406f }, std[3] = { 0.229f, 0.224f, 0.225f };
    const Apply apply = { metadata, path, config, error };
    clean_all(metadata);
    memcpy(config->mean, mean, sizeof mean);
    memcpy(config->std, std, sizeof std);
    if (config->input_channels == 1) { /* ImageNet's as grey */
        config->mean[0] = 0.449f;
        config->std[0] = 0.226f;
    }
    return apply_choices(&apply) &&
           apply_colour_statistic(&apply, "hrnet.mean", config->mean, FALSE) &&
           apply_colour_statistic(&apply, "hrnet.std", config->std, TRUE) &&
           check_colour_range(&apply) && apply_input_size(&apply) && apply_classes(&apply) &&
           apply_palette(&apply) && apply_foreground(&apply);
}
