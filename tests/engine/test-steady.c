/* Steady masks: scores averaged over time, edges along the luma.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <hrnet/hrnet.h>

#include "ops/refine.h"

#include <math.h>
#include <string.h>

#define HEIGHT 64
#define WIDTH  96
#define STEP   (40 * G_GUINT64_CONSTANT(1000000)) /* from frame to frame */

/* ---- smoothing, through the public API ---- */

typedef struct {
    HrnetModel *model;
    HrnetSession *session;
    gsize n_scores;
} Stream;

static Stream stream_new(guint half_life_ms)
{
    g_autoptr(GError) error = NULL;
    Stream stream = { hrnet_model_load(g_getenv("HRNET_TEST_MODEL"), NULL, &error), NULL, 0 };
    g_assert_no_error(error);
    stream.session =
        hrnet_session_new(stream.model, HEIGHT, WIDTH, 2, HRNET_PRECISION_FP32, &error);
    g_assert_no_error(error);
    hrnet_session_set_smoothing(stream.session, half_life_ms);
    g_assert_cmpuint(hrnet_session_get_smoothing(stream.session), ==, half_life_ms);
    hrnet_session_get_logits(stream.session, &stream.n_scores);
    return stream;
}

static void stream_clear(Stream *stream)
{
    hrnet_session_unref(stream->session);
    hrnet_model_unref(stream->model);
}

/* A picture of fields, and the same with noise of one level; another picture for another scene. */
static HrnetImage picture(guint8 *pixels, guint scene, guint seed)
{
    HrnetImage image;
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_GRAY8, WIDTH, HEIGHT);
    for (guint i = 0; i < WIDTH * HEIGHT; i++) {
        const guint field = (i % WIDTH / 24 + i / WIDTH / 20 + scene) % 4;
        guint32 noise = (i + 1) * 2654435761u ^ seed * 0x9e3779b9u;
        noise = (noise ^ noise >> 15) * 0x85ebca6bu;
        pixels[i] = (guint8)(40 + 50 * field + (noise >> 31));
    }
    g_assert_true(hrnet_image_set_data(&image, pixels, WIDTH * HEIGHT, 0, NULL));
    return image;
}

/* The scores of a picture's mask; free with g_free(). */
static gfloat *scores_of(Stream *stream, guint scene, guint seed, guint64 time_ns)
{
    guint8 pixels[WIDTH * HEIGHT];
    const HrnetImage image = picture(pixels, scene, seed);
    g_autoptr(GError) error = NULL;
    HrnetMask *mask = hrnet_session_segment_at(stream->session, &image, time_ns, &error);
    g_assert_no_error(error);
    hrnet_mask_unref(mask);
    return g_memdup2(hrnet_session_get_logits(stream->session, NULL),
                     stream->n_scores * sizeof(gfloat));
}

static void assert_same(const Stream *stream, const gfloat *a, const gfloat *b)
{
    g_assert_cmpmem(a, stream->n_scores * sizeof *a, b, stream->n_scores * sizeof *b);
}

/* After one half-life the new scores are half of the average, at least; the whole where in doubt.
 */
static void test_average(void)
{
    Stream plain = stream_new(0), smooth = stream_new(40);
    g_autofree gfloat *first = scores_of(&plain, 0, 1, 0);
    g_autofree gfloat *second = scores_of(&plain, 0, 2, STEP);
    g_autofree gfloat *a = scores_of(&smooth, 0, 1, 0);
    g_autofree gfloat *b = scores_of(&smooth, 0, 2, STEP);
    gsize n_halves = 0;
    assert_same(&plain, a, first);
    for (gsize i = 0; i < plain.n_scores; i++) {
        const gfloat half = (first[i] + second[i]) / 2;
        const gfloat slack = 1e-4f * (1 + fabsf(first[i]) + fabsf(second[i]));
        g_assert_cmpfloat(b[i], >=, MIN(half, second[i]) - slack);
        g_assert_cmpfloat(b[i], <=, MAX(half, second[i]) + slack);
        n_halves += fabsf(b[i] - half) < slack && fabsf(second[i] - first[i]) > 4 * slack;
    }
    g_assert_cmpuint(n_halves, >, plain.n_scores / 2);
    stream_clear(&plain);
    stream_clear(&smooth);
}

/* No time, time that runs back, a reset, a cut, and another frame size: nothing is carried over. */
static void test_resets(void)
{
    Stream plain = stream_new(0), smooth = stream_new(10000);
    static const struct {
        guint scene;
        guint64 time;
        gboolean resets, carries;
    } steps[] = {
        { 0, 0, FALSE, FALSE },
        { 0, STEP, FALSE, TRUE },
        { 0, 2 * STEP, TRUE, FALSE },
        { 0, 3 * STEP, FALSE, TRUE },
        { 0, HRNET_TIME_NONE, FALSE, FALSE },
        { 0, 4 * STEP, FALSE, FALSE },
        { 0, 5 * STEP, FALSE, TRUE },
        { 0, 3 * STEP, FALSE, FALSE }, /* back */
        { 0, 4 * STEP, FALSE, TRUE },
        { 2, 5 * STEP, FALSE, FALSE }, /* a cut */
        { 2, 6 * STEP, FALSE, TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (steps[i].resets)
            hrnet_session_reset_smoothing(smooth.session);
        g_autofree gfloat *own = scores_of(&plain, steps[i].scene, i, steps[i].time);
        g_autofree gfloat *got = scores_of(&smooth, steps[i].scene, i, steps[i].time);
        const gboolean same = memcmp(own, got, plain.n_scores * sizeof *own) == 0;
        if (same == steps[i].carries)
            g_error("step %u: %s", i, same ? "nothing is carried over" : "the past is kept");
    }
    hrnet_session_set_smoothing(smooth.session, 0);
    g_autofree gfloat *own = scores_of(&plain, 2, 20, 7 * STEP);
    g_autofree gfloat *off = scores_of(&smooth, 2, 20, 7 * STEP);
    assert_same(&plain, own, off);
    stream_clear(&plain);
    stream_clear(&smooth);
}

/* A frame of another size begins anew, and what lasts for no time leaves the average alone. */
static void test_sizes_and_still_time(void)
{
    Stream plain = stream_new(0), smooth = stream_new(1000);
    guint8 pixels[WIDTH * HEIGHT];
    HrnetImage image = picture(pixels, 0, 3);
    g_autofree gfloat *first = scores_of(&smooth, 0, 1, STEP);
    g_autofree gfloat *still = scores_of(&smooth, 0, 1, STEP);
    assert_same(&smooth, first, still);
    image.height = HEIGHT / 2;
    hrnet_mask_unref(hrnet_session_segment_at(plain.session, &image, 2 * STEP, NULL));
    hrnet_mask_unref(hrnet_session_segment_at(smooth.session, &image, 2 * STEP, NULL));
    assert_same(&smooth, hrnet_session_get_logits(plain.session, NULL),
                hrnet_session_get_logits(smooth.session, NULL));
    stream_clear(&plain);
    stream_clear(&smooth);
}

/* ---- refining, on scores made for it ---- */

#define CELLS_HIGH 24
#define CELLS_WIDE 40
#define SCALE      8
#define FRAME_HIGH (CELLS_HIGH * SCALE)
#define FRAME_WIDE (CELLS_WIDE * SCALE)

static HrnetTensor tensor_new(guint channels)
{
    const gsize plane_floats = hrnet_tensor_plane_floats(CELLS_HIGH, CELLS_WIDE);
    const HrnetTensor tensor = {
        .data = hrnet_aligned_alloc(channels * plane_floats * sizeof(float)),
        .channels = channels,
        .height = CELLS_HIGH,
        .width = CELLS_WIDE,
        .plane_floats = plane_floats,
    };
    memset(tensor.data, 0, channels * plane_floats * sizeof(float));
    return tensor;
}

static gfloat *at(const HrnetTensor *tensor, guint channel, guint y, guint x)
{
    return tensor->data + channel * tensor->plane_floats + y * CELLS_WIDE + x;
}

typedef struct {
    HrnetTensor logits, cells;
    guint8 luma[FRAME_HIGH * FRAME_WIDE], refined[FRAME_HIGH * FRAME_WIDE],
        plain[FRAME_HIGH * FRAME_WIDE];
} Scene;

/* Classes `left` and `right` meet where the scores say at column score_edge, slowly, while the luma
 * steps at luma_edge (columns of the frame). */
static void scene_init(Scene *scene, guint n_classes, guint left, guint right, gdouble score_edge,
                       guint luma_edge)
{
    scene->logits = tensor_new(n_classes);
    scene->cells = tensor_new(1);
    for (guint i = 0; i < FRAME_HIGH * FRAME_WIDE; i++)
        scene->luma[i] = (guint8)((i % FRAME_WIDE < luma_edge ? 60 : 180) + i * 7 % 3);
    for (guint y = 0; y < CELLS_HIGH; y++) {
        for (guint x = 0; x < CELLS_WIDE; x++) {
            const gdouble column = (x + 0.5) * SCALE;
            gdouble sum = 0;
            for (guint i = 0; i < SCALE * SCALE; i++)
                sum += scene->luma[(y * SCALE + i / SCALE) * FRAME_WIDE + x * SCALE + i % SCALE];
            *at(&scene->cells, 0, y, x) = (gfloat)(sum / (SCALE * SCALE));
            for (guint c = 0; c < n_classes; c++)
                *at(&scene->logits, c, y, x) = -5;
            *at(&scene->logits, left, y, x) = (gfloat)((score_edge - column) / SCALE);
            *at(&scene->logits, right, y, x) = (gfloat)((column - score_edge) / SCALE);
        }
    }
}

static void scene_run(Scene *scene)
{
    HrnetRefiner *refiner =
        hrnet_refiner_new(&scene->logits, HRNET_RESIZE_BILINEAR, FRAME_HIGH, FRAME_WIDE, 2);
    gfloat *scratch = hrnet_aligned_alloc(
        hrnet_argmax_scratch_floats(&scene->logits, FRAME_HIGH, FRAME_WIDE, 2) * sizeof(float));
    HrnetWorkers *workers = hrnet_workers_begin(2);
    hrnet_argmax_run(&scene->logits, HRNET_RESIZE_BILINEAR, scene->plain, FRAME_WIDE, FRAME_HIGH,
                     FRAME_WIDE, scratch, workers);
    hrnet_refiner_run(refiner, &scene->logits, &scene->cells, scene->luma, FRAME_WIDE,
                      scene->refined, FRAME_WIDE, workers);
    hrnet_workers_end(workers);
    hrnet_aligned_free(scratch);
    hrnet_refiner_free(refiner);
}

static void scene_clear(Scene *scene)
{
    hrnet_aligned_free(scene->logits.data);
    hrnet_aligned_free(scene->cells.data);
}

static guint count_wrong(const guint8 *labels, guint edge, guint left, guint right)
{
    guint n = 0;
    for (guint i = 0; i < FRAME_HIGH * FRAME_WIDE; i++)
        n += labels[i] != (i % FRAME_WIDE < edge ? left : right);
    return n;
}

/* An edge of scores that passes the picture's by some pixels is moved onto it. */
static void test_edge_moves(gconstpointer data)
{
    const guint n_classes = GPOINTER_TO_UINT(data);
    const guint left = n_classes == 2 ? 0 : 1, right = n_classes == 2 ? 1 : n_classes - 1;
    const gdouble score_edge = 163;
    for (guint luma_edge = 155; luma_edge <= 171; luma_edge += 4) {
        g_autofree Scene *scene = g_new0(Scene, 1);
        scene_init(scene, n_classes, left, right, score_edge, luma_edge);
        scene_run(scene);
        const guint before = count_wrong(scene->plain, luma_edge, left + 1, right + 1);
        const guint after = count_wrong(scene->refined, luma_edge, left + 1, right + 1);
        g_assert_cmpuint(count_wrong(scene->plain, (guint)score_edge, left + 1, right + 1), ==, 0);
        /* Before, each row is wrong by 4 or 8 columns; after, by less than one. */
        if (luma_edge != score_edge)
            g_assert_cmpuint(before, >=, 4 * FRAME_HIGH);
        g_assert_cmpuint(after, <, FRAME_HIGH);
        scene_clear(scene);
    }
}

/* Where the luma tells nothing the edge stays, and so does all that is far from an edge. */
static void test_edge_stays(void)
{
    g_autofree Scene *scene = g_new0(Scene, 1);
    scene_init(scene, 3, 0, 2, 163, 40);
    scene_run(scene);
    for (guint i = 0; i < FRAME_HIGH * FRAME_WIDE; i++) {
        const guint x = i % FRAME_WIDE;
        if (x < 163 - 2 || x > 163 + 2)
            g_assert_cmpuint(scene->refined[i], ==, scene->plain[i]);
    }
    scene_clear(scene);
}

/* Through the session: another mask than without, and the same one each time. */
static void test_session(void)
{
    Stream stream = stream_new(0);
    guint8 pixels[WIDTH * HEIGHT * 3];
    HrnetImage image;
    g_autoptr(HrnetMask) first = NULL;
    for (guint i = 0; i < sizeof pixels; i++)
        pixels[i] = (guint8)(i * 7 + i / 333);
    g_assert_false(hrnet_session_get_edge_refine(stream.session));
    hrnet_session_set_edge_refine(stream.session, TRUE);
    g_assert_true(hrnet_session_get_edge_refine(stream.session));
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_RGB, WIDTH, HEIGHT);
    g_assert_true(hrnet_image_set_data(&image, pixels, sizeof pixels, 0, NULL));
    for (guint round = 0; round < 3; round++) {
        g_autoptr(HrnetMask) mask = hrnet_session_segment(stream.session, &image, NULL);
        if (round == 0)
            first = hrnet_mask_ref(mask);
        g_assert_cmpmem(hrnet_mask_get_labels(mask, NULL), WIDTH * HEIGHT,
                        hrnet_mask_get_labels(first, NULL), WIDTH * HEIGHT);
    }
    stream_clear(&stream);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/steady/smoothing/average", test_average);
    g_test_add_func("/steady/smoothing/resets", test_resets);
    g_test_add_func("/steady/smoothing/sizes-and-still-time", test_sizes_and_still_time);
    g_test_add_data_func("/steady/refining/edge-moves/2-classes", GUINT_TO_POINTER(2),
                         test_edge_moves);
    g_test_add_data_func("/steady/refining/edge-moves/5-classes", GUINT_TO_POINTER(5),
                         test_edge_moves);
    g_test_add_data_func("/steady/refining/edge-moves/200-classes", GUINT_TO_POINTER(200),
                         test_edge_moves);
    g_test_add_func("/steady/refining/edge-stays", test_edge_stays);
    g_test_add_func("/steady/refining/session", test_session);
    return g_test_run();
}
