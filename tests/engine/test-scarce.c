/* Memory that runs out at any place of a load, a session's making, a run, a conversion: an error
 * that says so, or what it would have been anyway, nothing left behind, and all well afterwards.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/scarce.h"
#include "support/scarcity.h"

#include <hrnet/hrnet.h>

#include <glib/gstdio.h>
#include <string.h>

#define WIDTH  70
#define HEIGHT 50

typedef struct {
    const gchar *model;
    const gchar *const *options;
    HrnetPrecision precision;
    guint n_threads;
} Case;

static gchar *folder;

static void check_error(GError *error)
{
    g_assert_nonnull(error);
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY);
    g_assert_true(g_utf8_validate(error->message, -1, NULL) && *error->message);
    g_assert_null(strchr(error->message, '\n'));
    g_error_free(error);
}

static HrnetModel *load(const Case *c)
{
    g_autoptr(GError) error = NULL;
    HrnetModel *model = hrnet_model_load(c->model, c->options, &error);
    g_assert_no_error(error);
    return model;
}

static HrnetSession *open_session(const Case *c, HrnetModel *model, guint height, GError **error)
{
    HrnetSession *session = hrnet_session_new(model, height, 96, c->n_threads, c->precision, error);
    if (session) {
        hrnet_session_set_smoothing(session, 100);
        hrnet_session_set_edge_refine(session, TRUE);
    }
    return session;
}

/* Of the n-th picture of a stream that begins anew. */
static HrnetMask *segment(HrnetSession *session, guint n, GError **error)
{
    static guint8 pixels[WIDTH * HEIGHT * 3];
    HrnetImage image;
    for (guint i = 0; i < sizeof pixels; i++)
        pixels[i] = (guint8)(i * 7 + i / 211 + n * 40);
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_RGB, WIDTH, HEIGHT);
    g_assert_true(hrnet_image_set_data(&image, pixels, sizeof pixels, 0, NULL));
    hrnet_session_reset_smoothing(session);
    return hrnet_session_segment_at(session, &image, n * 40000000, error);
}

static guint act_load(gconstpointer data, guint nth, gboolean lasting)
{
    const Case *c = data;
    GError *error = NULL;
    scarce_begin(nth, lasting);
    HrnetModel *model = hrnet_model_load(c->model, c->options, &error);
    if (model) {
        gchar *text = hrnet_model_describe(model);
        g_assert_nonnull(text);
        g_free(text);
        hrnet_model_unref(model);
    } else {
        g_assert_cmpuint(nth, >, 0);
        check_error(error);
    }
    return scarce_end();
}

#ifdef HAVE_PTH
/* A file that is no model, read to where that shows. */
static guint act_refuse(gconstpointer data, guint nth, gboolean lasting)
{
    const Case *c = data;
    GError *error = NULL;
    scarce_begin(nth, lasting);
    g_assert_null(hrnet_model_load(c->model, NULL, &error));
    /* libzip takes an archive whose end it has no memory to look at for none. */
    g_assert_cmpuint(error->domain, ==, HRNET_ERROR);
    g_error_free(error);
    return scarce_end();
}
#endif

/* A model's first session, which an int8 one reads the file for. */
static guint act_open(gconstpointer data, guint nth, gboolean lasting)
{
    const Case *c = data;
    g_autoptr(HrnetModel) model = load(c);
    GError *error = NULL;
    scarce_begin(nth, lasting);
    HrnetSession *session = open_session(c, model, 32, &error);
    const guint n = scarce_end();
    g_assert_true(session || nth);
    if (session)
        hrnet_session_unref(session);
    else
        check_error(error);
    return n;
}

/* As one that changes its size does: the new session, while the old one is there. */
static guint act_reshape(gconstpointer data, guint nth, gboolean lasting)
{
    const Case *c = data;
    g_autoptr(HrnetModel) model = load(c);
    g_autoptr(HrnetSession) former = open_session(c, model, 64, NULL);
    g_autoptr(HrnetMask) expected = segment(former, 1, NULL);
    g_assert_nonnull(expected);
    GError *error = NULL;
    scarce_begin(nth, lasting);
    HrnetSession *session = open_session(c, model, 32, &error);
    if (session) {
        hrnet_session_unref(session);
    } else {
        g_assert_cmpuint(nth, >, 0);
        check_error(error);
    }
    const guint n = scarce_end();
    g_autoptr(HrnetMask) mask = segment(former, 1, NULL);
    g_assert_nonnull(mask);
    g_assert_cmpmem(hrnet_mask_get_labels(mask, NULL), WIDTH * HEIGHT,
                    hrnet_mask_get_labels(expected, NULL), WIDTH * HEIGHT);
    return n;
}

/* A session's first frame, and what else a frame may need; then the same with plenty. */
static guint act_run(gconstpointer data, guint nth, gboolean lasting)
{
    const Case *c = data;
    g_autoptr(HrnetModel) model = load(c);
    g_autoptr(HrnetSession) other = open_session(c, model, 64, NULL);
    g_autoptr(HrnetSession) session = open_session(c, model, 64, NULL);
    g_autoptr(HrnetMask) expected = segment(other, 2, NULL);
    GError *error = NULL;
    scarce_begin(nth, lasting);
    HrnetMask *mask = segment(session, 2, &error);
    if (mask) {
        HrnetMask *scaled = hrnet_mask_scale(mask, 20, 30);
        hrnet_session_get_logits(session, NULL);
        g_assert_cmpmem(hrnet_mask_get_labels(mask, NULL), WIDTH * HEIGHT,
                        hrnet_mask_get_labels(expected, NULL), WIDTH * HEIGHT);
        g_clear_pointer(&scaled, hrnet_mask_unref);
        hrnet_mask_unref(mask);
    } else {
        g_assert_cmpuint(nth, >, 0);
        check_error(error);
    }
    const guint n = scarce_end();
    g_autoptr(HrnetMask) again = segment(session, 2, NULL);
    g_assert_nonnull(again);
    g_assert_cmpmem(hrnet_mask_get_labels(again, NULL), WIDTH * HEIGHT,
                    hrnet_mask_get_labels(expected, NULL), WIDTH * HEIGHT);
    return n;
}

static guint n_files(void)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint n = 0;
    while (g_dir_read_name(dir))
        n++;
    return n;
}

static guint act_convert(gconstpointer data, guint nth, gboolean lasting)
{
    const Case *c = data;
    g_autofree gchar *path = g_build_filename(folder, "converted.safetensors", NULL);
    const guint n_before = n_files();
    GError *error = NULL;
    scarce_begin(nth, lasting);
    const gboolean made = hrnet_model_convert(c->model, c->options, path,
                                              HRNET_CONVERT_HALF | HRNET_CONVERT_SELFTEST, &error);
    g_assert_true(made || nth);
    if (!made)
        check_error(error);
    const guint n = scarce_end();
    g_assert_cmpuint(n_files(), ==, n_before + (made ? 1 : 0));
    if (made) {
        g_autoptr(HrnetModel) model = hrnet_model_load(path, NULL, &error);
        g_assert_no_error(error);
        g_assert_true(hrnet_model_selftest(model, &error));
        g_assert_no_error(error);
        g_unlink(path);
    }
    return n;
}

static gchar **calibrate(const Case *c, GError **error)
{
    static guint8 pixels[WIDTH * HEIGHT * 3];
    g_autoptr(HrnetModel) model = hrnet_model_load(c->model, NULL, error);
    g_autoptr(HrnetCalibration) calibration =
        model ? hrnet_calibration_new(model, c->n_threads, error) : NULL;
    HrnetImage image;
    for (guint i = 0; i < sizeof pixels; i++)
        pixels[i] = (guint8)(i * 7 + i / 211);
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_RGB, WIDTH, HEIGHT);
    g_assert_true(hrnet_image_set_data(&image, pixels, sizeof pixels, 0, NULL));
    if (!calibration || !hrnet_calibration_add(calibration, &image, error))
        return NULL;
    return hrnet_calibration_get_options(calibration, error);
}

static guint act_calibrate(gconstpointer data, guint nth, gboolean lasting)
{
    GError *error = NULL;
    scarce_begin(nth, lasting);
    gchar **options = calibrate(data, &error);
    g_assert_true(options || nth);
    if (options)
        g_strfreev(options);
    else
        check_error(error);
    return scarce_end();
}

/* Files of the readers' fuzzers, and what these put before and after them. */
static gchar *read_corpus(const gchar *name, gsize *n_bytes)
{
    g_autoptr(GError) error = NULL;
    g_autofree gchar *path = g_build_filename(g_getenv("HRNET_CORPUS"), name, NULL);
    gchar *bytes;
    g_file_get_contents(path, &bytes, n_bytes, &error);
    g_assert_no_error(error);
    return bytes;
}

static gchar *write_checkpoint(const gchar *name, GByteArray *bytes)
{
    g_autoptr(GError) error = NULL;
    gchar *path = g_build_filename(folder, name, NULL);
    g_file_set_contents(path, (const gchar *)bytes->data, bytes->len, &error);
    g_assert_no_error(error);
    return path;
}

static gchar *write_behind(const gchar *name, const void *start, gsize n_start, const gchar *corpus)
{
    gsize n;
    g_autofree gchar *rest = read_corpus(corpus, &n);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    if (n_start)
        g_byte_array_append(bytes, start, (guint)n_start);
    g_byte_array_append(bytes, (const guint8 *)rest, (guint)n);
    return write_checkpoint(name, bytes);
}

static gchar *write_legacy(void)
{
    static const gchar start[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
                                 "\x80\x02M\xe9\x03."
                                 "\x80\x02}X\x0d\0\0\0little_endian\x88s.";
    return write_behind("legacy.pth", start, sizeof start - 1, "pth_legacy/network");
}

static gchar *write_safetensors(void)
{
    static const guint8 zeros[G_MAXUINT16];
    gsize n;
    g_autofree gchar *header = read_corpus("safetensors/network", &n);
    const guint8 *n_data = (const guint8 *)header;
    const guint64 n_header = GUINT64_TO_LE((guint64)n - 2);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)&n_header, sizeof n_header);
    g_byte_array_append(bytes, (const guint8 *)header + 2, (guint)n - 2);
    g_byte_array_append(bytes, zeros, n_data[0] | (guint)n_data[1] << 8);
    return write_checkpoint("network.safetensors", bytes);
}

typedef struct {
    ScarcityAct act;
    Case c;
} Test;

static void run_test(gconstpointer data)
{
    const Test *test = data;
    scarcity_try(test->act, &test->c, 10);
}

static void add(const gchar *name, ScarcityAct act, const gchar *model, gchar **int8)
{
    Test *test = g_new0(Test, 1);
    g_autofree gchar *path = g_strconcat("/scarce/", name, NULL);
    test->act = act;
    test->c = (Case){ model, (const gchar *const *)int8,
                      int8 ? HRNET_PRECISION_INT8 : HRNET_PRECISION_FP32, 2 };
    g_test_add_data_func_full(path, test, run_test, g_free);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("hrnet-XXXXXX", NULL);
    const gchar *model = g_getenv("HRNET_TEST_MODEL");
    g_autofree gchar *safetensors = write_safetensors(), *legacy = write_legacy(),
                     *zip = write_behind("zip.pth", NULL, 0, "pth_zip/network"),
                     *onnx = write_behind("norm.onnx", NULL, 0, "onnx/norm");
    const Case plain = { model, NULL, HRNET_PRECISION_FP32, 1 };
    g_auto(GStrv) int8 = calibrate(&plain, NULL);
    g_assert_nonnull(int8);
    add("load/model", act_load, model, NULL);
    add("load/safetensors", act_load, safetensors, NULL);
#ifdef HAVE_PTH
    add("load/pth-legacy", act_load, legacy, NULL);
    add("refuse/pth-zip", act_refuse, zip, NULL);
#endif
#ifdef HAVE_ONNX
    add("load/onnx", act_load, onnx, NULL);
#endif
    add("convert", act_convert, model, NULL);
    add("open/fp32", act_open, model, NULL);
    add("open/int8", act_open, model, int8);
    add("reshape", act_reshape, model, NULL);
    add("run/fp32", act_run, model, NULL);
    add("run/int8", act_run, model, int8);
    add("calibrate", act_calibrate, model, NULL);
    const int status = g_test_run();
    const gchar *const made[] = { safetensors, legacy, zip, onnx };
    for (guint i = 0; i < G_N_ELEMENTS(made); i++)
        g_unlink(made[i]);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
    return status;
}
