/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/infer.h"

#include <string.h>

#include "graph/convs.h"

#define INVALID       HRNET_WEIGHTS_ERROR_INVALID
#define UNSUPPORTED   HRNET_WEIGHTS_ERROR_UNSUPPORTED
#define MOST_REPEATS  100
#define MOST_CHANNELS 8192

static const HrnetStoredTensor *find(const HrnetSource *source, const gchar *format, ...)
    G_GNUC_PRINTF(2, 3);

static const HrnetStoredTensor *find(const HrnetSource *source, const gchar *format, ...)
{
    gchar name[128];
    va_list args;
    va_start(args, format);
    g_vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return hrnet_source_find(source, name);
}

/* A convolution's weight: its output channels, and its kernel if asked for. */
static gboolean weight_shape(const HrnetSource *source, const gchar *name, guint *out,
                             guint *kernel, GError **error)
{
    const HrnetStoredTensor *tensor = hrnet_source_find(source, name);
    g_autofree gchar *own = hrnet_source_own_name(source, name);
    if (!tensor)
        return hrnet_weights_fail(error, INVALID, source->path, "tensor %s is missing", own);
    if (tensor->n_dims != 4 || tensor->dims[0] < 1 || tensor->dims[0] > MOST_CHANNELS ||
        tensor->dims[2] != tensor->dims[3] || tensor->dims[2] > 7) {
        g_autofree gchar *shape = hrnet_stored_shape(tensor);
        return hrnet_weights_fail(
            error, INVALID, source->path,
            "tensor %s is %s, expected a convolution's [out, in, k, k] with at most %d "
            "channels and k up to 7",
            own, shape, MOST_CHANNELS);
    }
    *out = (guint)tensor->dims[0];
    if (kernel)
        *kernel = (guint)tensor->dims[2];
    return TRUE;
}

/* Numbered parts PREFIX.0, PREFIX.1, ... of which SUFFIX is there. */
static guint count_parts(const HrnetSource *source, const gchar *prefix, const gchar *suffix)
{
    guint n = 0;
    while (n <= MOST_REPEATS && find(source, "%s.%u.%s", prefix, n, suffix))
        n++;
    return n;
}

static gboolean check_repeats(const HrnetSource *source, guint n, const gchar *of,
                              const gchar *where, GError **error)
{
    if (n > MOST_REPEATS)
        return hrnet_weights_fail(error, UNSUPPORTED, source->path, "more than %d %s in %s",
                                  MOST_REPEATS, of, where);
    if (n == 0)
        return hrnet_weights_fail(error, INVALID, source->path, "no %s in %s", of, where);
    return TRUE;
}

static gboolean infer_stem_and_layer1(const HrnetSource *source, HrnetConfig *config,
                                      GError **error)
{
    if (!weight_shape(source, "conv1.weight", &config->stem_channels[0], NULL, error))
        return FALSE;
    const guint64 n_in = find(source, "conv1.weight")->dims[1];
    if (n_in != 1 && n_in != 3)
        return hrnet_weights_fail(error, UNSUPPORTED, source->path,
                                  "takes %" G_GUINT64_FORMAT
                                  " input channels (tensor conv1.weight), 3 (colour) and 1 (luma) "
                                  "are supported",
                                  n_in);
    config->input_channels = (guint)n_in;
    if (!weight_shape(source, "conv2.weight", &config->stem_channels[1], NULL, error))
        return FALSE;
    config->layer1_blocks = count_parts(source, "layer1", "conv1.weight");
    if (!check_repeats(source, config->layer1_blocks, "blocks", "layer1", error))
        return FALSE;
    if (!find(source, "layer1.0.conv3.weight"))
        return hrnet_weights_fail(
            error, UNSUPPORTED, source->path,
            "layer1 is made of basic blocks, only bottlenecks are supported there");
    return weight_shape(source, "layer1.0.conv1.weight", &config->layer1_planes, NULL, error);
}

static gboolean infer_branch(const HrnetSource *source, HrnetStageConfig *stage, guint number,
                             guint i, GError **error)
{
    gchar name[64];
    g_snprintf(name, sizeof name, "stage%u.0.branches.%u", number, i);
    stage->n_blocks[i] = count_parts(source, name, "conv1.weight");
    if (!check_repeats(source, stage->n_blocks[i], "blocks", name, error))
        return FALSE;
    for (guint m = 0; m < stage->n_modules; m++) {
        g_snprintf(name, sizeof name, "stage%u.%u.branches.%u", number, m, i);
        guint n = count_parts(source, name, "conv1.weight");
        if (n != stage->n_blocks[i])
            return hrnet_weights_fail(error, UNSUPPORTED, source->path,
                                      "%s has %u blocks, the stage's first module has %u there",
                                      name, n, stage->n_blocks[i]);
    }
    g_snprintf(name, sizeof name, "stage%u.0.branches.%u.0.conv%u.weight", number, i,
               stage->bottleneck ? 3 : 2);
    if (!weight_shape(source, name, &stage->channels[i], NULL, error))
        return FALSE;
    if (stage->bottleneck && stage->channels[i] % 4 != 0)
        return hrnet_weights_fail(error, UNSUPPORTED, source->path,
                                  "tensor %s: %u channels, a bottleneck has a multiple of 4", name,
                                  stage->channels[i]);
    return TRUE;
}

/* What transitionT brings to each branch of the stage after it. */
static gboolean infer_transition(const HrnetSource *source, HrnetStageConfig *stage, guint number,
                                 const guint *before, guint n_before, GError **error)
{
    for (guint i = 0; i < stage->n_branches; i++) {
        gchar name[64];
        g_snprintf(name, sizeof name,
                   i < n_before ? "transition%u.%u.0.weight" : "transition%u.%u.0.0.weight", number,
                   i);
        if (i < n_before && !hrnet_source_find(source, name))
            stage->in_channels[i] = before[i];
        else if (!weight_shape(source, name, &stage->in_channels[i], NULL, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean infer_stage(const HrnetSource *source, HrnetConfig *config, guint number,
                            GError **error)
{
    HrnetStageConfig *stage = &config->stages[number - 2];
    gchar name[64];
    g_snprintf(name, sizeof name, "stage%u", number);
    stage->n_modules = count_parts(source, name, "branches.0.0.conv1.weight");
    if (!check_repeats(source, stage->n_modules, "modules", name, error))
        return FALSE;
    g_snprintf(name, sizeof name, "stage%u.0.branches", number);
    stage->n_branches = count_parts(source, name, "0.conv1.weight");
    if (stage->n_branches != number)
        return hrnet_weights_fail(error, UNSUPPORTED, source->path,
                                  "stage%u has %u branches, expected %u", number, stage->n_branches,
                                  number);
    stage->bottleneck = find(source, "stage%u.0.branches.0.0.conv3.weight", number) != NULL;
    for (guint i = 0; i < stage->n_branches; i++)
        if (!infer_branch(source, stage, number, i, error))
            return FALSE;
    guint layer1_channels = 4 * config->layer1_planes;
    return infer_transition(source, stage, number - 1,
                            number == 2 ? &layer1_channels : config->stages[number - 3].channels,
                            number - 1, error);
}

static gboolean check_kernel(const HrnetSource *source, const gchar *what, guint kernel,
                             GError **error)
{
    return kernel == 1 || kernel == 3 ||
           hrnet_weights_fail(error, UNSUPPORTED, source->path,
                              "the %s has a kernel of %u, 1 and 3 are supported", what, kernel);
}

/* One convolution over all branches, and a classifier. */
static gboolean infer_plain_head(const HrnetSource *source, HrnetConfig *config, GError **error)
{
    return weight_shape(source, "last_layer.0.weight", &config->head_channels, &config->head_kernel,
                        error) &&
           weight_shape(source, "last_layer.3.weight", &config->n_classes,
                        &config->classifier_kernel, error) &&
           check_kernel(source, "head's first convolution last_layer.0", config->head_kernel,
                        error) &&
           check_kernel(source, "classifier last_layer.3", config->classifier_kernel, error);
}

/* Object contexts. What is not read here has to be as they want it. */
static gboolean infer_ocr(const HrnetSource *source, HrnetConfig *config, GError **error)
{
    config->classifier_kernel = 1;
    return weight_shape(source, "aux_head.0.weight", &config->head_channels, &config->head_kernel,
                        error) &&
           weight_shape(source, "aux_head.3.weight", &config->n_classes, NULL, error) &&
           weight_shape(source, "conv3x3_ocr.0.weight", &config->ocr_channels, NULL, error) &&
           weight_shape(source, "ocr_distri_head.object_context_block.f_pixel.0.weight",
                        &config->ocr_keys, NULL, error) &&
           check_kernel(source, "first convolution aux_head.0 of the region scores",
                        config->head_kernel, error);
}

static gboolean infer_head(const HrnetSource *source, HrnetConfig *config, GError **error)
{
    const HrnetStageConfig *last = &config->stages[2];
    config->single_output =
        !find(source, "stage4.%u.fuse_layers.1.0.0.0.weight", last->n_modules - 1) &&
        !find(source, "stage4.%u.fuse_layers.2.0.0.0.weight", last->n_modules - 1);
    if (!(find(source, "conv3x3_ocr.0.weight") ? infer_ocr(source, config, error)
                                               : infer_plain_head(source, config, error)))
        return FALSE;
    return config->n_classes <= HRNET_MAX_CLASSES ||
           hrnet_weights_fail(error, UNSUPPORTED, source->path,
                              "%u classes, at most %d are supported", config->n_classes,
                              HRNET_MAX_CLASSES);
}

static const gchar *name_variant(const HrnetConfig *config)
{
    static const struct {
        const gchar *name, *with_ocr;
        guint layer1_blocks, layer1_planes, modules[3], blocks, channels;
    } variants[] = {
        { "W18-Small-v1", "W18-Small-v1-OCR", 1, 32, { 1, 1, 1 }, 2, 16 },
        { "W18-Small-v2", "W18-Small-v2-OCR", 2, 64, { 1, 3, 2 }, 2, 18 },
        { "W18", "W18-OCR", 4, 64, { 1, 4, 3 }, 4, 18 },
        { "W32", "W32-OCR", 4, 64, { 1, 4, 3 }, 4, 32 },
        { "W48", "W48-OCR", 4, 64, { 1, 4, 3 }, 4, 48 },
        { "W32-Single", "W32-Single-OCR", 4, 64, { 1, 1, 1 }, 4, 32 },
    };
    for (guint v = 0; v < G_N_ELEMENTS(variants); v++) {
        gboolean same = config->layer1_blocks == variants[v].layer1_blocks &&
                        config->layer1_planes == variants[v].layer1_planes &&
                        !config->single_output && config->stem_channels[0] == 64 &&
                        config->stem_channels[1] == 64;
        for (guint s = 0; s < 3; s++) {
            const HrnetStageConfig *stage = &config->stages[s];
            same = same && !stage->bottleneck && stage->n_modules == variants[v].modules[s];
            for (guint i = 0; i < stage->n_branches; i++)
                same = same && stage->n_blocks[i] == variants[v].blocks &&
                       stage->channels[i] == variants[v].channels << i &&
                       stage->in_channels[i] == stage->channels[i];
        }
        if (same)
            return config->ocr_channels ? variants[v].with_ocr : variants[v].name;
    }
    return "custom";
}

typedef struct {
    const HrnetSource *source;
    GHashTable *expected; /* names */
    GError **error;
} Check;

static gboolean check_tensor(Check *check, const gchar *part, const gchar *kind,
                             const guint64 *dims, guint n_dims, gboolean optional)
{
    gchar *name = g_strconcat(part, ".", kind, NULL);
    g_hash_table_add(check->expected, name);
    const HrnetStoredTensor *tensor = hrnet_source_find(check->source, name);
    if (!tensor && optional)
        return TRUE;

    HrnetStoredTensor wanted = { .n_dims = n_dims };
    memcpy(wanted.dims, dims, n_dims * sizeof *dims);
    g_autofree gchar *wanted_shape = hrnet_stored_shape(&wanted);
    g_autofree gchar *own = hrnet_source_own_name(check->source, name);
    if (!tensor)
        return hrnet_weights_fail(check->error, INVALID, check->source->path,
                                  "tensor %s is missing, expected %s", own, wanted_shape);
    if (tensor->n_dims != n_dims || memcmp(tensor->dims, dims, n_dims * sizeof *dims) != 0) {
        g_autofree gchar *shape = hrnet_stored_shape(tensor);
        return hrnet_weights_fail(check->error, INVALID, check->source->path,
                                  "tensor %s is %s, expected %s", own, shape, wanted_shape);
    }
    if (tensor->dtype == HRNET_DTYPE_OTHER)
        return hrnet_weights_fail(check->error, INVALID, check->source->path,
                                  "tensor %s is of type %s, expected F32, F16, BF16 or F64", own,
                                  tensor->dtype_name);
    return TRUE;
}

static gboolean check_conv(const HrnetConvSpec *spec, gpointer data)
{
    static const gchar *const norm_parts[] = { "weight", "bias", "running_mean", "running_var" };
    Check *check = data;
    const guint64 dims[4] = { spec->out_channels, spec->in_channels, spec->kernel, spec->kernel };
    if (!check_tensor(check, spec->conv, "weight", dims, 4, FALSE) ||
        !check_tensor(check, spec->conv, "bias", dims, 1, TRUE))
        return FALSE;
    if (!spec->norm)
        return TRUE;
    gboolean folded = find(check->source, "%s.bias", spec->conv) != NULL;
    for (guint i = 0; i < G_N_ELEMENTS(norm_parts); i++)
        folded = folded && !find(check->source, "%s.%s", spec->norm, norm_parts[i]);
    for (guint i = 0; i < G_N_ELEMENTS(norm_parts); i++)
        if (!check_tensor(check, spec->norm, norm_parts[i], dims, 1, folded))
            return FALSE;
    return TRUE;
}

/* What normalisations keep for training alone. */
static gboolean is_bookkeeping(const gchar *name)
{
    static const gchar *const kinds[] = { ".num_batches_tracked", "._running_iter",
                                          "._tmp_running_mean", "._tmp_running_var" };
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_suffix(name, kinds[i]))
            return TRUE;
    return FALSE;
}

/* A tensor within the network's own parts that this network has no use for makes it another
 * network. */
static gboolean check_rest(const Check *check)
{
    static const gchar *const parts[] = { "layer1.",   "transition",   "stage",     "last_layer.",
                                          "aux_head.", "conv3x3_ocr.", "cls_head.", "ocr_" };
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, check->source->tensors);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const gchar *name = key;
        if (g_hash_table_contains(check->expected, name) || is_bookkeeping(name))
            continue;
        g_autofree gchar *own = hrnet_source_own_name(check->source, name);
        for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
            if (g_str_has_prefix(name, parts[i]))
                return hrnet_weights_fail(
                    check->error, UNSUPPORTED, check->source->path,
                    "tensor %s has no place in the HRNetV2 that the other tensors make", own);
        g_debug("%s: tensor %s ignored", check->source->path, name);
    }
    return TRUE;
}

gboolean hrnet_config_infer(const HrnetSource *source, HrnetConfig *config, GError **error)
{
    if (!infer_stem_and_layer1(source, config, error))
        return FALSE;
    for (guint number = 2; number <= 4; number++)
        if (!infer_stage(source, config, number, error))
            return FALSE;
    if (!infer_head(source, config, error))
        return FALSE;
    config->variant = name_variant(config);

    Check check = { source, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), error };
    gboolean good = hrnet_config_each_conv(config, check_conv, &check) && check_rest(&check);
    g_hash_table_unref(check.expected);
    return good;
}

typedef struct {
    const HrnetSource *source;
    guint64 n;
} Count;

static gboolean count_conv(const HrnetConvSpec *spec, gpointer data)
{
    Count *count = data;
    const HrnetStoredTensor *parts[] = {
        find(count->source, "%s.weight", spec->conv),
        find(count->source, "%s.bias", spec->conv),
        spec->norm ? find(count->source, "%s.weight", spec->norm) : NULL,
        spec->norm ? find(count->source, "%s.bias", spec->norm) : NULL,
    };
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        count->n += parts[i] ? parts[i]->n_elements : 0;
    return TRUE;
}

guint64 hrnet_config_count_parameters(const HrnetSource *source, const HrnetConfig *config)
{
    Count count = { source, 0 };
    hrnet_config_each_conv(config, count_conv, &count);
    return count.n;
}
