/* Live streams: masks beside the stream, bounded inference, latency.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH  64
#define HEIGHT 48

static GstHarness *start(const gchar *description, GstVideoInfo *info)
{
    GstHarness *h = harness_new(description);

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", info);
    return h;
}

/* Pushes frame n; returns the time of its mask, GST_CLOCK_TIME_NONE where it has none. */
static guint64 push(GstHarness *h, const GstVideoInfo *info, guint n)
{
    GstBuffer *out = gst_harness_push_and_pull(h, frame_new(info, 0, n));
    guint64 pts = GST_CLOCK_TIME_NONE;

    fail_unless(out != NULL);
    fail_unless_equals_uint64(GST_BUFFER_PTS(out), frame_time(n));
    if (seg_structure(out))
        gst_structure_get_uint64(seg_structure(out), "pts", &pts);
    gst_buffer_unref(out);
    return pts;
}

/* Pushes frames until one has a mask of frame `least` or later; returns the next frame's number. */
static guint push_until_mask(GstHarness *h, const GstVideoInfo *info, guint n, guint least)
{
    for (guint tries = 0; tries < 1000; tries++) {
        const guint64 pts = push(h, info, n++);

        if (GST_CLOCK_TIME_IS_VALID(pts) && pts >= frame_time(least))
            return n;
        g_usleep(5000);
    }
    fail("no mask came");
    return n;
}

/* The first frame does not wait; when masks come they are of frames before, in order. */
GST_START_TEST(test_latest)
{
    gchar *description =
        g_strdup_printf("hrnetseg model=test sync-mode=latest mode=%s", all_modes[__i__]);
    GstVideoInfo info;
    GstHarness *h = start(description, &info);
    guint64 last = 0;
    guint n;

    fail_unless(push(h, &info, 0) == GST_CLOCK_TIME_NONE);
    n = push_until_mask(h, &info, 1, 0);
    for (guint i = 0; i < 30; i++) {
        const guint64 pts = push(h, &info, n + i);

        fail_unless(pts < frame_time(n + i) && pts >= last);
        fail_unless_equals_uint64(seg_stat(h->element, "mask-age-ns"), frame_time(n + i) - pts);
        last = pts;
        g_usleep(3000);
    }
    fail_unless_equals_uint64(seg_stat(h->element, "frames"), n + 30);
    fail_unless(seg_stat(h->element, "inferences") > 1);
    fail_unless(seg_stat(h->element, "inferences") <= n + 30);
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Before the first mask every label is 0. */
GST_START_TEST(test_latest_before_first_mask)
{
    GstVideoInfo info, gray;
    GstHarness *h =
        start("hrnetseg model=test sync-mode=latest mode=mask inference-size=512x512", &info);
    GstBuffer *out = gst_harness_push_and_pull(h, frame_new(&info, 0, 0));
    guint8 *labels;

    gst_video_info_set_format(&gray, GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
    labels = frame_bytes(&gray, out, NULL);
    for (guint i = 0; i < WIDTH * HEIGHT; i++)
        quick_fail_unless_equals_int(labels[i], 0);
    g_free(labels);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

static gint compare_times(gconstpointer a, gconstpointer b)
{
    const GstClockTime x = *(const GstClockTime *)a, y = *(const GstClockTime *)b;

    return x < y ? -1 : x > y;
}

/* However long an inference takes, frames pass in no time. */
GST_START_TEST(test_latest_does_not_hold_up)
{
    enum { N = 40 };
    GstVideoInfo info;
    GstHarness *h =
        start("hrnetseg model=test sync-mode=latest inference-size=768x1024 threads=1", &info);
    GstClockTime took[N];

    for (guint i = 0; i < N; i++) {
        const GstClockTime begin = gst_util_get_timestamp();

        push(h, &info, i);
        took[i] = gst_util_get_timestamp() - begin;
        g_usleep(33000);
    }
    qsort(took, N, sizeof took[0], compare_times);
    GST_INFO("median %" GST_TIME_FORMAT ", most %" GST_TIME_FORMAT, GST_TIME_ARGS(took[N / 2]),
             GST_TIME_ARGS(took[N - 1]));
    fail_unless(took[N / 2] < 10 * GST_MSECOND);
    fail_unless(seg_stat(h->element, "inferences") < N);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Pushes a frame each 5 ms until the last inference had the given height, at most for 20 s. */
static void push_until_height(GstHarness *h, const GstVideoInfo *info, guint *n, guint height)
{
    for (guint tries = 0; tries < 4000; tries++) {
        if (seg_stat(h->element, "inference-height") == height)
            return;
        push(h, info, (*n)++);
        g_usleep(5000);
    }
    fail("the height is %u, not %u", (guint)seg_stat(h->element, "inference-height"), height);
}

/* An adaptive size shrinks where inferences take too long, and grows back when they no longer do;
 * frames wait for neither. */
GST_START_TEST(test_size_follows_load)
{
    static const struct {
        const gchar *size;
        guint full, least, more; /* heights */
    } table[] = { { "auto", 96, 64, 96 }, { "128x160", 128, 64, 96 }, { "model", 128, 64, 96 } };
    gchar *description;
    GstVideoInfo info;
    GstHarness *h;
    guint n = 0;

    description =
        g_strdup_printf("hrnetseg model=test sync-mode=latest adaptive-size=true "
                        "target-fps=10 model-options=input_size=128x128 inference-size=%s",
                        table[__i__].size);
    g_setenv("HRNET_FAULT", "slow:120x30", TRUE);
    h = start(description, &info);
    push_until_height(h, &info, &n, table[__i__].full);
    push_until_height(h, &info, &n, table[__i__].least);
    push_until_height(h, &info, &n, table[__i__].more);

    g_object_set(h->element, "adaptive-size", FALSE, NULL);
    push_until_height(h, &info, &n, table[__i__].full);
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Nobody asked, there is time enough, or frames wait. */
GST_START_TEST(test_size_stays)
{
    static const gchar *const properties[] = {
        "sync-mode=latest inference-size=128x160 target-fps=30",
        "sync-mode=latest inference-size=auto target-fps=30",
        "sync-mode=latest inference-size=auto target-fps=1 adaptive-size=true",
        "sync-mode=exact inference-size=auto adaptive-size=true",
    };
    gchar *description = g_strdup_printf("hrnetseg model=test model-options=input_size=128x128 %s",
                                         properties[__i__]);
    GstVideoInfo info;
    GstHarness *h;

    g_setenv("HRNET_FAULT", "slow:40", TRUE);
    h = start(description, &info);
    for (guint n = 0; seg_stat(h->element, "inferences") < 12; n++) {
        push(h, &info, n);
        g_usleep(5000);
    }
    fail_unless_equals_uint64(seg_stat(h->element, "inference-width"), 160);
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Whatever happens while an inference is under way. */
GST_START_TEST(test_latest_while_busy)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test sync-mode=latest inference-size=256x512", &info);
    GstSegment segment;
    guint n = 0;

    for (guint round = 0; round < 12; round++) {
        for (guint i = 0; i < 3; i++)
            push(h, &info, n++);
        switch (round % 6) {
        case 0:
            harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, round ? ",colorimetry=bt709" : "",
                                   &info);
            break;
        case 1:
            g_object_set(h->element, "inference-size", round < 6 ? "128x128" : "256x256", NULL);
            break;
        case 2:
            gst_harness_push_event(h, gst_event_new_flush_start());
            gst_harness_push_event(h, gst_event_new_flush_stop(TRUE));
            gst_segment_init(&segment, GST_FORMAT_TIME);
            gst_harness_push_event(h, gst_event_new_segment(&segment));
            fail_unless(push(h, &info, n++) == GST_CLOCK_TIME_NONE);
            break;
        case 3:
            g_object_set(h->element, "model-options", round < 6 ? "align_corners=true" : "", NULL);
            break;
        case 4:
            gst_util_set_object_arg(G_OBJECT(h->element), "sync-mode", "exact");
            fail_unless_equals_uint64(push(h, &info, n), frame_time(n));
            n++;
            break;
        default:
            gst_util_set_object_arg(G_OBJECT(h->element), "sync-mode", "latest");
            break;
        }
    }
    push_until_mask(h, &info, n, n);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Not more inferences than asked for, evenly spread. */
GST_START_TEST(test_target_fps)
{
    static const struct {
        const gchar *fps;
        guint n;
    } table[] = { { "10", 10 }, { "1", 1 }, { "30", 30 }, { "60", 30 }, { "0", 30 }, { "15", 15 } };
    gchar *description = g_strdup_printf("hrnetseg model=test target-fps=%s", table[__i__].fps);
    GstVideoInfo info;
    GstHarness *h = start(description, &info);

    for (guint i = 0; i < 30; i++) {
        const guint64 pts = push(h, &info, i);

        fail_unless_equals_uint64(pts,
                                  frame_time(i / (30 / table[__i__].n) * (30 / table[__i__].n)));
    }
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), table[__i__].n);
    fail_unless_equals_uint64(seg_stat(h->element, "reused"), 30 - table[__i__].n);
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Frame n of the picture of a seed. */
static guint64 push_picture(GstHarness *h, const GstVideoInfo *info, guint n, guint seed)
{
    GstBuffer *in = frame_new(info, 0, seed), *out;
    guint64 pts;

    GST_BUFFER_PTS(in) = frame_time(n);
    out = gst_harness_push_and_pull(h, in);
    fail_unless(gst_structure_get_uint64(seg_structure(out), "pts", &pts));
    gst_buffer_unref(out);
    return pts;
}

/* A picture that stays has one inference, in each format; a new one has a new mask at once. */
GST_START_TEST(test_static)
{
    GstHarness *h = harness_new("hrnetseg model=test static-threshold=0.02");
    GstVideoInfo info;

    harness_set_frame_caps(h, all_formats[__i__], WIDTH, HEIGHT, "", &info);
    for (guint i = 0; i < 5; i++)
        fail_unless_equals_uint64(push_picture(h, &info, i, 1), 0);
    fail_unless_equals_uint64(push_picture(h, &info, 5, 4), frame_time(5));
    fail_unless_equals_uint64(push_picture(h, &info, 6, 4), frame_time(5));
    g_object_set(h->element, "static-threshold", 0.0, NULL);
    fail_unless_equals_uint64(push_picture(h, &info, 7, 4), frame_time(7));
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 3);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Change that creeps is measured against the mask's own frame, not the last one. */
GST_START_TEST(test_static_creeping)
{
    GstHarness *h = harness_new("hrnetseg model=test static-threshold=0.05");
    GstVideoInfo info;
    guint64 pts = 0;

    harness_set_frame_caps(h, "GRAY8", WIDTH, HEIGHT, "", &info);
    for (guint i = 0; i < 60; i++) {
        GstBuffer *in = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(&info), NULL), *out;

        gst_buffer_memset(in, 0, (guint8)(2 * i), GST_VIDEO_INFO_SIZE(&info));
        GST_BUFFER_PTS(in) = frame_time(i);
        out = gst_harness_push_and_pull(h, in);
        gst_structure_get_uint64(seg_structure(out), "pts", &pts);
        gst_buffer_unref(out);
    }
    /* 0.05 of 255 is seven steps of two. */
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 9);
    gst_harness_teardown(h);
}
GST_END_TEST

/* `exact` tells what it adds to the latency, `latest` adds nothing. */
GST_START_TEST(test_latency_query)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test sync-mode=exact inference-size=256x256", &info);
    GstBus *bus = harness_add_bus(h);
    GstMessage *message;
    guint64 mean;

    gst_harness_set_upstream_latency(h, 7 * GST_MSECOND);
    /* Before the first frame there is an estimate. */
    fail_unless(gst_harness_query_latency(h) > 7 * GST_MSECOND);
    for (guint i = 0; i < 5; i++)
        push(h, &info, i);
    mean = seg_stat(h->element, "inference-ns");
    fail_unless(gst_harness_query_latency(h) >= 7 * GST_MSECOND + mean * 3 / 4);
    fail_unless(gst_harness_query_latency(h) < 7 * GST_MSECOND + mean * 20);
    /* Nine times the pixels are a change that is told of. */
    while ((message = gst_bus_pop_filtered(bus, GST_MESSAGE_LATENCY)) != NULL)
        gst_message_unref(message);
    g_object_set(h->element, "inference-size", "768x768", NULL);
    for (guint i = 5; i < 8; i++)
        push(h, &info, i);
    message = gst_bus_pop_filtered(bus, GST_MESSAGE_LATENCY);
    fail_unless(message != NULL);
    gst_message_unref(message);

    gst_util_set_object_arg(G_OBJECT(h->element), "sync-mode", "latest");
    push(h, &info, 9);
    fail_unless_equals_uint64(gst_harness_query_latency(h), 7 * GST_MSECOND);
    harness_close(h, bus);
}
GST_END_TEST

/* `exact` does not heed QoS. */
GST_START_TEST(test_exact_ignores_qos)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test sync-mode=exact", &info);

    push(h, &info, 0);
    gst_harness_push_upstream_event(
        h, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, 100 * GST_SECOND, 0));
    for (guint i = 1; i < 5; i++)
        fail_unless_equals_uint64(push(h, &info, i), frame_time(i));
    gst_harness_teardown(h);
}
GST_END_TEST

static void run_pipeline(const gchar *source, const gchar *properties, guint64 *frames,
                         guint64 *inferences)
{
    gchar *line = g_strdup_printf(
        "videotestsrc num-buffers=20 %s ! video/x-raw,width=64,height=48,framerate=30/1 ! "
        "hrnetseg name=seg model=test inference-size=512x512 threads=1 %s ! fakesink sync=true",
        source, properties);
    GstElement *pipeline = gst_parse_launch(line, NULL),
               *seg = gst_bin_get_by_name(GST_BIN(pipeline), "seg");
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message;

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    message = wait_message(bus, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless(message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS);
    gst_message_unref(message);
    *frames = seg_stat(seg, "frames");
    *inferences = seg_stat(seg, "inferences");
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(seg);
    gst_object_unref(pipeline);
    g_free(line);
}

/* `auto` waits where it may, and does not where a clock drives the source. */
GST_START_TEST(test_auto)
{
    guint64 frames, inferences;

    run_pipeline("", "qos=false", &frames, &inferences);
    fail_unless_equals_uint64(frames, 20);
    fail_unless(inferences > 0);
    run_pipeline("is-live=true", "", &frames, &inferences);
    fail_unless_equals_uint64(frames, 20);
    fail_unless(inferences < 20);
    run_pipeline("is-live=true", "sync-mode=exact", &frames, &inferences);
    fail_unless_equals_uint64(inferences, frames);
}
GST_END_TEST

static Suite *live_suite(void)
{
    Suite *suite = suite_create("hrnetseg-live");
    TCase *chain = tcase_create("live");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_latest, 0, N_MODES);
    tcase_add_test(chain, test_latest_before_first_mask);
    tcase_add_test(chain, test_latest_does_not_hold_up);
    tcase_add_loop_test(chain, test_size_follows_load, 0, 3);
    tcase_add_loop_test(chain, test_size_stays, 0, 4);
    tcase_add_test(chain, test_latest_while_busy);
    tcase_add_loop_test(chain, test_target_fps, 0, 6);
    tcase_add_loop_test(chain, test_static, 0, N_FORMATS);
    tcase_add_test(chain, test_static_creeping);
    tcase_add_test(chain, test_latency_query);
    tcase_add_test(chain, test_exact_ignores_qos);
    tcase_add_test(chain, test_auto);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(live)
