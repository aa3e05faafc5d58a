/* Played files into a sink that keeps to the clock, with a network that takes longer than a frame.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <string.h>

#define WIDTH  64
#define HEIGHT 48

#define N_FRAMES 77

static guint n_info;

static void count_info(GstDebugCategory *category, GstDebugLevel level, const gchar *file,
                       const gchar *function, gint line, GObject *object, GstDebugMessage *message,
                       gpointer user_data)
{
    if (level == GST_LEVEL_INFO && g_str_equal(gst_debug_category_get_name(category), "hrnetseg") &&
        strstr(gst_debug_message_get(message), "reports lateness"))
        n_info++;
}

/* At 30 frames a second, with converters on the way that drop what is late, into a sink that does
 * so, too: nearly all frames come through and are shown. */
GST_START_TEST(test_smooth)
{
    static const gchar *const properties[] = { "mode=overlay", "mode=mask", "qos=true mode=meta" };
    gchar *line = g_strdup_printf(
        "videotestsrc num-buffers=%u pattern=ball ! "
        "video/x-raw,format=BGRx,width=320,height=180,framerate=30/1 ! videoconvert ! "
        "video/x-raw,format=I420 ! hrnetseg name=seg model=test %s ! videoconvert ! "
        "video/x-raw,format=ARGB ! fakesink name=sink sync=true qos=true max-lateness=20000000",
        N_FRAMES, properties[__i__]);
    GstElement *pipeline = gst_parse_launch(line, NULL),
               *seg = gst_bin_get_by_name(GST_BIN(pipeline), "seg"),
               *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    GstBus *bus = gst_element_get_bus(pipeline);
    GstStructure *stats;
    GstMessage *message;
    guint64 rendered;

    gst_debug_set_threshold_for_name("hrnetseg", GST_LEVEL_INFO);
    gst_debug_add_log_function(count_info, NULL, NULL);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    message = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless(message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS);
    gst_message_unref(message);
    g_object_get(sink, "stats", &stats, NULL);
    fail_unless(gst_structure_get_uint64(stats, "rendered", &rendered));
    gst_structure_free(stats);
    g_print("# %s: %" G_GUINT64_FORMAT " of %u rendered\n", properties[__i__], rendered, N_FRAMES);
    /* A machine that stalls for other reasons may make upstream drop one. */
    fail_unless(seg_stat(seg, "frames") * 10 >= N_FRAMES * 9);
    fail_unless(rendered * 10 >= N_FRAMES * 9, "%u rendered", (guint)rendered);
    fail_unless(seg_stat(seg, "inferences") > 5);
    fail_unless_equals_int(n_info, 1);
    gst_debug_remove_log_function(count_info);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(sink);
    gst_object_unref(seg);
    gst_object_unref(pipeline);
    g_free(line);
}
GST_END_TEST

/* Frame n, of which the sink then says that it came so much too late. The time of its mask. */
static guint64 push_late(GstHarness *h, const GstVideoInfo *info, guint n, GstClockTimeDiff late)
{
    GstBuffer *out = gst_harness_push_and_pull(h, frame_new(info, 0, n));
    guint64 pts = GST_CLOCK_TIME_NONE;

    fail_unless(out != NULL);
    if (seg_structure(out))
        gst_structure_get_uint64(seg_structure(out), "pts", &pts);
    gst_buffer_unref(out);
    gst_harness_push_upstream_event(
        h, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, late, frame_time(n)));
    return pts;
}

/* QoS events that went on upstream. */
static guint n_sent(GstHarness *h)
{
    GstEvent *event;
    guint n = 0;

    while ((event = gst_harness_try_pull_upstream_event(h)) != NULL) {
        n += GST_EVENT_TYPE(event) == GST_EVENT_QOS;
        gst_event_unref(event);
    }
    return n;
}

static GstHarness *start(const gchar *properties, GstVideoInfo *info)
{
    gchar *description = g_strdup_printf("hrnetseg model=test %s", properties);
    GstHarness *h = harness_new(description);

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", info);
    g_free(description);
    return h;
}

static void flush(GstHarness *h)
{
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(h, gst_event_new_flush_start());
    gst_harness_push_event(h, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(h, gst_event_new_segment(&segment));
}

/* Lateness that is ours is not sent upstream; what comes after it has caught up is. A flush makes
 * frames wait again. */
GST_START_TEST(test_back_after_a_flush)
{
    GstVideoInfo info;
    GstHarness *h = start("", &info);
    GstClockTime start_time;

    for (guint n = 0; n < 4; n++)
        push_late(h, &info, n, 50 * GST_MSECOND);
    fail_unless_equals_int(n_sent(h), 0);
    start_time = gst_util_get_timestamp();
    for (guint n = 10; n < 20; n++)
        fail_unless(push_late(h, &info, n, 50 * GST_MSECOND) != frame_time(n));
    fail_unless(gst_util_get_timestamp() - start_time < GST_SECOND);
    push_late(h, &info, 20, -1);
    push_late(h, &info, 21, 50 * GST_MSECOND);
    fail_unless_equals_int(n_sent(h), 2);
    flush(h);
    for (guint n = 30; n < 33; n++)
        fail_unless_equals_uint64(push_late(h, &info, n, 0), frame_time(n));
    gst_harness_teardown(h);
}
GST_END_TEST

/* Frames that are hidden wait, and so do those of `exact`: each has its own mask, however late.
 * `qos` drops none of them. */
GST_START_TEST(test_these_wait)
{
    static const gchar *const properties[] = { "mode=fill",
                                               "mode=blur qos=true",
                                               "mode=pixelate",
                                               "fail-closed=true",
                                               "sync-mode=exact",
                                               "sync-mode=exact qos=true",
                                               "fail-closed=true mode=mask qos=true" };
    GstVideoInfo info;
    GstHarness *h = start(properties[__i__], &info);

    for (guint n = 0; n < 8; n++)
        fail_unless_equals_uint64(push_late(h, &info, n, 100 * GST_SECOND), frame_time(n));
    fail_unless_equals_int(n_sent(h), 8);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Nor where frames do not wait anyway, and a mode that hides makes frames wait from then on. */
GST_START_TEST(test_qos_drops_nothing)
{
    GstVideoInfo info;
    GstHarness *h = start(__i__ ? "sync-mode=latest qos=true" : "qos=true", &info);
    guint n = 0;

    for (; n < 20; n++)
        push_late(h, &info, n, 100 * GST_SECOND);
    fail_unless_equals_uint64(seg_stat(h->element, "frames"), 20);
    gst_util_set_object_arg(G_OBJECT(h->element), "mode", "fill");
    if (__i__ == 0)
        fail_unless_equals_uint64(push_late(h, &info, n, 0), frame_time(n));
    gst_harness_teardown(h);
}
GST_END_TEST

/* Where masks take no time to speak of, others make frames late, and have to hear of it. */
GST_START_TEST(test_not_ours)
{
    GstVideoInfo info;
    GstHarness *h;

    g_setenv("HRNET_FAULT", "", TRUE);
    h = start("inference-size=32x32", &info);
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, ",framerate=1/1", &info);
    for (guint n = 0; n < 6; n++)
        push_late(h, &info, n, 30 * GST_MSECOND);
    fail_unless_equals_int(n_sent(h), 6);
    fail_unless_equals_uint64(push_late(h, &info, 90, 0), frame_time(90));
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *playback_suite(void)
{
    Suite *suite = suite_create("hrnetseg-playback");
    TCase *chain = tcase_create("playback");

    g_setenv("HRNET_FAULT", "slow:200", TRUE);
    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_smooth, 0, 3);
    tcase_add_test(chain, test_back_after_a_flush);
    tcase_add_loop_test(chain, test_these_wait, 0, 7);
    tcase_add_loop_test(chain, test_qos_drops_nothing, 0, 2);
    tcase_add_test(chain, test_not_ours);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(playback)
