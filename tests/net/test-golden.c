/* The network's logits against PyTorch's, for every variant and option.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * golden.json comes from golden.py. HRNET_GOLDEN_TOLERANCE: the largest error allowed, as a share
 * of the largest logit (1e-3 by default). HRNET_GOLDEN_CASES: variants and sizes, comma between
 * them, where not all are to be run. */
#include "hrnet/hrnet.h"
#include "support/synthetic.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>

static gdouble tolerance = 1e-3;

static const gchar *option_string(JsonObject *options, const gchar *key, const gchar *otherwise)
{
    return json_object_get_string_member_with_default(options, key, otherwise);
}

/* The configuration that a case describes. */
static void case_config(JsonObject *golden, HrnetConfig *config)
{
    JsonObject *options = json_object_get_object_member(golden, "options");
    const guint n_classes = (guint)json_object_get_int_member_with_default(options, "classes", 19);
    const gboolean ocr = json_object_get_boolean_member_with_default(options, "ocr", FALSE);
    g_autofree gchar *variant =
        g_strconcat(json_object_get_string_member(golden, "variant"), ocr ? "-ocr" : "", NULL);
    g_assert_true(synthetic_config(variant, n_classes, config));
    config->classifier_kernel =
        (guint)json_object_get_int_member_with_default(options, "classifier_kernel", 1);
    config->single_output =
        json_object_get_boolean_member_with_default(options, "single_output", FALSE);
    if (g_str_equal(option_string(options, "norm", "bn"), "inplace_abn"))
        config->norm = HRNET_NORM_INPLACE_ABN;
    if (json_object_get_boolean_member_with_default(options, "bottleneck", FALSE)) {
        config->head_channels *= 4;
        for (guint s = 0; s < G_N_ELEMENTS(config->stages); s++) {
            config->stages[s].bottleneck = TRUE;
            for (guint b = 0; b < config->stages[s].n_branches; b++) {
                config->stages[s].channels[b] *= 4;
                config->stages[s].in_channels[b] *= 4;
            }
        }
    }
    if (config->single_output)
        config->head_channels = config->stages[2].channels[0];
}

static HrnetModel *load_case(JsonObject *golden)
{
    JsonObject *options = json_object_get_object_member(golden, "options");
    const gchar *const metadata[] = {
        "hrnet.align_corners",
        json_object_get_boolean_member_with_default(options, "align_corners", FALSE) ? "true"
                                                                                     : "false",
        "hrnet.upsample",
        option_string(options, "upsample", "bilinear"),
        "hrnet.norm",
        option_string(options, "norm", "bn"),
        "hrnet.padding",
        option_string(options, "padding", "symmetric"),
        NULL,
    };
    HrnetConfig config;
    case_config(golden, &config);
    g_autofree gchar *path = NULL;
    g_autoptr(GError) error = NULL;
    const gint fd = g_file_open_tmp("hrnet-XXXXXX.safetensors", &path, &error);
    g_assert_no_error(error);
    g_close(fd, NULL);
    g_assert_true(synthetic_write(path, &config, metadata, &error));
    HrnetModel *model = hrnet_model_load(path, NULL, &error);
    g_assert_no_error(error);
    g_unlink(path);
    return model;
}

static void test_case(gconstpointer data)
{
    JsonObject *golden = (JsonObject *)data;
    const guint height = (guint)json_object_get_int_member(golden, "height");
    const guint width = (guint)json_object_get_int_member(golden, "width");
    JsonArray *shape = json_object_get_array_member(golden, "shape");
    JsonArray *expected = json_object_get_array_member(golden, "values");
    const gdouble largest = json_object_get_double_member(golden, "largest");

    g_autoptr(HrnetModel) model = load_case(golden);
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetSession) session =
        hrnet_session_new(model, height, width, 2, HRNET_PRECISION_FP32, &error);
    g_assert_no_error(error);
    guint c, h, w;
    hrnet_session_get_logits_size(session, &c, &h, &w);
    g_assert_cmpuint(c, ==, (guint)json_array_get_int_element(shape, 0));
    g_assert_cmpuint(h, ==, (guint)json_array_get_int_element(shape, 1));
    g_assert_cmpuint(w, ==, (guint)json_array_get_int_element(shape, 2));

    const gsize n_input = (gsize)3 * height * width, n_logits = (gsize)c * h * w;
    g_autofree gfloat *input = g_new(gfloat, n_input);
    g_autofree gfloat *logits = g_new(gfloat, n_logits);
    synthetic_input(input, n_input);
    /* twice: a run must leave nothing behind that changes the next */
    for (guint run = 0; run < 2; run++) {
        g_assert_true(hrnet_session_run(session, input, n_input, logits, n_logits, &error));
        gdouble worst = 0;
        for (guint k = 0; k < json_array_get_length(expected); k++) {
            const gdouble difference = fabs(logits[synthetic_sample(k, n_logits)] -
                                            json_array_get_double_element(expected, k));
            g_assert_true(isfinite(difference));
            worst = MAX(worst, difference / largest);
        }
        g_test_message("largest error %.2e of the largest logit", worst);
        g_assert_cmpfloat(worst, <=, tolerance);
    }
}

static gchar *case_path(JsonObject *golden)
{
    g_autoptr(JsonNode) options = json_node_alloc();
    json_node_init_object(options, json_object_get_object_member(golden, "options"));
    g_autofree gchar *text = json_to_string(options, FALSE);
    g_strdelimit(text, "{}\":,", ' ');
    g_strstrip(text);
    return g_strdup_printf("/golden/%s/%ux%u/%s", json_object_get_string_member(golden, "variant"),
                           (guint)json_object_get_int_member(golden, "height"),
                           (guint)json_object_get_int_member(golden, "width"),
                           *text ? text : "default");
}

/* Whether a case is among those of HRNET_GOLDEN_CASES. */
static gboolean is_chosen(const gchar *path)
{
    const gchar *chosen = g_getenv("HRNET_GOLDEN_CASES");
    g_auto(GStrv) names = g_strsplit(chosen ? chosen : "", ",", -1);
    gboolean found = !names[0];
    for (guint i = 0; names[i] && !found; i++) {
        g_autofree gchar *start = g_strconcat("/golden/", names[i], "/", NULL);
        found = g_str_has_prefix(path, start);
    }
    return found;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (g_getenv("HRNET_GOLDEN_TOLERANCE"))
        tolerance = g_ascii_strtod(g_getenv("HRNET_GOLDEN_TOLERANCE"), NULL);
    g_autofree gchar *path = g_test_build_filename(G_TEST_DIST, "golden.json", NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    if (!json_parser_load_from_file(parser, path, &error))
        g_error("%s", error->message);
    JsonArray *cases = json_node_get_array(json_parser_get_root(parser));
    for (guint i = 0; i < json_array_get_length(cases); i++) {
        JsonObject *golden = json_array_get_object_element(cases, i);
        g_autofree gchar *name = case_path(golden);
        if (is_chosen(name))
            g_test_add_data_func(name, golden, test_case);
    }
    return g_test_run();
}
