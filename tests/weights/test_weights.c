/* Configuration, weights and folding of .safetensors checkpoints.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "checkpoint.h"
#include "weights/weights.h"

static const struct {
    const gchar *name;
    guint layer1_blocks, layer1_planes, modules[3], blocks, channels;
    gdouble million_parameters; /* as published, 19 classes */
} variants[] = {
    { "W18-Small-v1", 1, 32, { 1, 1, 1 }, 2, 16, 1.54 },
    { "W18-Small-v2", 2, 64, { 1, 3, 2 }, 2, 18, 3.94 },
    { "W18", 4, 64, { 1, 4, 3 }, 4, 18, 9.64 },
    { "W32", 4, 64, { 1, 4, 3 }, 4, 32, 29.55 },
    { "W48", 4, 64, { 1, 4, 3 }, 4, 48, 65.86 },
    { "W32-Single", 4, 64, { 1, 1, 1 }, 4, 32, 10.31 },
};

static void test_variant(gconstpointer data)
{
    guint v = GPOINTER_TO_UINT(data);
    HrnetConfig config;
    Checkpoint *checkpoint = checkpoint_new();
    g_autoptr(GError) error = NULL;
    checkpoint_config(&config, variants[v].layer1_blocks, variants[v].layer1_planes,
                      variants[v].modules[0], variants[v].modules[1], variants[v].modules[2],
                      variants[v].blocks, variants[v].channels, 19);
    checkpoint_add_network(checkpoint, &config, FALSE, NULL);
    HrnetWeights *weights = checkpoint_open(checkpoint, NULL, &error);
    g_assert_no_error(error);
    const HrnetConfig *read = hrnet_weights_config(weights);
    g_assert_cmpstr(read->variant, ==, variants[v].name);
    g_assert_cmpfloat_with_epsilon((gdouble)hrnet_weights_n_parameters(weights) / 1e6,
                                   variants[v].million_parameters, 0.005);
    g_assert_cmpmem(read->stages, sizeof read->stages, config.stages, sizeof config.stages);
    g_assert_cmpstr(read->classes[0], ==, "unlabelled");
    g_assert_cmpstr(read->classes[1], ==, "road");
    g_assert_cmpstr(read->classes[19], ==, "bicycle");
    g_assert_cmphex(read->palette[1], ==, 0x804080);
    hrnet_weights_close(weights);
}

/* Bottleneck branches behind transitions of other widths, a single output, a 3x3 classifier. */
static void test_custom(void)
{
    HrnetConfig config;
    Checkpoint *checkpoint = checkpoint_new();
    g_autoptr(GError) error = NULL;
    checkpoint_tiny_config(&config, 2);
    config.single_output = TRUE;
    config.classifier_kernel = 3;
    config.stages[0].bottleneck = config.stages[1].bottleneck = TRUE;
    config.stages[0].n_blocks[1] = 3;
    config.stages[0].in_channels[0] = 5;
    config.stages[2].in_channels[3] = 7;
    checkpoint_add_network(checkpoint, &config, TRUE, NULL);
    HrnetWeights *weights = checkpoint_open(checkpoint, NULL, &error);
    g_assert_no_error(error);
    const HrnetConfig *read = hrnet_weights_config(weights);
    g_assert_cmpstr(read->variant, ==, "custom");
    g_assert_cmpmem(read->stages, sizeof read->stages, config.stages, sizeof config.stages);
    g_assert_true(read->single_output);
    g_assert_cmpuint(read->classifier_kernel, ==, 3);
    g_assert_cmpuint(read->head_channels, ==, 12);
    g_assert_cmpuint(read->stem_channels[1], ==, 10);
    g_assert_cmpstr(read->classes[2], ==, "class 2");
    hrnet_weights_close(weights);
}

static void test_fold(gconstpointer data)
{
    gboolean abn = GPOINTER_TO_INT(data);
    const gchar *options[] = { abn ? "norm=inplace_abn" : "hrnet.norm=bn", NULL };
    const gchar *conv = "last_layer.0", *norm = "last_layer.1";
    gfloat w[12 * 60], b[12];
    g_autoptr(GError) error = NULL;
    HrnetWeights *weights = checkpoint_open(checkpoint_tiny(3, NULL), options, &error);
    g_assert_no_error(error);
    hrnet_weights_read_conv(weights, conv, norm, 12, 60, 1, w, b, &error);
    g_assert_no_error(error);
    for (guint k = 0; k < 12; k++) {
        gdouble gamma = checkpoint_value("last_layer.1.weight", k);
        gamma = abn ? fabs(gamma) + 1e-5 : gamma;
        gdouble scale = gamma / sqrt(checkpoint_value("last_layer.1.running_var", k) + 1e-5);
        gdouble bias = (checkpoint_value("last_layer.0.bias", k) -
                        checkpoint_value("last_layer.1.running_mean", k)) *
                           scale +
                       checkpoint_value("last_layer.1.bias", k);
        g_assert_cmpfloat_with_epsilon(b[k], bias, 1e-6);
        for (guint i = 0; i < 60; i++)
            g_assert_cmpfloat_with_epsilon(
                w[k * 60 + i], checkpoint_value("last_layer.0.weight", k * 60 + i) * scale, 1e-6);
    }
    g_assert_false(hrnet_weights_read_conv(weights, conv, norm, 11, 60, 1, w, b, &error));
    g_assert_error(error, HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_INVALID);
    hrnet_weights_close(weights);
}

static void expect_failure(Checkpoint *checkpoint, gint code, const gchar *text)
{
    g_autofree gchar *path =
        checkpoint_write(checkpoint, checkpoint_folder(), "model.safetensors", 0);
    checkpoint_free(checkpoint);
    g_assert_cmpint(checkpoint_expect_refusal(path, text), ==, code);
}

static void test_other_networks(void)
{
    static const gchar *const parts[] = { "stage2.0.branches.0.0.downsample.0.weight", "stage5.0.x",
                                          "layer1.0.se.fc1.weight" };
    const guint64 dims[4] = { 4, 4, 1, 1 };
    HrnetConfig config;
    Checkpoint *checkpoint;
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        checkpoint = checkpoint_tiny(3, NULL);
        checkpoint_add(checkpoint, parts[i], "F32", 4, dims, 4, NULL);
        expect_failure(checkpoint, HRNET_WEIGHTS_ERROR_UNSUPPORTED, parts[i]);
    }

    checkpoint_tiny_config(&config, 3);
    config.classifier_kernel = 5;
    checkpoint = checkpoint_new();
    checkpoint_add_network(checkpoint, &config, FALSE, NULL);
    expect_failure(checkpoint, HRNET_WEIGHTS_ERROR_UNSUPPORTED, "kernel of 5");

    checkpoint_tiny_config(&config, 256);
    checkpoint = checkpoint_new();
    checkpoint_add_network(checkpoint, &config, FALSE, NULL);
    expect_failure(checkpoint, HRNET_WEIGHTS_ERROR_UNSUPPORTED, "256 classes");

    checkpoint = checkpoint_new();
    checkpoint_add(checkpoint, "features.0.weight", "F32", 4, dims, 4, NULL);
    expect_failure(checkpoint, HRNET_WEIGHTS_ERROR_UNSUPPORTED, "no HRNetV2");
}

/* timm's and ImageNet's files, and a head of object contexts without
 * its parts. */
static void test_no_head(void)
{
    const guint64 dims[4] = { 4, 4, 3, 3 };
    for (guint i = 0; i < 2; i++) {
        HrnetConfig config;
        Checkpoint *checkpoint = checkpoint_new();
        checkpoint_tiny_config(&config, 3);
        checkpoint_add_network(checkpoint, &config, FALSE, "last_layer.");
        checkpoint_add(checkpoint, i ? "conv3x3_ocr.0.weight" : "classifier.weight", "F32", 4, dims,
                       4, NULL);
        expect_failure(checkpoint, HRNET_WEIGHTS_ERROR_UNSUPPORTED,
                       i ? "a head of object contexts" : "a backbone and no segmentation head");
    }
}

/* Every tensor is missed by its name when it is not there. */
static void test_missing(void)
{
    static const gchar *const names[] = { "stage3.1.branches.2.0.conv2.weight",
                                          "last_layer.1.running_var",
                                          "bn1.weight",
                                          "stage4.0.fuse_layers.3.0.1.1.bias",
                                          "transition3.3.0.0.weight",
                                          "layer1.0.downsample.0.weight",
                                          "stage4.0.fuse_layers.1.0.0.0.weight" };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        HrnetConfig config;
        Checkpoint *checkpoint = checkpoint_new();
        checkpoint_tiny_config(&config, 3);
        checkpoint_add_network(checkpoint, &config, TRUE, names[i]);
        expect_failure(checkpoint, HRNET_WEIGHTS_ERROR_INVALID, names[i]);
    }
}

/* Replaces one tensor of the small network. */
static Checkpoint *tiny_with(const gchar *name, const gchar *dtype, guint element_bytes,
                             const guint64 *dims, guint n_dims, const void *bytes)
{
    HrnetConfig config;
    Checkpoint *checkpoint = checkpoint_new();
    checkpoint_tiny_config(&config, 3);
    checkpoint_add_network(checkpoint, &config, TRUE, name);
    checkpoint_add(checkpoint, name, dtype, element_bytes, dims, n_dims, bytes);
    return checkpoint;
}

static void test_misshapen(void)
{
    const guint64 bad[] = { 10, 6, 3, 1 }, wide[] = { 5 }, good[] = { 10, 6, 3, 3 };
    expect_failure(tiny_with("conv2.weight", "F32", 4, bad, 4, NULL), HRNET_WEIGHTS_ERROR_INVALID,
                   "conv2.weight is [10, 6, 3, 1]");
    expect_failure(tiny_with("conv2.weight", "F32", 4, bad, 3, NULL), HRNET_WEIGHTS_ERROR_INVALID,
                   "conv2.weight is [10, 6, 3]");
    expect_failure(tiny_with("bn1.bias", "F32", 4, wide, 1, NULL), HRNET_WEIGHTS_ERROR_INVALID,
                   "bn1.bias is [5], expected [6]");
    expect_failure(tiny_with("conv2.weight", "I32", 4, good, 4, NULL), HRNET_WEIGHTS_ERROR_INVALID,
                   "of type I32");
    expect_failure(tiny_with("conv2.weight", "Q4", 4, good, 4, NULL), HRNET_WEIGHTS_ERROR_INVALID,
                   "of type Q4");
}

static void test_numbers(void)
{
    static const gfloat variances[][6] = { { 1, 1, -0.5f, 1, 1, 1 },
                                           { 1, 1, 1, 1, 1, NAN },
                                           { INFINITY, 1, 1, 1, 1, 1 } };
    const guint64 dims[] = { 6 };
    gfloat w[6 * 27], b[6];
    for (guint i = 0; i < G_N_ELEMENTS(variances) + 1; i++) {
        g_autoptr(GError) error = NULL;
        const gfloat gamma[6] = { 1, NAN, 1, 1, 1, 1 };
        gboolean var = i < G_N_ELEMENTS(variances);
        HrnetWeights *weights =
            checkpoint_open(tiny_with(var ? "bn1.running_var" : "bn1.weight", "F32", 4, dims, 1,
                                      var ? variances[i] : gamma),
                            NULL, &error);
        g_assert_no_error(error);
        g_assert_false(hrnet_weights_read_conv(weights, "conv1", "bn1", 6, 3, 3, w, b, &error));
        g_assert_error(error, HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, var ? "bn1.running_var" : "conv1"));
        hrnet_weights_close(weights);
    }
}

/* A normalisation that was folded before: no norm tensors, but a bias. */
static void test_folded_before(void)
{
    gfloat bias[6] = { 1, 2, 3, 4, 5, 6 }, w[6 * 27], b[6];
    g_autoptr(GError) error = NULL;
    Checkpoint *checkpoint = checkpoint_tiny(3, NULL);
    const guint64 six = 6;
    gchar *start = strstr(checkpoint->header->str, "\"bn1.weight\"");
    g_assert_nonnull(start);
    for (gchar *p = start; (p = strstr(p, "\"bn1.")); p++)
        memcpy(p, "\"zz1.", 5); /* renamed: ignored */
    checkpoint_add(checkpoint, "conv1.bias", "F32", 4, &six, 1, bias);
    HrnetWeights *weights = checkpoint_open(checkpoint, NULL, &error);
    g_assert_no_error(error);
    hrnet_weights_read_conv(weights, "conv1", "bn1", 6, 3, 3, w, b, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(b, sizeof b, bias, sizeof bias);
    g_assert_cmpfloat(w[5], ==, checkpoint_value("conv1.weight", 5));
    hrnet_weights_close(weights);
}

static void test_halves(void)
{
    static const struct {
        guint16 half;
        gfloat value;
    } f16[] = { { 0x3c00, 1 },
                { 0xc000, -2 },
                { 0x0001, 5.9604645e-8f },
                { 0x03ff, 6.097555e-5f },
                { 0x7bff, 65504 },
                { 0x3555, 0.33325195f },
                { 0x8000, -0.0f },
                { 0x0400, 6.1035156e-5f } };
    guint16 f16_bytes[10 * 6 * 9] = { 0 }, bf16_bytes[10 * 6 * 9] = { 0x3f80, 0xc000, 0x3eab };
    gfloat w[10 * 6 * 9], b[10];
    const guint64 dims[] = { 10, 6, 3, 3 };
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(f16); i++)
        f16_bytes[i] = f16[i].half;
    HrnetWeights *weights =
        checkpoint_open(tiny_with("conv2.weight", "F16", 2, dims, 4, f16_bytes), NULL, &error);
    g_assert_no_error(error);
    hrnet_weights_read_conv(weights, "conv2", NULL, 10, 6, 3, w, b, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(f16); i++)
        g_assert_cmpmem(&w[i], 4, &f16[i].value, 4);
    hrnet_weights_close(weights);

    weights =
        checkpoint_open(tiny_with("conv2.weight", "BF16", 2, dims, 4, bf16_bytes), NULL, &error);
    g_assert_no_error(error);
    hrnet_weights_read_conv(weights, "conv2", NULL, 10, 6, 3, w, b, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(w[1], ==, -2);
    g_assert_cmpfloat(w[2], ==, 0.333984375f);
    hrnet_weights_close(weights);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint v = 0; v < G_N_ELEMENTS(variants); v++) {
        g_autofree gchar *path = g_strconcat("/weights/variant/", variants[v].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(v), test_variant);
    }
    g_test_add_func("/weights/custom", test_custom);
    g_test_add_data_func("/weights/fold/bn", GINT_TO_POINTER(FALSE), test_fold);
    g_test_add_data_func("/weights/fold/inplace-abn", GINT_TO_POINTER(TRUE), test_fold);
    g_test_add_func("/weights/fold/before", test_folded_before);
    g_test_add_func("/weights/halves", test_halves);
    g_test_add_func("/weights/other-networks", test_other_networks);
    g_test_add_func("/weights/no-head", test_no_head);
    g_test_add_func("/weights/missing", test_missing);
    g_test_add_func("/weights/misshapen", test_misshapen);
    g_test_add_func("/weights/numbers", test_numbers);
    return g_test_run();
}
