/* What a model's metadata, side file and options say, and what holds where they do not.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "checkpoint.h"
#include "weights/weights.h"

static void test_precedence(void)
{
    const gchar *options[] = { "hrnet.std=[1, 2, 0.5]", "input_size=100x200", NULL };
    g_autoptr(GError) error = NULL;
    g_autofree gchar *side = g_build_filename(checkpoint_folder(), "model.safetensors.json", NULL);
    g_assert_true(g_file_set_contents(side,
                                      "{\"hrnet.align_corners\": true, \"mean\": [0, 0.25, 1], "
                                      "\"hrnet.std\": \"[9,9,9]\", \"x\": 1}",
                                      -1, NULL));
    HrnetWeights *weights = checkpoint_open(
        checkpoint_tiny(
            2,
            "{\"hrnet.mean\":\"[0.5,0.5,0.5]\",\"hrnet.align_corners\":\"false\",\"license\":"
            "\"test\","
            "\"hrnet.classes\":\"[\\\"ground\\\",\\\"person\\\"]\",\"hrnet.upsample\":\"nearest\","
            "\"hrnet.palette\":\"[\\\"#000000\\\",\\\"#FF8001\\\"]\",\"format\":\"pt\","
            "\"hrnet.foreground\":\"[\\\"person\\\"]\",\"hrnet.padding\":\"same\"}"),
        options, &error);
    g_remove(side);
    g_assert_no_error(error);
    const HrnetConfig *config = hrnet_weights_config(weights);
    g_assert_true(config->exchange_align && config->head_align && config->logits_align);
    g_assert_cmpint(config->exchange_upsample, ==, HRNET_UPSAMPLE_NEAREST);
    g_assert_cmpint(config->head_upsample, ==, HRNET_UPSAMPLE_NEAREST);
    g_assert_false(config->bgr || config->exchange_twice);
    g_assert_cmpfloat(config->eps, ==, 1e-5);
    g_assert_cmpint(config->padding, ==, HRNET_PADDING_SAME);
    g_assert_cmpint(config->norm, ==, HRNET_NORM_BN);
    g_assert_cmpfloat(config->mean[1], ==, 0.25f);
    g_assert_cmpfloat(config->std[2], ==, 0.5f);
    g_assert_cmpuint(config->input_height, ==, 100);
    g_assert_cmpuint(config->input_width, ==, 200);
    g_assert_cmpstr(config->classes[2], ==, "person");
    g_assert_null(config->classes[3]);
    g_assert_cmphex(config->palette[2], ==, 0xff8001);
    g_assert_false(config->foreground[0] || config->foreground[1]);
    g_assert_true(config->foreground[2]);
    g_assert_cmpstr(hrnet_weights_metadata(weights, "license"), ==, "test");
    g_auto(GStrv) keys = hrnet_weights_metadata_keys(weights);
    g_assert_cmpuint(g_strv_length(keys), ==, 11);
    g_assert_cmpstr(keys[0], ==, "format");
    hrnet_weights_close(weights);
}

/* What a terminal would follow, and what would name two labels alike. */
static void test_names(void)
{
    const gchar *options[] = {
        "hrnet.classes=[\"a\\u001b[31mb\\n\",\"x\\u009b\xc2\x9b\\u202e\xe2\x80\xae "
        "y\",\"unlabelled\","
        "\"dog\",\"Dog\",\"dog (2)\",\"caf\\u00e9 \xe0\xa4\x95\xe2\x80\x8d\"]",
        "foreground=[\"dog\",\"a\\u001b[31mb\\n\"]", "license=one\x1b[2J\nt\xc2\x85wo\xff", NULL
    };
    static const gchar *const names[] = { "unlabelled",
                                          "a\xef\xbf\xbd[31mb\xef\xbf\xbd",
                                          "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd y",
                                          "unlabelled (2)",
                                          "dog",
                                          "Dog (2)",
                                          "dog (2) (2)",
                                          "caf\xc3\xa9 \xe0\xa4\x95\xe2\x80\x8d" };
    g_autoptr(GError) error = NULL;
    HrnetWeights *weights = checkpoint_open(checkpoint_tiny(7, NULL), options, &error);
    g_assert_no_error(error);
    const HrnetConfig *config = hrnet_weights_config(weights);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpstr(config->classes[i], ==, names[i]);
    g_assert_true(config->foreground[1] && config->foreground[4]);
    g_assert_false(config->foreground[2] || config->foreground[5]);
    g_assert_cmpstr(hrnet_weights_metadata(weights, "license"), ==,
                    "one\xef\xbf\xbd[2J\nt\xef\xbf\xbdwo\xef\xbf\xbd");
    hrnet_weights_close(weights);
}

static void test_bad_option(gconstpointer option)
{
    const gchar *options[] = { option, NULL };
    g_autoptr(GError) error = NULL;
    g_assert_null(checkpoint_open(checkpoint_tiny(2, NULL), options, &error));
    g_assert_error(error, HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_OPTION);
    g_assert_nonnull(strstr(error->message, "model.safetensors: "));
}

/* A key of one part goes over the one of all; what nobody gave is told. */
static void test_parts(void)
{
    const gchar *options[] = { "head_align_corners=false", "exchange_upsample=nearest",
                               "channel_order=bgr",        "eps=0.001",
                               "exchange_twice=true",      NULL };
    g_autoptr(GError) error = NULL;
    HrnetWeights *weights = checkpoint_open(
        checkpoint_tiny(2, "{\"hrnet.align_corners\":\"true\",\"hrnet.mean\":\"[0,0,0]\"}"),
        options, &error);
    g_assert_no_error(error);
    const HrnetConfig *config = hrnet_weights_config(weights);
    g_assert_true(config->exchange_align && config->logits_align && config->exchange_twice);
    g_assert_false(config->head_align);
    g_assert_cmpint(config->exchange_upsample, ==, HRNET_UPSAMPLE_NEAREST);
    g_assert_cmpint(config->head_upsample, ==, HRNET_UPSAMPLE_BILINEAR);
    g_assert_true(config->bgr);
    g_assert_cmpfloat(config->eps, ==, 0.001);
    g_auto(GStrv) keys = hrnet_weights_assumed_keys(weights);
    g_autofree gchar *list = g_strjoinv(" ", keys);
    g_assert_cmpstr(list, ==, "hrnet.upsample hrnet.norm hrnet.padding hrnet.std hrnet.classes");
    hrnet_weights_close(weights);
}

static void test_classes(void)
{
    static const struct {
        guint n;
        const gchar *first, *last;
    } sets[] = {
        { 11, "sky", "bicyclist" },
        { 19, "road", "bicycle" },
        { 20, "Background", "Right-shoe" },
        { 21, "background", "tvmonitor" },
        { 59, "aeroplane", "wood" },
        { 60, "background", "wood" },
        { 150, "wall", "flag" },
        { 171, "person", "wood" },
        { 255, "class 1", "class 255" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(GError) error = NULL;
        HrnetWeights *weights = checkpoint_open(checkpoint_tiny(sets[i].n, NULL), NULL, &error);
        g_assert_no_error(error);
        const HrnetConfig *config = hrnet_weights_config(weights);
        g_assert_cmpstr(config->classes[1], ==, sets[i].first);
        g_assert_cmpstr(config->classes[sets[i].n], ==, sets[i].last);
        g_assert_cmpuint(g_strv_length(config->classes), ==, sets[i].n + 1);
        hrnet_weights_close(weights);
    }
}

/* Any two of a small model's default colours are told apart, and no two of 255 are the same. */
static void test_colors(void)
{
    g_autoptr(GError) error = NULL;
    HrnetWeights *weights = checkpoint_open(checkpoint_tiny(255, NULL), NULL, &error);
    g_assert_no_error(error);
    const guint32 *palette = hrnet_weights_config(weights)->palette;
    for (guint a = 1; a <= 255; a++)
        for (guint b = 1; b < a; b++) {
            gint distance = 0;
            for (guint shift = 0; shift < 24; shift += 8) {
                gint d = (gint)(palette[a] >> shift & 255) - (gint)(palette[b] >> shift & 255);
                distance += d * d;
            }
            g_assert_cmpint(distance, >, a <= 24 ? 30 * 30 : 0);
        }
    hrnet_weights_close(weights);
}

int main(int argc, char **argv)
{
    static const gchar *const bad_options[] = {
        "nonsense",
        "hrnet.colour=1",
        "upsample=cubic",
        "align_corners=1",
        "norm=",
        "padding=valid",
        "mean=[1,2]",
        "mean=[1,2,\"3\"]",
        "mean=[[1],2,3]",
        "mean=[null,2,3]",
        "mean=0.5",
        "std=[1,0,1]",
        "std=[1,1,1e99]",
        "mean=[1e38,0,0]",
        "mean=[0,1e8,0]",
        "mean=[1e999,0,0]",
        "input_size=512",
        "input_size=8x8",
        "input_size=512x1024x3",
        "input_size=-512x1024",
        "classes=[\"a\"]",
        "classes=[\"a\",2]",
        "classes=[\"a\",\"b\",\"c\"]",
        "palette=[\"#112233\"]",
        "palette=[\"#112233\",\"red\"]",
        "palette=[\"#112233\",\"#11223g\"]",
        "foreground=[\"class 3\"]",
        "foreground=\"class 1\"",
        "channel_order=brg",
        "exchange_upsample=cubic",
        "head_align_corners=yes",
        "exchange_twice=2",
        "eps=tiny",
        "eps=-1",
        "eps=nan",
        "mean=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    };
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/metadata/precedence", test_precedence);
    for (guint i = 0; i < G_N_ELEMENTS(bad_options); i++) {
        g_autofree gchar *path = g_strdup_printf("/metadata/bad-option/%u", i);
        g_test_add_data_func(path, bad_options[i], test_bad_option);
    }
    g_test_add_func("/metadata/parts", test_parts);
    g_test_add_func("/metadata/classes", test_classes);
    g_test_add_func("/metadata/names", test_names);
    g_test_add_func("/metadata/colors", test_colors);
    return g_test_run();
}
