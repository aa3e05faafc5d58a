/* The public API: lookups, errors, lifetimes, threads.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <hrnet/hrnet.h>

#include <glib/gstdio.h>

#include <string.h>

#include "support/unfinite.h"

#define HEIGHT 48
#define WIDTH  65

static HrnetModel *load_test_model(void)
{
    g_autoptr(GError) error = NULL;
    HrnetModel *model = hrnet_model_load(g_getenv("HRNET_TEST_MODEL"), NULL, &error);
    g_assert_no_error(error);
    return model;
}

static HrnetSession *new_session(HrnetModel *model)
{
    g_autoptr(GError) error = NULL;
    HrnetSession *session = hrnet_session_new(model, 64, 96, 2, HRNET_PRECISION_FP32, &error);
    g_assert_no_error(error);
    return session;
}

/* Pixels of an RGB image that differ from place to place. */
static guint8 *new_pixels(void)
{
    guint8 *pixels = g_malloc(HEIGHT * WIDTH * 3);
    for (guint i = 0; i < HEIGHT * WIDTH * 3; i++)
        pixels[i] = (guint8)(i * 7 + i / 333);
    return pixels;
}

static HrnetImage rgb_image(guint8 *pixels)
{
    HrnetImage image;
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_RGB, WIDTH, HEIGHT);
    g_assert_true(hrnet_image_set_data(&image, pixels, HEIGHT * WIDTH * 3, 0, NULL));
    return image;
}

/* Scores that are no numbers are a failure, of frames and of tensors, with smoothing as without;
 * what comes after them is as before. */
static void test_unfinite(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree gchar *path = unfinite_model_new(g_getenv("HRNET_TEST_MODEL"));
    g_autoptr(HrnetModel) model = hrnet_model_load(path, NULL, &error);
    g_assert_no_error(error);
    g_unlink(path);
    g_autoptr(HrnetSession) session = new_session(model);
    g_autofree guint8 *pixels = new_pixels();
    const HrnetImage image = rgb_image(pixels);
    for (guint i = 0; i < 4; i++) {
        hrnet_session_set_smoothing(session, i % 2 ? 100 : 0);
        hrnet_session_set_edge_refine(session, i > 1);
        g_assert_null(hrnet_session_segment_at(session, &image, i * 1000000, &error));
        g_assert_error(error, HRNET_ERROR, HRNET_ERROR_NOT_FINITE);
        g_assert_true(g_str_has_prefix(error->message, path));
        g_clear_error(&error);
    }
    guint classes, height, width;
    hrnet_session_get_logits_size(session, &classes, &height, &width);
    const gsize n_logits = (gsize)classes * height * width, n_input = 3 * 64 * 96;
    g_autofree gfloat *logits = g_new(gfloat, n_logits), *input = g_new0(gfloat, n_input);
    g_assert_false(hrnet_session_run(session, input, n_input, logits, n_logits, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_NOT_FINITE);
    g_clear_error(&error);

    g_autoptr(HrnetModel) good = load_test_model();
    g_autoptr(HrnetSession) other = new_session(good);
    g_autoptr(HrnetMask) mask = hrnet_session_segment(other, &image, &error);
    g_assert_no_error(error);
    g_assert_nonnull(mask);
}

static void test_model(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    guint height, width;
    g_assert_cmpstr(hrnet_model_get_variant(model), ==, "W18-Small-v1");
    g_assert_cmpuint(hrnet_model_get_n_labels(model), ==, 4);
    g_assert_cmpstr(hrnet_model_get_classes(model)[0], ==, "unlabelled");
    g_assert_cmpstr(hrnet_model_get_classes(model)[2], ==, "person");
    g_assert_null(hrnet_model_get_classes(model)[4]);
    g_assert_cmphex(hrnet_model_get_color(model, 2), ==, 0xdc143c);
    g_assert_cmphex(hrnet_model_get_color(model, 0), ==, 0);
    g_assert_cmphex(hrnet_model_get_color(model, 4), ==, 0);
    g_assert_false(hrnet_model_is_foreground(model, 1));
    g_assert_true(hrnet_model_is_foreground(model, 3));
    g_assert_false(hrnet_model_is_foreground(model, 200));
    hrnet_model_get_input_size(model, &height, &width);
    g_assert_cmpuint(height, ==, 64);
    g_assert_cmpuint(width, ==, 96);
    g_assert_cmpstr(hrnet_model_get_metadata(model, "license"), ==, "none: made by a formula");
    g_assert_null(hrnet_model_get_metadata(model, "nothing"));
    g_autofree gchar *text = hrnet_model_describe(model);
    g_assert_nonnull(strstr(text, "stage 2: 1 module, basic blocks 2 2, channels 16 32\n"));
    g_assert_cmpfloat(hrnet_model_get_gmac(model, 512, 1024), >, 8.2);
}

static void test_find_label(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    g_assert_cmpint(hrnet_model_find_label(model, "person"), ==, 2);
    g_assert_cmpint(hrnet_model_find_label(model, "CAR"), ==, 3);
    g_assert_cmpint(hrnet_model_find_label(model, "1"), ==, 1);
    g_assert_cmpint(hrnet_model_find_label(model, "unlabelled"), ==, 0);
    g_assert_cmpint(hrnet_model_find_label(model, "4"), ==, -1);
    g_assert_cmpint(hrnet_model_find_label(model, "-1"), ==, -1);
    g_assert_cmpint(hrnet_model_find_label(model, "tree"), ==, -1);
    g_assert_cmpint(hrnet_model_find_label(model, ""), ==, -1);
}

static void assert_load_fails(const gchar *name, const gchar *const *options, HrnetError code,
                              const gchar *says)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(hrnet_model_load(name, options, &error));
    g_assert_error(error, HRNET_ERROR, (gint)code);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, says));
}

static void test_load_errors(void)
{
    const gchar *const bad_value[] = { "hrnet.upsample=cubic", NULL };
    const gchar *const bad_key[] = { "colour=red", NULL };
    const gchar *const not_a_pair[] = { "upsample", NULL };
    const gchar *path = g_getenv("HRNET_TEST_MODEL");
    assert_load_fails("no-such-model", NULL, HRNET_ERROR_NOT_FOUND, "no-such-model");
    assert_load_fails("", NULL, HRNET_ERROR_NOT_FOUND, "");
    assert_load_fails("./no/such.safetensors", NULL, HRNET_ERROR_NOT_FOUND,
                      "./no/such.safetensors");
    assert_load_fails("/", NULL, HRNET_ERROR_NOT_FOUND, "/");
    assert_load_fails(path, bad_value, HRNET_ERROR_INVALID_ARGUMENT, "cubic");
    assert_load_fails(path, bad_key, HRNET_ERROR_INVALID_ARGUMENT, "colour");
    assert_load_fails(path, not_a_pair, HRNET_ERROR_INVALID_ARGUMENT, "upsample");
}

static void test_model_path(void)
{
    g_autofree gchar *folder = g_path_get_dirname(g_getenv("HRNET_TEST_MODEL"));
    g_autofree gchar *folders = g_strdup_printf("/nowhere::%s", folder);
    g_autoptr(GError) error = NULL;
    g_setenv("HRNET_MODEL_PATH", folders, TRUE);
    g_autoptr(HrnetModel) model = hrnet_model_load("test", NULL, &error);
    g_unsetenv("HRNET_MODEL_PATH");
    g_assert_no_error(error);
    g_assert_cmpstr(hrnet_model_get_name(model), ==, "test");
    g_assert_cmpstr(hrnet_model_get_path(model), ==, g_getenv("HRNET_TEST_MODEL"));
}

/* A dot makes no path of a name, unless there is a file of that very name. */
static void test_model_name_with_dot(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree gchar *folder = g_dir_make_tmp("hrnet-XXXXXX", &error);
    g_autofree gchar *path = g_build_filename(folder, "city-v1.2.safetensors", NULL);
    g_autofree gchar *before = g_get_current_dir();
    g_autofree gchar *bytes = NULL;
    gsize n_bytes;
    g_assert_true(g_file_get_contents(g_getenv("HRNET_TEST_MODEL"), &bytes, &n_bytes, &error));
    g_assert_true(g_file_set_contents(path, bytes, (gssize)n_bytes, &error));
    g_setenv("HRNET_MODEL_PATH", folder, TRUE);
    g_autoptr(HrnetModel) by_name = hrnet_model_load("city-v1.2", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(hrnet_model_get_path(by_name), ==, path);
    g_assert_cmpint(g_chdir(folder), ==, 0);
    g_autoptr(HrnetModel) by_path = hrnet_model_load("city-v1.2.safetensors", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(hrnet_model_get_path(by_path), ==, "city-v1.2.safetensors");
    g_assert_cmpint(g_chdir(before), ==, 0);
    g_unsetenv("HRNET_MODEL_PATH");
    g_unlink(path);
    g_rmdir(folder);
}

/* As many pixels as asked for, or nearly, in the shape asked for: sides are rounded to 32. */
static void test_fit_size(void)
{
    const gdouble aspects[] = { 16.0 / 9, 9.0 / 16, 1, 4.0 / 3, 2.39, 0.5 };
    guint height, width;
    for (guint i = 0; i < G_N_ELEMENTS(aspects); i++) {
        hrnet_session_fit_size(512 * 1024, aspects[i], &height, &width);
        g_assert_cmpuint(height % 32 + width % 32, ==, 0);
        g_assert_cmpfloat_with_epsilon((gdouble)width / height, aspects[i], 0.06 * aspects[i]);
        g_assert_cmpfloat_with_epsilon(height * width / (512.0 * 1024), 1, 0.06);
    }
    hrnet_session_fit_size(256 * 448, 16.0 / 9, &height, &width);
    g_assert_cmpuint(height, ==, 256);
    g_assert_cmpuint(width, ==, 448);
    /* Shapes that it cannot keep. */
    hrnet_session_fit_size(256 * 448, 1000, &height, &width);
    g_assert_cmpuint(height, ==, 32);
    g_assert_cmpuint(width, ==, 3584);
    hrnet_session_fit_size(256 * 448, 0.001, &height, &width);
    g_assert_cmpuint(height, ==, 3584);
    g_assert_cmpuint(width, ==, 32);
    hrnet_session_fit_size(1, 1, &height, &width);
    g_assert_cmpuint(height * width, ==, 32 * 32);
    hrnet_session_fit_size(G_MAXUINT64, 1, &height, &width);
    g_assert_cmpuint(MAX(height, width), ==, HRNET_SESSION_MAX_SIZE);
}

static void test_session_errors(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    const guint sizes[][2] = { { 15, 64 }, { 64, 15 }, { 8193, 64 }, { 64, G_MAXUINT } };
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(
            hrnet_session_new(model, sizes[i][0], sizes[i][1], 1, HRNET_PRECISION_FP32, &error));
        g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(hrnet_session_new(model, 64, 64, 1, (HrnetPrecision)7, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
    g_clear_error(&error);

    g_autoptr(HrnetSession) session = new_session(model);
    gfloat few[4] = { 0 };
    g_assert_false(hrnet_session_run(session, few, 4, few, 4, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
}

static void test_image_errors(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    g_autoptr(HrnetSession) session = new_session(model);
    g_autofree guint8 *pixels = new_pixels();
    HrnetImage images[6];
    for (guint i = 0; i < G_N_ELEMENTS(images); i++)
        images[i] = rgb_image(pixels);
    images[0].width = 0;
    images[1].height = HRNET_IMAGE_MAX_SIZE + 1;
    images[2].format = (HrnetPixelFormat)99;
    images[3].planes[0] = NULL;
    images[4].strides_bytes[0] = WIDTH * 3 - 1;
    images[5].kr = 1.5;
    for (guint i = 0; i < G_N_ELEMENTS(images); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(hrnet_session_segment(session, &images[i], &error));
        g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
    }
    g_autoptr(GError) error = NULL;
    HrnetImage image;
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_NV12, WIDTH, HEIGHT);
    g_assert_false(hrnet_image_set_data(&image, pixels, WIDTH * HEIGHT, 0, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
}

static void test_paint_size(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    g_autoptr(HrnetSession) session = new_session(model);
    g_autofree guint8 *pixels = new_pixels();
    const HrnetImage image = rgb_image(pixels);
    HrnetImage smaller = image;
    smaller.height--;
    g_autoptr(HrnetMask) mask = hrnet_session_segment(session, &image, NULL);
    const guint32 argb[] = { 0, 0xff000000 };
    g_autoptr(GError) error = NULL;
    g_assert_false(hrnet_image_paint(&smaller, mask, argb, 2, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
}

/* Labels on the edges alone, painted; and wrong arguments. */
static void test_outline(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    g_autoptr(HrnetSession) session = new_session(model);
    g_autofree guint8 *pixels = new_pixels();
    const HrnetImage image = rgb_image(pixels);
    g_autoptr(HrnetMask) mask = hrnet_session_segment(session, &image, NULL);
    gsize size;
    const guint8 *labels = hrnet_mask_get_labels(mask, &size);
    g_autofree guint8 *outline = g_malloc(size);
    const guint32 argb[] = { 0, 0xff000000 };

    g_assert_true(hrnet_mask_outline(mask, 1, outline, size));
    for (gsize i = 0; i < size; i++)
        g_assert_true(outline[i] == 0 || outline[i] == labels[i]);
    g_assert_false(hrnet_mask_outline(mask, 0, outline, size));
    g_assert_false(hrnet_mask_outline(mask, HRNET_OUTLINE_MAX_RADIUS + 1, outline, size));
    g_assert_false(hrnet_mask_outline(mask, 1, outline, size - 1));

    g_autoptr(GError) error = NULL;
    g_assert_true(hrnet_image_paint_labels(&image, outline, size, argb, 2, &error));
    g_assert_no_error(error);
    g_assert_false(hrnet_image_paint_labels(&image, outline, size + 1, argb, 2, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
}

static void test_mask_outlives_session(void)
{
    HrnetModel *model = load_test_model();
    HrnetSession *session = new_session(model);
    g_autofree guint8 *pixels = new_pixels();
    const HrnetImage image = rgb_image(pixels);
    HrnetMask *first = hrnet_session_segment(session, &image, NULL);
    HrnetMask *second = hrnet_session_segment(session, &image, NULL);
    g_assert_cmpuint(hrnet_session_get_n_masks(session), ==, 2);
    hrnet_mask_unref(second);
    second = hrnet_session_segment(session, &image, NULL);
    g_assert_cmpuint(hrnet_session_get_n_masks(session), ==, 2);
    hrnet_session_unref(session);
    hrnet_model_unref(model);

    gsize size;
    guint64 counts[4], sum = 0;
    const guint8 *labels = hrnet_mask_get_labels(first, &size);
    g_assert_cmpuint(size, ==, WIDTH * HEIGHT);
    g_assert_cmpuint(hrnet_mask_get_width(first), ==, WIDTH);
    g_assert_cmpuint(hrnet_mask_get_height(first), ==, HEIGHT);
    g_assert_cmpmem(labels, size, hrnet_mask_get_labels(second, NULL), size);
    hrnet_mask_count(first, counts, G_N_ELEMENTS(counts));
    g_assert_cmpuint(counts[0], ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        sum += counts[i];
    g_assert_cmpuint(sum, ==, size);
    hrnet_mask_unref(first);
    hrnet_mask_unref(second);
}

/* A new frame size in the middle of a stream, and back. */
static void test_changing_frames(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    g_autoptr(HrnetSession) session = new_session(model);
    g_autofree guint8 *pixels = new_pixels();
    const HrnetImage image = rgb_image(pixels);
    HrnetImage part = image;
    part.width = 17;
    part.height = 16;
    g_autoptr(HrnetMask) before = hrnet_session_segment(session, &image, NULL);
    g_autoptr(HrnetMask) other = hrnet_session_segment(session, &part, NULL);
    g_autoptr(HrnetMask) after = hrnet_session_segment(session, &image, NULL);
    g_assert_cmpuint(hrnet_mask_get_width(other), ==, 17);
    g_assert_cmpmem(hrnet_mask_get_labels(before, NULL), WIDTH * HEIGHT,
                    hrnet_mask_get_labels(after, NULL), WIDTH * HEIGHT);
}

typedef struct {
    HrnetModel *model;
    guint8 *pixels;
    const guint8 *expected;
} Stream;

static gpointer run_stream(gpointer data)
{
    const Stream *stream = data;
    g_autoptr(HrnetSession) session = new_session(stream->model);
    const HrnetImage image = rgb_image(stream->pixels);
    for (guint i = 0; i < 20; i++) {
        g_autoptr(HrnetMask) mask = hrnet_session_segment(session, &image, NULL);
        g_assert_cmpmem(hrnet_mask_get_labels(mask, NULL), WIDTH * HEIGHT, stream->expected,
                        WIDTH * HEIGHT);
    }
    return NULL;
}

/* Sessions in many threads share model and workers, and each gets its own result. */
static void test_threads(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    g_autofree guint8 *pixels = new_pixels();
    g_autoptr(HrnetSession) session = new_session(model);
    const HrnetImage image = rgb_image(pixels);
    g_autoptr(HrnetMask) mask = hrnet_session_segment(session, &image, NULL);
    Stream stream = { model, pixels, hrnet_mask_get_labels(mask, NULL) };
    GThread *threads[5];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("stream", run_stream, &stream);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

/* One thread and several give the same logits, bit by bit. */
static void test_thread_count(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    guint c, h, w;
    g_autofree gfloat *input = g_new(gfloat, 3 * 61 * 99);
    for (guint i = 0; i < 3 * 61 * 99; i++)
        input[i] = (gfloat)((i * 2654435761u) >> 16) / 32768.0f - 1.0f;
    g_autofree gfloat *one = NULL;
    for (guint n_threads = 1; n_threads <= 5; n_threads++) {
        g_autoptr(HrnetSession) session =
            hrnet_session_new(model, 61, 99, n_threads, HRNET_PRECISION_FP32, NULL);
        hrnet_session_get_logits_size(session, &c, &h, &w);
        const gsize n = (gsize)c * h * w;
        g_autofree gfloat *logits = g_new(gfloat, n);
        g_assert_true(hrnet_session_run(session, input, 3 * 61 * 99, logits, n, NULL));
        if (!one)
            one = g_steal_pointer(&logits);
        else
            g_assert_cmpmem(one, n * sizeof *one, logits, n * sizeof *logits);
    }
}

static void test_layers(void)
{
    g_autoptr(HrnetModel) model = load_test_model();
    g_autoptr(HrnetSession) session = new_session(model);
    g_autofree guint8 *pixels = new_pixels();
    const HrnetImage image = rgb_image(pixels);
    hrnet_session_set_profiling(session, TRUE);
    g_autoptr(HrnetMask) mask = hrnet_session_segment(session, &image, NULL);
    g_assert_nonnull(mask);
    gdouble gmac = 0;
    guint64 nanoseconds = 0;
    for (guint i = 0; i < hrnet_session_get_n_layers(session); i++) {
        HrnetLayer layer;
        hrnet_session_get_layer(session, i, &layer);
        g_assert_nonnull(layer.name);
        g_assert_nonnull(layer.algorithm);
        gmac += layer.gmac;
        nanoseconds += layer.nanoseconds;
    }
    g_assert_cmpfloat_with_epsilon(gmac, hrnet_model_get_gmac(model, 64, 96), 1e-9);
    g_assert_cmpuint(nanoseconds, >, 0);
}

/* A format's name is GStreamer's, in which some letters may be small. */
static void test_format_names(void)
{
#define FORMAT(name)                                                                               \
    {                                                                                              \
        HRNET_PIXEL_FORMAT_##name, #name                                                           \
    }
    static const struct {
        HrnetPixelFormat format;
        const gchar *name;
    } formats[] = {
        FORMAT(I420), FORMAT(YV12),  FORMAT(NV12),      FORMAT(NV21),      FORMAT(YUY2),
        FORMAT(UYVY), FORMAT(RGB),   FORMAT(BGR),       FORMAT(RGBX),      FORMAT(BGRX),
        FORMAT(XRGB), FORMAT(XBGR),  FORMAT(RGBA),      FORMAT(BGRA),      FORMAT(ARGB),
        FORMAT(ABGR), FORMAT(GRAY8), FORMAT(Y42B),      FORMAT(Y444),      FORMAT(NV16),
        FORMAT(YVYU), FORMAT(VYUY),  FORMAT(P010_10LE), FORMAT(I420_10LE), FORMAT(GRAY16_LE),
    };
#undef FORMAT
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        const gchar *name = hrnet_pixel_format_get_name(formats[i].format);
        g_assert_cmpuint(formats[i].format, ==, i);
        g_assert_true(g_ascii_strcasecmp(name, formats[i].name) == 0);
    }
    g_assert_null(hrnet_pixel_format_get_name((HrnetPixelFormat)G_N_ELEMENTS(formats)));
    g_assert_null(hrnet_pixel_format_get_name((HrnetPixelFormat)-1));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/model", test_model);
    g_test_add_func("/api/unfinite", test_unfinite);
    g_test_add_func("/api/find-label", test_find_label);
    g_test_add_func("/api/load-errors", test_load_errors);
    g_test_add_func("/api/model-path", test_model_path);
    g_test_add_func("/api/model-path-with-dot", test_model_name_with_dot);
    g_test_add_func("/api/fit-size", test_fit_size);
    g_test_add_func("/api/session-errors", test_session_errors);
    g_test_add_func("/api/image-errors", test_image_errors);
    g_test_add_func("/api/paint-size", test_paint_size);
    g_test_add_func("/api/outline", test_outline);
    g_test_add_func("/api/mask-outlives-session", test_mask_outlives_session);
    g_test_add_func("/api/changing-frames", test_changing_frames);
    g_test_add_func("/api/threads", test_threads);
    g_test_add_func("/api/thread-count", test_thread_count);
    g_test_add_func("/api/layers", test_layers);
    g_test_add_func("/api/format-names", test_format_names);
    return g_test_run();
}
