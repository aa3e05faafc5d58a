/* Whole networks in int8: the same bits on every instruction set, in any number of threads and in
 * any mode of the host; near fp32; and what is refused.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"
#include "kernels/kernels.h"
#include "net/int8_ranges.h"

#include <fenv.h>
#include <math.h>
#include <string.h>

#define WIDTH  101
#define HEIGHT 61
#define ROWS   64 /* of the network's input */
#define LINE   96

static const gchar *model_path(void)
{
    return g_getenv("HRNET_TEST_MODEL");
}

static HrnetModel *load(const gchar *const *options)
{
    g_autoptr(GError) error = NULL;
    HrnetModel *model = hrnet_model_load(model_path(), options, &error);
    g_assert_no_error(error);
    return model;
}

/* Ranges that are made up, and so the same whatever computes: the spread of this model's tensors,
 * about. */
static gchar **made_up_options(void)
{
    g_autoptr(HrnetModel) model = load(NULL);
    const HrnetNetwork *network = hrnet_model_peek_network(model);
    g_autofree HrnetInt8Span *spans = g_new0(HrnetInt8Span, network->graph->tensors->len);
    for (guint i = 0; i < network->graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(network->graph, i);
        const gdouble high = 1.5 + 0.25 * (i % 5);
        spans[node->out] = (HrnetInt8Span){ node->relu ? 0 : -high, high };
    }
    g_autofree gchar *ranges = hrnet_int8_ranges_write(network->graph, spans);
    g_autofree gchar *hash = hrnet_int8_hash_write(network->fingerprint);
    gchar **options = g_new0(gchar *, 3);
    options[0] = g_strconcat(HRNET_INT8_RANGES_KEY "=", ranges, NULL);
    options[1] = g_strconcat(HRNET_INT8_HASH_KEY "=", hash, NULL);
    return options;
}

static guint32 noise(guint32 i)
{
    i = (i ^ i >> 16) * 0x85ebca6bu;
    i = (i ^ i >> 13) * 0xc2b2ae35u;
    return i ^ i >> 16;
}

/* Waves with some noise: shapes for the network to see. */
static void fill_pixels(guint8 *pixels, gsize n)
{
    for (gsize i = 0; i < n; i++)
        pixels[i] = (guint8)(128 + 90 * (gint)(noise((guint32)(i / 640)) % 3) - 90 +
                             (gint)(noise((guint32)i) % 30));
}

/* A frame of a format, whose planes lie in pixels. */
static HrnetImage frame_of(HrnetPixelFormat format, guint8 *pixels)
{
    const gsize chroma_width = (WIDTH + 1) / 2, chroma_height = (HEIGHT + 1) / 2;
    HrnetImage image;
    hrnet_image_init(&image, format, WIDTH, HEIGHT);
    image.planes[0] = pixels;
    image.strides_bytes[0] = WIDTH;
    if (format == HRNET_PIXEL_FORMAT_RGB) {
        image.strides_bytes[0] = 3 * WIDTH;
        return image;
    }
    image.planes[1] = pixels + WIDTH * HEIGHT;
    image.strides_bytes[1] = format == HRNET_PIXEL_FORMAT_NV12 ? 2 * chroma_width : chroma_width;
    if (format == HRNET_PIXEL_FORMAT_I420) {
        image.planes[2] = image.planes[1] + chroma_width * chroma_height;
        image.strides_bytes[2] = chroma_width;
    }
    return image;
}

static guint64 add_bytes(guint64 sum, gconstpointer bytes, gsize n)
{
    for (gsize i = 0; i < n; i++)
        sum = (sum ^ ((const guint8 *)bytes)[i]) * G_GUINT64_CONSTANT(0x100000001b3);
    return sum;
}

/* Of the labels and the logits of a frame. */
static guint64 checksum(HrnetSession *session, const HrnetImage *image)
{
    g_autoptr(GError) error = NULL;
    gsize n_labels, n_logits;
    g_autoptr(HrnetMask) mask = hrnet_session_segment(session, image, &error);
    g_assert_no_error(error);
    const guint8 *labels = hrnet_mask_get_labels(mask, &n_labels);
    const gfloat *logits = hrnet_session_get_logits(session, &n_logits);
    const guint64 sum = add_bytes(G_GUINT64_CONSTANT(0xcbf29ce484222325), labels, n_labels);
    return add_bytes(sum, logits, n_logits * sizeof *logits);
}

static HrnetSession *int8_session(HrnetModel *model, guint n_threads)
{
    g_autoptr(GError) error = NULL;
    HrnetSession *session =
        hrnet_session_new(model, ROWS, LINE, n_threads, HRNET_PRECISION_INT8, &error);
    g_assert_no_error(error);
    g_assert_cmpint(hrnet_session_get_precision(session), ==, HRNET_PRECISION_INT8);
    return session;
}

/* Found on one computer, to be found on all. */
static const struct {
    HrnetPixelFormat format;
    guint64 sum;
} known[] = {
    { HRNET_PIXEL_FORMAT_RGB, G_GUINT64_CONSTANT(0xe921483a7a1f6036) },
    { HRNET_PIXEL_FORMAT_I420, G_GUINT64_CONSTANT(0x5633814a4ea5a89e) },
    { HRNET_PIXEL_FORMAT_NV12, G_GUINT64_CONSTANT(0x7fe596f1aac3ede3) },
};

static void check_known(HrnetModel *model, guint n_threads)
{
    g_autofree guint8 *pixels = g_new(guint8, 3 * WIDTH * HEIGHT);
    g_autoptr(HrnetSession) session = int8_session(model, n_threads);
    fill_pixels(pixels, 3 * WIDTH * HEIGHT);
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        const HrnetImage image = frame_of(known[i].format, pixels);
        g_assert_cmphex(checksum(session, &image), ==, known[i].sum);
    }
}

static void test_same_bits(void)
{
    g_auto(GStrv) options = made_up_options();
    g_autoptr(HrnetModel) model = load((const gchar *const *)options);
    for (guint n_threads = 1; n_threads <= 4; n_threads++)
        check_known(model, n_threads);
}

/* Loading, packing and running with other directions of rounding, and denormals flushed. */
static void test_modes(void)
{
    static const int roundings[] = { FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    for (guint i = 0; i < G_N_ELEMENTS(roundings); i++) {
        g_auto(GStrv) options = made_up_options();
        fesetround(roundings[i]);
#if defined(__x86_64__)
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040u);
#endif
        HrnetModel *model = load((const gchar *const *)options);
        check_known(model, 1);
        hrnet_model_unref(model);
        fesetenv(FE_DFL_ENV);
    }
}

/* Ranges from pictures bring int8 near fp32. */
static void test_calibration(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) plain = load(NULL);
    g_autoptr(HrnetCalibration) calibration = hrnet_calibration_new(plain, 2, &error);
    g_autofree guint8 *pixels = g_new(guint8, 3 * WIDTH * HEIGHT);
    g_assert_no_error(error);
    g_assert_null(hrnet_calibration_get_options(calibration, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
    g_clear_error(&error);
    fill_pixels(pixels, 3 * WIDTH * HEIGHT);
    const HrnetImage image = frame_of(HRNET_PIXEL_FORMAT_RGB, pixels);
    g_assert_true(hrnet_calibration_add(calibration, &image, &error));
    g_auto(GStrv) options = hrnet_calibration_get_options(calibration, &error);
    g_assert_no_error(error);
    /* So that those are tested as well. */
    g_assert_nonnull(strpbrk(strstr(options[1], "shifts="), "123456789"));

    gsize n;
    g_autoptr(HrnetModel) model = load((const gchar *const *)options);
    g_autoptr(HrnetSession) session = int8_session(model, 2);
    g_autoptr(HrnetSession) other =
        hrnet_session_new(model, ROWS, LINE, 2, HRNET_PRECISION_FP32, NULL);
    hrnet_mask_unref(hrnet_session_segment(session, &image, NULL));
    hrnet_mask_unref(hrnet_session_segment(other, &image, NULL));
    const gfloat *got = hrnet_session_get_logits(session, &n);
    const gfloat *expected = hrnet_session_get_logits(other, &n);
    gdouble error_sum = 0, sum = 0, mean = 0;
    for (gsize i = 0; i < n; i++)
        mean += expected[i] / (gdouble)n;
    for (gsize i = 0; i < n; i++) {
        error_sum += pow((gdouble)got[i] - (gdouble)expected[i], 2);
        sum += pow((gdouble)expected[i] - mean, 2);
    }
    g_test_message("error %g of the logits' deviation", sqrt(error_sum / sum));
    g_assert_cmpfloat(sqrt(error_sum / sum), <, 0.1);
}

static void assert_refused(const gchar *const *options, const gchar *reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) model = load(options);
    g_assert_null(hrnet_session_new(model, ROWS, LINE, 1, HRNET_PRECISION_INT8, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull(strstr(error->message, reason));
    g_assert_null(strchr(error->message, '\n'));
    /* fp32 is as before. */
    g_clear_error(&error);
    hrnet_session_unref(hrnet_session_new(model, ROWS, LINE, 1, HRNET_PRECISION_FP32, &error));
    g_assert_no_error(error);
}

static void test_refused(void)
{
    g_auto(GStrv) good = made_up_options();
    const gchar *const no_hash[] = { good[0], NULL };
    const gchar *const other_mean[] = { good[0], good[1], "mean=[0.4,0.4,0.4]", NULL };
    const gchar *const no_object[] = { "hrnet.int8.ranges=[1]", good[1], NULL };
    const gchar *const no_node[] = { "hrnet.int8.ranges={\"conv1\":[0,1]}", good[1], NULL };
    const gchar *const twisted[] = { "hrnet.int8.ranges={\"conv1\":[1,0]}", good[1], NULL };
    const gchar *const no_json[] = { "hrnet.int8.ranges={", good[1], NULL };
    const gchar *const shifted[] = { good[0], good[1], "hrnet.int8.shifts={\"conv1\":\"12\"}",
                                     NULL };
    const gchar *const unknown[] = { good[0], good[1], "hrnet.int8.shifts={\"conv0\":\"0\"}",
                                     NULL };
    const gchar *const no_shifts[] = { good[0], good[1], "hrnet.int8.shifts=7", NULL };
    const gchar *const twice[] = { good[0], good[1], "exchange_twice=true", NULL };
    assert_refused(NULL, "holds no ranges");
    assert_refused(no_hash, "of other weights or options");
    assert_refused(other_mean, "of other weights or options");
    assert_refused(no_object, "no JSON object");
    assert_refused(no_node, "\"conv2\" has no range");
    assert_refused(twisted, "\"conv1\" has no range");
    assert_refused(no_json, "hrnet.int8.ranges");
    assert_refused(shifted, "\"conv1\" has no digit for each of its channels");
    assert_refused(unknown, "names tensors that the network has not");
    assert_refused(no_shifts, "no JSON object");
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) model = load(twice);
    g_assert_null(hrnet_session_new(model, ROWS, LINE, 1, HRNET_PRECISION_INT8, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_UNSUPPORTED);
}

static gboolean auto_is_int8(const gchar *const *options, gboolean has_dot)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) model = load(options);
    const HrnetNetwork *network = hrnet_model_peek_auto(model, has_dot, &error);
    g_assert_no_error(error);
    return network->int8 != NULL;
}

/* By calibration and processor alone; what is no calibration is no failure. */
static void test_auto(void)
{
    g_auto(GStrv) good = made_up_options();
    const gchar *const other_mean[] = { good[0], good[1], "mean=[0.4,0.4,0.4]", NULL };
    const gchar *const no_node[] = { "hrnet.int8.ranges={\"conv1\":[0,1]}", good[1], NULL };
    const gchar *const twice[] = { good[0], good[1], "exchange_twice=true", NULL };
    g_assert_true(auto_is_int8((const gchar *const *)good, TRUE));
    g_assert_false(auto_is_int8((const gchar *const *)good, FALSE));
    g_assert_false(auto_is_int8(NULL, TRUE));
    g_assert_false(auto_is_int8(other_mean, TRUE));
    g_assert_false(auto_is_int8(no_node, TRUE));
    g_assert_false(auto_is_int8(twice, TRUE));
    g_autoptr(HrnetModel) model = load((const gchar *const *)good);
    g_autoptr(HrnetSession) session =
        hrnet_session_new(model, ROWS, LINE, 1, HRNET_PRECISION_AUTO, NULL);
    g_assert_cmpint(hrnet_session_get_precision(session), ==,
                    hrnet_kernels()->int8.has_dot ? HRNET_PRECISION_INT8 : HRNET_PRECISION_FP32);
}

/* Each comes calibrated, for the weights and options that it has now. */
static void test_shipped(void)
{
    static const gchar *const names[] = { "street" };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree gchar *path = g_strdup_printf("%s/%s.safetensors", HRNET_MODELS, names[i]);
        g_autoptr(HrnetModel) model = hrnet_model_load(path, NULL, &error);
        g_assert_no_error(error);
        hrnet_session_unref(int8_session(model, 1));
    }
}

/* Which instruction sets have one. Tables of those that this processor lacks are filled, not used.
 */
static void test_dot(void)
{
    HrnetKernels kernels;
    hrnet_kernels_fill(&kernels, 0);
    g_assert_false(kernels.int8.has_dot);
#if defined(__x86_64__)
    if (!(hrnet_cpu_features() & 1u << HRNET_CPU_AVX2))
        return;
    hrnet_kernels_fill(&kernels, hrnet_cpu_features_up_to(HRNET_CPU_AVX2));
    g_assert_false(kernels.int8.has_dot);
    hrnet_kernels_fill(&kernels, hrnet_cpu_features_up_to(HRNET_CPU_AVX_VNNI));
    g_assert_true(kernels.int8.has_dot);
#elif defined(__aarch64__)
    hrnet_kernels_fill(&kernels, hrnet_cpu_features_up_to(HRNET_CPU_NEON));
    g_assert_false(kernels.int8.has_dot);
    hrnet_kernels_fill(&kernels, hrnet_cpu_features_up_to(HRNET_CPU_NEON_DOTPROD));
    g_assert_true(kernels.int8.has_dot);
#endif
}

/* What both precisions compute in, by the input's height. */
static gdouble arena_share(HrnetModel *model, guint height, guint width, guint n_threads)
{
    static const HrnetPrecision precisions[] = { HRNET_PRECISION_INT8, HRNET_PRECISION_FP32 };
    guint64 n_bytes[G_N_ELEMENTS(precisions)];
    for (guint i = 0; i < G_N_ELEMENTS(precisions); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(HrnetSession) session =
            hrnet_session_new(model, height, width, n_threads, precisions[i], &error);
        g_assert_no_error(error);
        n_bytes[i] = hrnet_session_get_arena_bytes(session);
    }
    return (gdouble)n_bytes[0] / (gdouble)n_bytes[1];
}

/* A byte in place of four, tensors in bands where fp32 has them in bands. */
static void test_arena(void)
{
    static const guint sizes[][2] = { { 256, 448 }, { 360, 480 }, { 512, 1024 } };
    g_auto(GStrv) options = made_up_options();
    g_autoptr(HrnetModel) model = load((const gchar *const *)options);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
        for (guint n_threads = 1; n_threads <= 2; n_threads++) {
            const gdouble share = arena_share(model, sizes[i][0], sizes[i][1], n_threads);
            g_test_message("%ux%u, %u threads: %.3f", sizes[i][0], sizes[i][1], n_threads, share);
            g_assert_cmpfloat(share, <=, 0.35);
        }
}

/* What a frame of the network's own size comes to, which is the same however it lies. */
static guint64 turned_checksum(HrnetSession *session, const guint8 *upright, gboolean mirrored)
{
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *pixels = g_memdup2(upright, 3 * ROWS * LINE);
    HrnetImage image;
    gsize n_logits;
    for (gsize i = 0; mirrored && i < ROWS * LINE; i++)
        memcpy(pixels + 3 * i, upright + 3 * (i / LINE * LINE + LINE - 1 - i % LINE), 3);
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_RGB, LINE, ROWS);
    image.planes[0] = pixels;
    image.strides_bytes[0] = 3 * LINE;
    image.orientation = mirrored ? HRNET_ORIENTATION_HORIZ : HRNET_ORIENTATION_IDENTITY;
    hrnet_mask_unref(hrnet_session_segment(session, &image, &error));
    g_assert_no_error(error);
    const gfloat *logits = hrnet_session_get_logits(session, &n_logits);
    return add_bytes(0, logits, n_logits * sizeof *logits);
}

static void test_turned(void)
{
    g_auto(GStrv) options = made_up_options();
    g_autoptr(HrnetModel) model = load((const gchar *const *)options);
    g_autoptr(HrnetSession) session = int8_session(model, 2);
    g_autofree guint8 *pixels = g_new(guint8, 3 * ROWS * LINE);
    fill_pixels(pixels, 3 * ROWS * LINE);
    const guint64 upright = turned_checksum(session, pixels, FALSE);
    g_assert_cmphex(turned_checksum(session, pixels, TRUE), ==, upright);
    g_assert_cmphex(turned_checksum(session, pixels, FALSE), ==, upright);
}

/* Tensors take the way of frames, and have to be numbers. */
static void test_tensors(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) options = made_up_options();
    g_autoptr(HrnetModel) model = load((const gchar *const *)options);
    g_autoptr(HrnetSession) session = int8_session(model, 2);
    guint classes, height, width;
    hrnet_session_get_logits_size(session, &classes, &height, &width);
    const gsize n_logits = (gsize)classes * height * width, n_input = 3 * ROWS * LINE;
    g_autofree gfloat *logits = g_new(gfloat, n_logits), *input = g_new0(gfloat, n_input);
    g_assert_true(hrnet_session_run(session, input, n_input, logits, n_logits, &error));
    input[7] = NAN;
    g_assert_false(hrnet_session_run(session, input, n_input, logits, n_logits, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_NOT_FINITE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/int8/same-bits", test_same_bits);
    g_test_add_func("/int8/modes", test_modes);
    g_test_add_func("/int8/calibration", test_calibration);
    g_test_add_func("/int8/refused", test_refused);
    g_test_add_func("/int8/auto", test_auto);
    g_test_add_func("/int8/shipped", test_shipped);
    g_test_add_func("/int8/dot", test_dot);
    g_test_add_func("/int8/arena", test_arena);
    g_test_add_func("/int8/turned", test_turned);
    g_test_add_func("/int8/tensors", test_tensors);
    return g_test_run();
}
