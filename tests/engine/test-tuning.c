/* Measured choices: kept in the cache folder, used when asked for, ignored when they are not this
 * machine's.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/tuning.h"
#include "base/cpu.h"
#include "hrnet/hrnet.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const HrnetConvShape conv3x3 = {
    .in_channels = 8, .out_channels = 8, .kernel = 3, .stride = 1
};
static const HrnetConvShape conv1x1 = {
    .in_channels = 8, .out_channels = 8, .kernel = 1, .stride = 1
};

static gchar *tuning_path(void)
{
    g_autofree gchar *name =
        g_strdup_printf("tuned-%s.ini", hrnet_cpu_level_name(hrnet_cpu_features()));
    return g_build_filename(g_get_user_cache_dir(), "hrnet", name, NULL);
}

static HrnetConvAlgorithm stored(const HrnetConvShape *shape, guint height, guint width)
{
    HrnetTuning *tuning = hrnet_tuning_load();
    const HrnetConvAlgorithm algorithm = hrnet_tuning_get(tuning, shape, height, width);
    hrnet_tuning_free(tuning);
    return algorithm;
}

static void store(const HrnetConvShape *shape, guint height, guint width,
                  HrnetConvAlgorithm algorithm)
{
    g_autoptr(GError) error = NULL;
    HrnetTuning *tuning = hrnet_tuning_load();
    hrnet_tuning_set(tuning, shape, height, width, algorithm);
    g_assert_true(hrnet_tuning_save(tuning, &error));
    g_assert_no_error(error);
    hrnet_tuning_free(tuning);
}

static void test_nearest(void)
{
    store(&conv3x3, 10, 10, HRNET_CONV_DIRECT);
    store(&conv3x3, 100, 100, HRNET_CONV_GEMM);
    g_assert_cmpint(stored(&conv3x3, 10, 10), ==, HRNET_CONV_DIRECT);
    g_assert_cmpint(stored(&conv3x3, 20, 20), ==, HRNET_CONV_DIRECT);
    g_assert_cmpint(stored(&conv3x3, 90, 80), ==, HRNET_CONV_GEMM);
    g_assert_cmpint(stored(&conv1x1, 10, 10), ==, HRNET_CONV_AUTO);
}

static void test_broken_file(void)
{
    static const gchar *const contents[] = {
        "\xff\xfe\0rubbish",
        "[machine]\nversion=0\ncpu=other\n[layers]\n8x8k3s1@10x10=gemm\n",
        "[layers",
        "",
    };
    g_autofree gchar *path = tuning_path();
    for (guint i = 0; i < G_N_ELEMENTS(contents); i++) {
        store(&conv3x3, 10, 10, HRNET_CONV_DIRECT);
        g_assert_true(g_file_set_contents(path, contents[i], -1, NULL));
        g_assert_cmpint(stored(&conv3x3, 10, 10), ==, HRNET_CONV_AUTO);
        store(&conv1x1, 10, 10, HRNET_CONV_DIRECT); /* rewritten */
        g_assert_cmpint(stored(&conv1x1, 10, 10), ==, HRNET_CONV_DIRECT);
    }
}

/* Values and sizes that mean nothing count as not measured. */
static void test_broken_values(void)
{
    g_autofree gchar *path = tuning_path();
    store(&conv3x3, 10, 10, HRNET_CONV_DIRECT);
    g_autofree gchar *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autoptr(GString) changed = g_string_new(text);
    g_string_replace(changed, "=direct", "=magic", 0);
    g_string_append(changed, "8x8k1s1@10=direct\n8x8k1s1@axb=direct\n8x8k1s1@=direct\n");
    g_assert_true(g_file_set_contents(path, changed->str, -1, NULL));
    g_assert_cmpint(stored(&conv3x3, 10, 10), ==, HRNET_CONV_AUTO);
    g_assert_cmpint(stored(&conv1x1, 10, 10), ==, HRNET_CONV_AUTO);
}

/* What cannot be read, and would block, is as none, told once; what cannot be written is an error.
 */
static void test_no_file(void)
{
    g_autofree gchar *path = tuning_path();
    g_autofree gchar *folder = g_path_get_dirname(path);
    g_autofree gchar *text = g_strnfill(2 << 20, '\n');
    g_autoptr(GError) error = NULL;
    store(&conv3x3, 10, 10, HRNET_CONV_DIRECT);
    g_unlink(path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    g_test_expect_message("hrnet", G_LOG_LEVEL_MESSAGE, "*not a regular file*not used*");
    g_assert_cmpint(stored(&conv3x3, 10, 10), ==, HRNET_CONV_AUTO);
    g_test_assert_expected_messages();
    HrnetTuning *tuning = hrnet_tuning_load();
    g_assert_false(hrnet_tuning_save(tuning, &error));
    g_assert_cmpint(error->domain, ==, G_FILE_ERROR);
    g_assert_true(g_str_has_prefix(error->message, path));
    g_clear_error(&error);

    g_unlink(path);
    g_assert_true(g_file_set_contents(path, text, 2 << 20, NULL));
    g_assert_cmpint(stored(&conv3x3, 10, 10), ==, HRNET_CONV_AUTO);
    g_unlink(path);
    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    g_assert_cmpint(stored(&conv3x3, 10, 10), ==, HRNET_CONV_AUTO);
    g_assert_false(hrnet_tuning_save(tuning, &error));
    g_clear_error(&error);
    g_rmdir(path);

    /* The folder's place taken by a file: as one that cannot be written, for root as well. */
    g_rmdir(folder);
    g_assert_true(g_file_set_contents(folder, "", 0, NULL));
    g_assert_false(hrnet_tuning_save(tuning, &error));
    g_assert_cmpint(error->domain, ==, G_FILE_ERROR);
    g_unlink(folder);
    hrnet_tuning_free(tuning);
}

/* A full disk leaves what was there, and nothing else. */
static void test_full(void)
{
    g_autofree gchar *path = tuning_path();
    g_autofree gchar *folder = g_path_get_dirname(path);
    const struct rlimit small = { 10, RLIM_INFINITY };
    struct rlimit before;
    g_autoptr(GError) error = NULL;
    store(&conv3x3, 10, 10, HRNET_CONV_DIRECT);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    HrnetTuning *tuning = hrnet_tuning_load();
    setrlimit(RLIMIT_FSIZE, &small);
    const gboolean saved = hrnet_tuning_save(tuning, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    g_assert_false(saved);
    g_assert_cmpint(error->domain, ==, G_FILE_ERROR);
    hrnet_tuning_free(tuning);
    g_assert_cmpint(stored(&conv3x3, 10, 10), ==, HRNET_CONV_DIRECT);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autofree gchar *name = g_path_get_basename(path);
    g_assert_cmpstr(g_dir_read_name(dir), ==, name);
    g_assert_null(g_dir_read_name(dir));
}

static void test_measure(void)
{
    const HrnetConvAlgorithm algorithm = hrnet_tuning_measure(&conv1x1, 16, 24, 2);
    g_assert_cmpint(algorithm, !=, HRNET_CONV_AUTO);
    g_assert_cmpint(algorithm, !=, HRNET_CONV_WINO4);
}

static void count_progress(const gchar *layer, guint n_done, guint n_total, gpointer data)
{
    guint *n_calls = data;
    g_assert_nonnull(layer);
    g_assert_cmpuint(n_done, ==, *n_calls);
    g_assert_cmpuint(n_done, <, n_total);
    (*n_calls)++;
}

static guint count_algorithm(const gchar *name)
{
    g_autoptr(HrnetModel) model = hrnet_model_load(g_getenv("HRNET_TEST_MODEL"), NULL, NULL);
    g_autoptr(HrnetSession) session = hrnet_session_new(model, 0, 0, 1, HRNET_PRECISION_FP32, NULL);
    guint n = 0;
    for (guint i = 0; i < hrnet_session_get_n_layers(session); i++) {
        HrnetLayer layer;
        hrnet_session_get_layer(session, i, &layer);
        n += g_str_equal(layer.algorithm, name);
    }
    return n;
}

/* A model is tuned, and the plan decides only when the environment says so. */
static void test_model(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) model = hrnet_model_load(g_getenv("HRNET_TEST_MODEL"), NULL, &error);
    guint n_calls = 0;
    g_assert_true(hrnet_model_tune(model, 32, 48, 2, count_progress, &n_calls, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(n_calls, >, 10);
    g_assert_false(hrnet_model_tune(model, 8, 8, 2, NULL, NULL, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);

    g_autofree gchar *path = tuning_path();
    g_autofree gchar *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autoptr(GString) changed = g_string_new(text);
    g_string_replace(changed, "=wino4", "=gemm", 0);
    g_string_replace(changed, "=direct", "=gemm", 0);
    g_assert_true(g_file_set_contents(path, changed->str, -1, NULL));
    const guint n_before = count_algorithm("gemm");
    g_setenv("HRNET_PLAN", "tuned", TRUE);
    const guint n_tuned = count_algorithm("gemm");
    g_unsetenv("HRNET_PLAN");
    g_assert_cmpuint(count_algorithm("gemm"), ==, n_before);
    g_assert_cmpuint(n_tuned, >, 50);
}

int main(int argc, char **argv)
{
    g_autofree gchar *cache = g_dir_make_tmp("hrnet-cache-XXXXXX", NULL);
    g_setenv("XDG_CACHE_HOME", cache, TRUE);
    g_unsetenv("HRNET_PLAN");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tuning/no-file", test_no_file); /* first: it is told once in a process */
    g_test_add_func("/tuning/nearest", test_nearest);
    g_test_add_func("/tuning/broken-file", test_broken_file);
    g_test_add_func("/tuning/broken-values", test_broken_values);
    g_test_add_func("/tuning/full", test_full);
    g_test_add_func("/tuning/measure", test_measure);
    g_test_add_func("/tuning/model", test_model);
    const int status = g_test_run();
    g_autofree gchar *path = tuning_path();
    g_autofree gchar *folder = g_path_get_dirname(path);
    g_unlink(path);
    g_rmdir(folder);
    g_rmdir(cache);
    return status;
}
