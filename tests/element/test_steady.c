/* Steady masks: `smoothing` and `edge-refine`.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH    128
#define HEIGHT   96
#define N        (WIDTH * HEIGHT)
#define N_FRAMES 24

static const gchar *const sync_modes[] = { "exact", "latest" };

static GstHarness *start(const gchar *sync_mode, const gchar *properties, GstVideoInfo *info)
{
    gchar *description =
        g_strdup_printf("hrnetseg model=test mode=meta sync-mode=%s %s", sync_mode, properties);
    GstHarness *h = harness_new(description);

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", info);
    g_free(description);
    return h;
}

/* Frame n of a scene: a picture that stays, and noise of the frame. */
static GstBuffer *noisy_frame(const GstVideoInfo *info, guint scene, guint n)
{
    GstBuffer *frame = frame_new(info, 0, scene);
    GRand *rand = g_rand_new_with_seed(n);
    GstMapInfo map;

    fail_unless(gst_buffer_map(frame, &map, GST_MAP_READWRITE));
    for (gsize i = 0; i < map.size; i++)
        map.data[i] = (guint8)CLAMP((gint)map.data[i] + g_rand_int_range(rand, -4, 5), 0, 255);
    gst_buffer_unmap(frame, &map);
    GST_BUFFER_PTS(frame) = frame_time(n);
    g_rand_free(rand);
    return frame;
}

/* The labels of a frame's own mask; in `latest` it is shown again until that is there. */
static guint8 *own_labels(GstHarness *h, GstBuffer *frame)
{
    const GstClockTime pts = GST_BUFFER_PTS(frame);

    for (guint tries = 0; tries < 2000; tries++) {
        GstBuffer *again = gst_buffer_copy_deep(frame), *out;
        guint8 *labels = NULL;
        guint64 mask_pts;

        if (tries > 0)
            GST_BUFFER_FLAG_UNSET(again, GST_BUFFER_FLAG_DISCONT);
        out = gst_harness_push_and_pull(h, again);
        fail_unless(out != NULL);
        if (seg_structure(out) && gst_structure_get_uint64(seg_structure(out), "pts", &mask_pts) &&
            mask_pts == pts)
            labels = seg_labels(out, WIDTH, HEIGHT);
        gst_buffer_unref(out);
        if (labels) {
            gst_buffer_unref(frame);
            return labels;
        }
        g_usleep(2000);
    }
    fail("no mask came");
    return NULL;
}

/* Labels that change from frame to frame, in a scene that stays. */
static guint flicker(const gchar *sync_mode, const gchar *properties)
{
    GstVideoInfo info;
    GstHarness *h = start(sync_mode, properties, &info);
    guint8 *last = NULL;
    guint n = 0;

    for (guint i = 0; i < N_FRAMES; i++) {
        guint8 *labels = own_labels(h, noisy_frame(&info, 2, i));

        n += last ? n_different(last, labels, N) : 0;
        g_free(last);
        last = labels;
    }
    g_free(last);
    gst_harness_teardown(h);
    return n;
}

GST_START_TEST(test_static_scene_flickers_less)
{
    const guint plain = flicker(sync_modes[__i__], "smoothing=0");
    const guint smooth = flicker(sync_modes[__i__], "smoothing=500");

    GST_INFO("%u labels changed, with smoothing %u", plain, smooth);
    fail_unless(plain > 20 * N_FRAMES, "only %u labels changed", plain);
    fail_unless(smooth * 3 < plain, "%u labels changed, with smoothing %u", plain, smooth);
}
GST_END_TEST

/* Two elements that see the same frames, one with a half-life that outlasts the test. */
typedef struct {
    GstHarness *plain, *smooth;
    GstVideoInfo info;
    guint n_frames;
} Pair;

static void push_event(Pair *pair, GstEvent *event)
{
    fail_unless(gst_harness_push_event(pair->plain, gst_event_ref(event)));
    fail_unless(gst_harness_push_event(pair->smooth, event));
}

static void set_both(Pair *pair, const gchar *property, const gchar *value)
{
    gst_util_set_object_arg(G_OBJECT(pair->plain->element), property, value);
    gst_util_set_object_arg(G_OBJECT(pair->smooth->element), property, value);
}

/* How many labels the next frame's masks differ in. */
static guint push_pair(Pair *pair, guint scene, gboolean discont)
{
    GstBuffer *frame = noisy_frame(&pair->info, scene, pair->n_frames++);
    guint8 *plain, *smooth;
    guint n;

    if (discont)
        GST_BUFFER_FLAG_SET(frame, GST_BUFFER_FLAG_DISCONT);
    plain = own_labels(pair->plain, gst_buffer_copy_deep(frame));
    smooth = own_labels(pair->smooth, frame);
    n = n_different(plain, smooth, N);
    g_free(plain);
    g_free(smooth);
    return n;
}

static void flush(Pair *pair)
{
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    push_event(pair, gst_event_new_flush_start());
    push_event(pair, gst_event_new_flush_stop(TRUE));
    push_event(pair, gst_event_new_segment(&segment));
}

static void new_segment(Pair *pair)
{
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    push_event(pair, gst_event_new_segment(&segment));
}

static void new_caps(Pair *pair)
{
    harness_set_frame_caps(pair->plain, "I420", WIDTH, HEIGHT, ",colorimetry=bt709", NULL);
    harness_set_frame_caps(pair->smooth, "I420", WIDTH, HEIGHT, ",colorimetry=bt709", NULL);
}

static void new_rate(Pair *pair)
{
    GstCaps *caps = frame_caps("I420", WIDTH, HEIGHT, "");

    gst_caps_set_simple(caps, "framerate", GST_TYPE_FRACTION, 25, 1, NULL);
    gst_harness_set_src_caps(pair->plain, gst_caps_ref(caps));
    gst_harness_set_src_caps(pair->smooth, caps);
}

static void new_inference_size(Pair *pair)
{
    set_both(pair, "inference-size", "96x128");
}

static void off_and_on(Pair *pair)
{
    g_object_set(pair->smooth->element, "smoothing", 0, NULL);
    fail_unless_equals_int(push_pair(pair, 2, FALSE), 0);
    g_object_set(pair->smooth->element, "smoothing", 1000000, NULL);
}

static const struct {
    void (*cause)(Pair *pair);
    gboolean discont;
    guint scene; /* after it */
} resets[] = {
    { NULL, TRUE, 2 },        { flush, FALSE, 2 },    { new_segment, FALSE, 2 },
    { new_caps, FALSE, 2 },   { new_rate, FALSE, 2 }, { new_inference_size, FALSE, 2 },
    { NULL, FALSE, 4 }, /* a cut */
    { off_and_on, FALSE, 2 },
};

/* What breaks the stream leaves nothing of the frames before. */
static void check_reset(const gchar *sync_mode, guint reset)
{
    Pair pair = { start(sync_mode, "smoothing=0", &pair.info),
                  start(sync_mode, "smoothing=1000000", &pair.info) };
    guint carried = 0;

    fail_unless_equals_int(push_pair(&pair, 2, FALSE), 0);
    for (guint i = 0; i < 4; i++)
        carried += push_pair(&pair, 2, FALSE);
    fail_unless(carried > 40, "smoothing changed %u labels only", carried);
    if (resets[reset].cause)
        resets[reset].cause(&pair);
    fail_unless_equals_int(push_pair(&pair, resets[reset].scene, resets[reset].discont), 0);
    carried = 0;
    for (guint i = 0; i < 4; i++)
        carried += push_pair(&pair, resets[reset].scene, FALSE);
    fail_unless(carried > 20, "smoothing changed %u labels only after the break", carried);
    gst_harness_teardown(pair.plain);
    gst_harness_teardown(pair.smooth);
}

GST_START_TEST(test_resets)
{
    check_reset(sync_modes[__i__ / G_N_ELEMENTS(resets)], __i__ % G_N_ELEMENTS(resets));
}
GST_END_TEST

/* A model that takes over has no past; its frames are smoothed from then on. */
GST_START_TEST(test_model_change)
{
    Pair pair = { start("exact", "smoothing=0", &pair.info),
                  start("exact", "smoothing=1000000", &pair.info) };
    guint carried = 0, i;

    for (i = 0; i < 3; i++)
        carried += push_pair(&pair, 2, FALSE);
    fail_unless(carried > 20);
    for (i = 0; i < 2; i++) {
        GstHarness *h = i ? pair.smooth : pair.plain;

        /* The new network takes over by itself, some frames later. */
        g_object_set(h->element, "model-options", "classes=<a,b,c>,foreground=<a>", NULL);
        for (guint n = 0; n < 2000; n++) {
            GstBuffer *out = gst_harness_push_and_pull(h, noisy_frame(&pair.info, 2, 50));
            const GValue *names = gst_structure_get_value(seg_structure(out), "classes");
            const gchar *first = g_value_get_string(gst_value_array_get_value(names, 1));
            const gboolean is_new = g_str_equal(first, "a");

            gst_buffer_unref(out);
            if (is_new)
                break;
            fail_unless(n < 1999, "no new model");
            g_usleep(5000);
        }
    }
    /* Its own first frame stays in the average, and no other: a frame of no other time and noise
     * is the same in both. */
    pair.n_frames = 50;
    fail_unless_equals_int(push_pair(&pair, 2, FALSE), 0);
    fail_unless(push_pair(&pair, 2, FALSE) > 0);
    gst_harness_teardown(pair.plain);
    gst_harness_teardown(pair.smooth);
}
GST_END_TEST

/* Two fields that an edge divides, slanting, so that it passes by the cells of the network. */
static GstBuffer *edged_frame(const GstVideoInfo *info, guint n)
{
    GstBuffer *frame = frame_new(info, 0, n);
    GstVideoFrame mapped;

    fail_unless(gst_video_frame_map(&mapped, info, frame, GST_MAP_WRITE));
    for (guint y = 0; y < HEIGHT; y++) {
        guint8 *row = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&mapped, 0) +
                      (gsize)y * GST_VIDEO_FRAME_PLANE_STRIDE(&mapped, 0);

        for (guint x = 0; x < WIDTH; x++)
            row[x] = (guint8)((x * 3 + y * 2 + n * 5) / 70 % 2 ? 200 : 50);
    }
    gst_video_frame_unmap(&mapped);
    return frame;
}

/* How much of the labels' edges lies on edges of the luma: 0 to 1. */
static gdouble edges_on_luma(const GstVideoInfo *info, GstBuffer *frame, const guint8 *labels)
{
    guint n_edges = 0, n_on_luma = 0;
    guint8 *bytes = frame_bytes(info, frame, NULL);

    for (guint i = 0; i + 1 < N; i++) {
        if (i % WIDTH == WIDTH - 1 || labels[i] == labels[i + 1])
            continue;
        n_edges++;
        n_on_luma += abs(bytes[i] - bytes[i + 1]) > 50;
    }
    g_free(bytes);
    fail_unless(n_edges > HEIGHT);
    return n_on_luma / (gdouble)n_edges;
}

GST_START_TEST(test_edges_follow_luma)
{
    GstVideoInfo info;
    GstHarness *h = start(sync_modes[__i__], "", &info);
    gdouble plain = 0, refined = 0;

    for (guint i = 0; i < 6; i++) {
        const gboolean refines = i % 2;
        GstBuffer *frame = edged_frame(&info, i);
        guint8 *labels;

        g_object_set(h->element, "edge-refine", refines, NULL);
        labels = own_labels(h, gst_buffer_ref(frame));
        *(refines ? &refined : &plain) += edges_on_luma(&info, frame, labels) / 3;
        g_free(labels);
        gst_buffer_unref(frame);
    }
    GST_INFO("%.2f of the edges on luma's, with edge-refine %.2f", plain, refined);
    fail_unless(refined > 2 * plain, "%.2f of the edges on luma's, with edge-refine %.2f", plain,
                refined);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Both at once in every format; luma of any packing is found. */
GST_START_TEST(test_formats)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=meta smoothing=200 edge-refine=true");
    GstVideoInfo info;
    guint8 *first = NULL;

    harness_set_frame_caps(h, all_formats[__i__], WIDTH, HEIGHT, "", &info);
    for (guint i = 0; i < 3; i++) {
        GstBuffer *frame = frame_new(&info, 0, 2);
        guint8 *labels;

        GST_BUFFER_PTS(frame) = i * 40 * GST_MSECOND;
        labels = own_labels(h, frame);
        /* A picture that stays has a mask that stays. */
        if (first)
            fail_unless(n_different(first, labels, N) <= N / 500);
        else
            first = g_memdup2(labels, N);
        g_free(labels);
    }
    g_free(first);
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *steady_suite(void)
{
    Suite *suite = suite_create("hrnetseg-steady");
    TCase *chain = tcase_create("steady");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_static_scene_flickers_less, 0, 2);
    tcase_add_loop_test(chain, test_resets, 0, 2 * G_N_ELEMENTS(resets));
    tcase_add_test(chain, test_model_change);
    tcase_add_loop_test(chain, test_edges_follow_luma, 0, 2);
    tcase_add_loop_test(chain, test_formats, 0, N_FORMATS);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(steady)
