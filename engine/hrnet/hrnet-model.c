/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/model-content.h"
#include "hrnet/hrnet-private.h"
#include "net/int8_ranges.h"
#include "weights/text.h"

#include <stdlib.h>
#include <string.h>

struct _HrnetModel {
    gatomicrefcount n_refs;
    gchar *name; /* as asked for, fit to be shown */
    gchar *path;
    HrnetModelContent *content; /* shared with other models */
};

HRNET_DEFINE_BOXED_TYPE(HrnetModel, hrnet_model)

/* The weights' codes are the public ones, one to one. */
static HrnetError public_code(gint weights_code)
{
    switch (weights_code) {
    case HRNET_WEIGHTS_ERROR_NOT_FOUND:
        return HRNET_ERROR_NOT_FOUND;
    case HRNET_WEIGHTS_ERROR_UNSUPPORTED:
        return HRNET_ERROR_UNSUPPORTED;
    case HRNET_WEIGHTS_ERROR_OPTION:
        return HRNET_ERROR_INVALID_ARGUMENT;
    case HRNET_WEIGHTS_ERROR_NO_MEMORY:
        return HRNET_ERROR_NO_MEMORY;
    default:
        return HRNET_ERROR_INVALID_FILE;
    }
}

void hrnet_propagate_weights_error(GError **error, GError *from)
{
    if (from->domain == HRNET_WEIGHTS_ERROR) {
        from->code = public_code(from->code);
        from->domain = HRNET_ERROR;
    }
    g_propagate_error(error, from);
}

/**
 * hrnet_model_load:
 * @name: a path (anything with a slash, or with a dot if there is such a file), or a bare name such
 * as `people`, which is looked up as `people.safetensors` in the folders of the environment
 * variable `HRNET_MODEL_PATH` (separated by colons), then in the installed folder; a network whose
 * trunk and head are files of their own is `ENCODER,DECODER`
 * @options: (nullable) (array zero-terminated=1): `key=value` strings that go over the file's
 * metadata, such as `hrnet.align_corners=true`; the prefix `hrnet.` may be left out
 * @error: return location for an error
 *
 * Reads a checkpoint, checks it, and packs its weights for this CPU. Blocks for as long as that
 * takes (some milliseconds to a second); any thread.
 *
 * Models of one process with the same content and @options share the weights in memory, which are
 * freed with the last of them, its sessions included: loading a model again costs next to nothing
 * while it is in use, and a thread that comes while another loads the same waits for that. A file
 * that has been replaced or written to is loaded anew; models that were loaded before keep what
 * they have.
 *
 * Returns: (transfer full): the model, or %NULL with any of #HrnetError
 */
HrnetModel *hrnet_model_load(const gchar *name, const gchar *const *options, GError **error)
{
    g_return_val_if_fail(name != NULL, NULL);
    hrnet_cpu_warn();
    g_autoptr(HrnetModel) model = g_new0(HrnetModel, 1);
    GError *weights_error = NULL;
    g_atomic_ref_count_init(&model->n_refs);
    model->name = hrnet_text_clean(name, HRNET_TEXT_ONE_LINE);
    model->path = hrnet_model_find(name, error);
    if (!model->path)
        return NULL;
    model->content = hrnet_model_content_acquire(model->path, options, &weights_error);
    if (!model->content) {
        hrnet_propagate_weights_error(error, weights_error);
        return NULL;
    }
    return g_steal_pointer(&model);
}

/**
 * hrnet_model_ref:
 * @model: a model
 *
 * Returns: (transfer full): @model, with one more reference
 */
HrnetModel *hrnet_model_ref(HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, NULL);
    g_atomic_ref_count_inc(&model->n_refs);
    return model;
}

/**
 * hrnet_model_unref:
 * @model: (transfer full): a model
 *
 * Gives up a reference. Sessions hold one of their own.
 */
void hrnet_model_unref(HrnetModel *model)
{
    g_return_if_fail(model != NULL);
    if (!g_atomic_ref_count_dec(&model->n_refs))
        return;
    if (model->content)
        hrnet_model_content_release(model->content);
    g_free(model->name);
    g_free(model->path);
    g_free(model);
}

const HrnetNetwork *hrnet_model_peek_network(const HrnetModel *model)
{
    return model->content->network;
}

const HrnetNetwork *hrnet_model_peek_int8(const HrnetModel *model, GError **error)
{
    GError *cause = NULL;
    const HrnetNetwork *network = hrnet_model_content_int8(model->content, &cause);
    if (cause)
        hrnet_propagate_weights_error(error, cause);
    return network;
}

/* What the metadata holds may still be no calibration: a range is missing, or of no use to a layer.
 */
static gboolean is_no_calibration(const GError *error)
{
    return g_error_matches(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT) ||
           g_error_matches(error, HRNET_ERROR, HRNET_ERROR_UNSUPPORTED);
}

const HrnetNetwork *hrnet_model_peek_auto(const HrnetModel *model, gboolean has_dot, GError **error)
{
    const HrnetNetwork *fp32 = hrnet_model_peek_network(model);
    if (!has_dot || !hrnet_int8_ranges_match(model->content->weights, fp32->fingerprint))
        return fp32;
    g_autoptr(GError) cause = NULL;
    const HrnetNetwork *int8 = hrnet_model_peek_int8(model, &cause);
    if (int8 || is_no_calibration(cause))
        return int8 ? int8 : fp32;
    g_propagate_error(error, g_steal_pointer(&cause));
    return NULL;
}

const HrnetConfig *hrnet_model_peek_config(const HrnetModel *model)
{
    return hrnet_weights_config(model->content->weights);
}

/**
 * hrnet_model_get_name:
 * @model: a model
 *
 * Returns: (transfer none): the name or path that it was loaded by, fit to be shown: in UTF-8, with
 * U+FFFD for what is none and for control characters
 */
const gchar *hrnet_model_get_name(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, NULL);
    return model->name;
}

/**
 * hrnet_model_get_path:
 * @model: a model
 *
 * Returns: (transfer none): the file that it was loaded from
 */
const gchar *hrnet_model_get_path(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, NULL);
    return model->path;
}

/**
 * hrnet_model_get_variant:
 * @model: a model
 *
 * Returns: (transfer none): the published variant whose shape it has, `W18-Small-v1` or
 * `W48-OCR` (HRNetV2+OCR) for one, or `custom`
 */
const gchar *hrnet_model_get_variant(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, NULL);
    return hrnet_model_peek_config(model)->variant;
}

/**
 * hrnet_model_get_metadata:
 * @model: a model
 * @key: `license`, `description`, `hrnet.mean` or another key
 *
 * Returns: (transfer none) (nullable): the value that file, side file or options gave to @key
 */
const gchar *hrnet_model_get_metadata(const HrnetModel *model, const gchar *key)
{
    g_return_val_if_fail(model != NULL && key != NULL, NULL);
    return hrnet_weights_metadata(model->content->weights, key);
}

/**
 * hrnet_model_list_metadata:
 * @model: a model
 *
 * Returns: (transfer full) (array zero-terminated=1): the keys that have a value, sorted
 */
gchar **hrnet_model_list_metadata(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, NULL);
    return hrnet_weights_metadata_keys(model->content->weights);
}

static void describe_stage(GString *text, guint number, const HrnetStageConfig *stage)
{
    g_string_append_printf(text, "stage %u: %u module%s, %s blocks", number, stage->n_modules,
                           stage->n_modules == 1 ? "" : "s",
                           stage->bottleneck ? "bottleneck" : "basic");
    for (guint i = 0; i < stage->n_branches; i++)
        g_string_append_printf(text, " %u", stage->n_blocks[i]);
    g_string_append(text, ", channels");
    for (guint i = 0; i < stage->n_branches; i++)
        g_string_append_printf(text, " %u", stage->channels[i]);
    g_string_append_c(text, '\n');
}

static const gchar *upsampling_name(HrnetUpsample upsample, gboolean align)
{
    return upsample == HRNET_UPSAMPLE_NEAREST ? "nearest"
           : align                            ? "bilinear with aligned corners"
                                              : "bilinear";
}

static void describe_upsampling(GString *text, const HrnetConfig *config)
{
    g_string_append_printf(text, "upsampling: exchange %s%s, head %s, logits %s\n",
                           upsampling_name(config->exchange_upsample, config->exchange_align),
                           config->exchange_twice ? " by a power of two and then to size" : "",
                           upsampling_name(config->head_upsample, config->head_align),
                           upsampling_name(HRNET_UPSAMPLE_BILINEAR, config->logits_align));
}

static void describe_input(GString *text, const HrnetConfig *config)
{
    if (config->input_channels == 1)
        g_string_append_printf(text, "input: luma, mean %g, std %g", config->mean[0],
                               config->std[0]);
    else
        g_string_append_printf(text, "input: %s, mean %g %g %g, std %g %g %g (of R, G, B)",
                               config->bgr ? "B G R" : "R G B", config->mean[0], config->mean[1],
                               config->mean[2], config->std[0], config->std[1], config->std[2]);
}

/**
 * hrnet_model_describe:
 * @model: a model
 *
 * The network's configuration in words, one part a line, for people to read.
 *
 * Returns: (transfer full): the text
 */
gchar *hrnet_model_describe(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, NULL);
    const HrnetConfig *config = hrnet_model_peek_config(model);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "stem: %u %u channels\nstage 1: %u bottleneck%s of %u\n",
                           config->stem_channels[0], config->stem_channels[1],
                           config->layer1_blocks, config->layer1_blocks == 1 ? "" : "s",
                           config->layer1_planes);
    for (guint s = 0; s < G_N_ELEMENTS(config->stages); s++)
        describe_stage(text, s + 2, &config->stages[s]);
    g_string_append_printf(text, "head: %u channels by %ux%u, %u class%s, classifier %ux%u%s\n",
                           config->head_channels, config->head_kernel, config->head_kernel,
                           config->n_classes, config->n_classes == 1 ? "" : "es",
                           config->classifier_kernel, config->classifier_kernel,
                           config->single_output ? ", of the highest resolution alone" : "");
    if (config->ocr_channels > 0)
        g_string_append_printf(text,
                               "object contexts: %u channels by 3x3, queries and keys of %u, over "
                               "the classes of the head\n",
                               config->ocr_channels, config->ocr_keys);
    describe_upsampling(text, config);
    g_string_append_printf(text, "norm: %s, eps %g; padding: %s\n",
                           config->norm == HRNET_NORM_INPLACE_ABN ? "inplace_abn" : "bn",
                           config->eps,
                           config->padding == HRNET_PADDING_SAME ? "same" : "symmetric");
    describe_input(text, config);
    return g_string_free(text, FALSE);
}

/**
 * hrnet_model_list_assumed:
 * @model: a model
 *
 * What the network computes depends on more than its tensors can tell. This lists the keys of that
 * which neither file nor side file nor options gave, so that the defaults hold, rightly or not:
 * `hrnet.align_corners`, `hrnet.upsample`, `hrnet.norm`, `hrnet.eps`, `hrnet.padding`,
 * `hrnet.channel_order`, `hrnet.mean`, `hrnet.std`, and `hrnet.classes`, whose default goes by the
 * number of classes alone. Keys that this network has no use for are left out.
 *
 * Returns: (transfer full) (array zero-terminated=1): the keys
 */
gchar **hrnet_model_list_assumed(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, NULL);
    return hrnet_weights_assumed_keys(model->content->weights);
}

/**
 * hrnet_model_get_n_labels:
 * @model: a model
 *
 * Returns: the number of labels: classes and `unlabelled`
 */
guint hrnet_model_get_n_labels(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, 0);
    return hrnet_model_peek_config(model)->n_classes + 1;
}

/**
 * hrnet_model_get_classes:
 * @model: a model
 *
 * Returns: (transfer none) (array zero-terminated=1): a name for every label, the first
 * `unlabelled`
 */
const gchar *const *hrnet_model_get_classes(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, NULL);
    return (const gchar *const *)hrnet_model_peek_config(model)->classes;
}

/**
 * hrnet_model_get_color:
 * @model: a model
 * @label: a label
 *
 * Returns: the label's colour in the model's palette, `0xRRGGBB`; 0 for label 0 and for labels it
 * does not have
 */
guint32 hrnet_model_get_color(const HrnetModel *model, guint label)
{
    g_return_val_if_fail(model != NULL, 0);
    const HrnetConfig *config = hrnet_model_peek_config(model);
    return label >= 1 && label <= config->n_classes ? config->palette[label] : 0;
}

/**
 * hrnet_model_is_foreground:
 * @model: a model
 * @label: a label
 *
 * Returns: whether overlays and the like act on the label by default
 */
gboolean hrnet_model_is_foreground(const HrnetModel *model, guint label)
{
    g_return_val_if_fail(model != NULL, FALSE);
    const HrnetConfig *config = hrnet_model_peek_config(model);
    return label >= 1 && label <= config->n_classes && config->foreground[label];
}

/**
 * hrnet_model_find_label:
 * @model: a model
 * @name_or_number: a class name as in hrnet_model_get_classes(), in upper or lower case, or a label
 * in decimal digits
 *
 * Returns: the label, or -1 if the model has none such
 */
gint hrnet_model_find_label(const HrnetModel *model, const gchar *name_or_number)
{
    g_return_val_if_fail(model != NULL && name_or_number != NULL, -1);
    const gchar *const *classes = hrnet_model_get_classes(model);
    for (guint label = 0; classes[label]; label++)
        if (g_ascii_strcasecmp(classes[label], name_or_number) == 0)
            return (gint)label;
    guint64 number;
    if (g_ascii_string_to_unsigned(name_or_number, 10, 0, hrnet_model_get_n_labels(model) - 1,
                                   &number, NULL))
        return (gint)number;
    return -1;
}

/**
 * hrnet_model_get_input_size:
 * @model: a model
 * @height: (out): rows
 * @width: (out): columns
 *
 * The input size, in pixels, that the model was made for (metadata `hrnet.input_size`). It runs at
 * others as well.
 */
void hrnet_model_get_input_size(const HrnetModel *model, guint *height, guint *width)
{
    g_return_if_fail(model != NULL && height != NULL && width != NULL);
    *height = hrnet_model_peek_config(model)->input_height;
    *width = hrnet_model_peek_config(model)->input_width;
}

/**
 * hrnet_model_get_n_channels:
 * @model: a model
 *
 * Returns: planes of the network's input: 3, in the order that metadata `hrnet.channel_order` says,
 * or 1, of luma
 */
guint hrnet_model_get_n_channels(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, 0);
    return hrnet_model_peek_config(model)->input_channels;
}

/**
 * hrnet_model_get_n_parameters:
 * @model: a model
 *
 * Returns: trainable parameters: weights, biases, and the normalisations' gamma and beta
 */
guint64 hrnet_model_get_n_parameters(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, 0);
    return hrnet_weights_n_parameters(model->content->weights);
}

/**
 * hrnet_model_get_packed_bytes:
 * @model: a model
 *
 * Returns: bytes of memory that the weights take as the kernels want them, more than in the file
 */
guint64 hrnet_model_get_packed_bytes(const HrnetModel *model)
{
    g_return_val_if_fail(model != NULL, 0);
    return hrnet_network_packed_bytes(model->content->network);
}

/**
 * hrnet_model_get_gmac:
 * @model: a model
 * @height: of the input, in pixels
 * @width: of the input, in pixels
 *
 * Returns: multiply-adds of all convolutions, in 10^9, as the network is published; the engine
 * needs fewer
 */
gdouble hrnet_model_get_gmac(const HrnetModel *model, guint height, guint width)
{
    g_return_val_if_fail(model != NULL, 0);
    return hrnet_graph_gmac(model->content->network->graph, height, width);
}
