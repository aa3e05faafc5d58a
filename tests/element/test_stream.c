/* Events, lateness and the stream's life: QoS, flush, gap, segments, EOS.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <string.h>

#define WIDTH  64
#define HEIGHT 48

static GstHarness *start(const gchar *description, GstVideoInfo *info)
{
    GstHarness *h = harness_new(description);

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", info);
    return h;
}

static guint64 pushed_pts(GstHarness *h, const GstVideoInfo *info, guint seed)
{
    GstBuffer *out = gst_harness_push_and_pull(h, frame_new(info, 0, seed));
    guint64 pts;

    fail_unless(out != NULL);
    fail_unless_equals_uint64(GST_BUFFER_PTS(out), frame_time(seed));
    fail_unless(gst_structure_get_uint64(seg_structure(out), "pts", &pts));
    gst_buffer_unref(out);
    return pts;
}

static void send_qos(GstHarness *h, GstClockTime time, GstClockTimeDiff late)
{
    gst_harness_push_upstream_event(h, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, late, time));
}

/* Frames that come too late leave at once with the last mask, whose time the metadata tells; later
 * ones get their own again. None is dropped. */
GST_START_TEST(test_late_frames)
{
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s", all_modes[__i__]);
    GstVideoInfo info;
    GstHarness *h = start(description, &info);

    fail_unless_equals_uint64(pushed_pts(h, &info, 1), frame_time(1));
    send_qos(h, frame_time(1), frame_time(2) + GST_MSECOND);
    fail_unless_equals_uint64(pushed_pts(h, &info, 2), frame_time(1));
    fail_unless_equals_uint64(seg_stat(h->element, "mask-age-ns"), frame_time(2) - frame_time(1));
    fail_unless_equals_uint64(pushed_pts(h, &info, 3), frame_time(1));
    fail_unless_equals_uint64(pushed_pts(h, &info, 4), frame_time(4));
    fail_unless_equals_uint64(seg_stat(h->element, "frames"), 4);
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 2);
    fail_unless_equals_uint64(seg_stat(h->element, "reused"), 2);
    send_qos(h, frame_time(5), -(GstClockTimeDiff)frame_time(1));
    fail_unless_equals_uint64(pushed_pts(h, &info, 5), frame_time(5));
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* A stream that is always late, though not by masks, still gets a mask each second. By its caps a
 * frame lasts long enough for any machine. */
GST_START_TEST(test_always_late)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test mode=meta", &info);

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, ",framerate=1/1", &info);
    for (guint i = 0; i < 90; i++) {
        const guint64 pts = pushed_pts(h, &info, i);

        fail_unless(frame_time(i) - pts <= GST_SECOND);
        send_qos(h, frame_time(i), 100 * GST_SECOND);
    }
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 3);
    gst_harness_teardown(h);
}
GST_END_TEST

/* The mask of before is not used on another scene, however late. */
GST_START_TEST(test_no_reuse_across)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test mode=meta", &info);
    GstBuffer *out, *in;
    GstSegment segment;
    guint64 pts;

    pushed_pts(h, &info, 1);
    send_qos(h, frame_time(1), 100 * GST_SECOND);
    fail_unless_equals_uint64(pushed_pts(h, &info, 2), frame_time(1));
    switch (__i__) {
    case 0: /* a jump */
        in = frame_new(&info, 0, 3);
        GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_DISCONT);
        out = gst_harness_push_and_pull(h, in);
        gst_structure_get_uint64(seg_structure(out), "pts", &pts);
        gst_buffer_unref(out);
        break;
    case 1: /* another size */
        harness_set_frame_caps(h, "I420", WIDTH * 2, HEIGHT, "", &info);
        pts = pushed_pts(h, &info, 3);
        break;
    case 2: /* another segment */
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_harness_push_event(h, gst_event_new_segment(&segment));
        pts = pushed_pts(h, &info, 3);
        break;
    default: /* a seek */
        gst_harness_push_event(h, gst_event_new_flush_start());
        gst_harness_push_event(h, gst_event_new_flush_stop(TRUE));
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_harness_push_event(h, gst_event_new_segment(&segment));
        pts = pushed_pts(h, &info, 3);
        break;
    }
    fail_unless_equals_uint64(pts, frame_time(3));
    gst_harness_teardown(h);
}
GST_END_TEST

/* QoS events go on to upstream, which may have more to save. */
GST_START_TEST(test_qos_forwarded)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test", &info);
    gboolean seen = FALSE;
    GstEvent *event;

    send_qos(h, 0, GST_SECOND);
    while ((event = gst_harness_try_pull_upstream_event(h)) != NULL) {
        seen |= GST_EVENT_TYPE(event) == GST_EVENT_QOS;
        gst_event_unref(event);
    }
    fail_unless(seen);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Events pass in order with the frames, and frames after a gap are like any other. */
GST_START_TEST(test_events)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test", &info);
    gboolean gap = FALSE, eos = FALSE;
    GstEvent *event;

    pushed_pts(h, &info, 0);
    fail_unless(gst_harness_push_event(h, gst_event_new_gap(frame_time(1), frame_time(1))));
    fail_unless_equals_uint64(pushed_pts(h, &info, 2), frame_time(2));
    fail_unless(gst_harness_push_event(h, gst_event_new_eos()));
    while ((event = gst_harness_try_pull_event(h)) != NULL) {
        if (GST_EVENT_TYPE(event) == GST_EVENT_GAP)
            gap = !eos;
        eos |= GST_EVENT_TYPE(event) == GST_EVENT_EOS;
        gst_event_unref(event);
    }
    fail_unless(gap);
    fail_unless(eos);
    gst_harness_teardown(h);
}
GST_END_TEST

/* A frame that fills a gap has the last mask, whatever it shows; the first one of all is segmented.
 */
GST_START_TEST(test_gap_buffers)
{
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s", all_modes[__i__]);
    GstVideoInfo info;
    GstHarness *h = start(description, &info);

    for (guint i = 0; i < 4; i++) { /* gap, picture, gap, picture */
        GstBuffer *in = frame_new(&info, 0, i), *out;
        const gboolean is_gap = i % 2 == 0;
        guint64 pts;

        if (is_gap)
            GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_GAP);
        out = gst_harness_push_and_pull(h, in);
        fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 1 + (i + 1) / 2);
        fail_unless_equals_int(GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_GAP), is_gap);
        fail_unless(gst_structure_get_uint64(seg_structure(out), "pts", &pts));
        fail_unless_equals_uint64(pts, frame_time(is_gap && i > 0 ? i - 1 : i));
        gst_buffer_unref(out);
    }
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Rates below 0 and of more than 1, and a segment that starts late. */
GST_START_TEST(test_rates)
{
    static const gdouble rates[] = { 2.0, -1.0, 0.25 };
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test mode=meta", &info);
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.rate = rates[__i__];
    segment.start = 0;
    segment.stop = 10 * GST_SECOND;
    gst_harness_push_event(h, gst_event_new_segment(&segment));
    for (guint i = 0; i < 4; i++) {
        const guint n = rates[__i__] < 0 ? 10 - i : i;

        fail_unless_equals_uint64(pushed_pts(h, &info, n), frame_time(n));
    }
    gst_harness_teardown(h);
}
GST_END_TEST

/* Segments that count in bytes, or in nothing, as appsrc's and shmsrc's do by default: frames have
 * their masks, whatever asks for a time, and metadata and message tell the timestamp. */
GST_START_TEST(test_segment_without_times)
{
    static const gchar *const properties[] = { "", "opacity=0.7 message-interval=1 target-fps=10",
                                               "smoothing=200 static-threshold=0.01",
                                               "fail-closed=true sync-mode=exact" };
    gchar *description = g_strdup_printf("hrnetseg model=test %s", properties[__i__ / 2]);
    GstVideoInfo info;
    GstHarness *h = start(description, &info);
    GstBus *bus = harness_add_bus(h);
    GstMessage *message;
    GstSegment segment;
    guint64 pts;

    gst_segment_init(&segment, __i__ % 2 ? GST_FORMAT_BYTES : GST_FORMAT_DEFAULT);
    gst_harness_push_event(h, gst_event_new_segment(&segment));
    for (guint n = 0; n < 5; n++)
        fail_unless_equals_uint64(pushed_pts(h, &info, n), frame_time(n));
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 5);
    send_qos(h, frame_time(5), GST_SECOND);
    fail_unless_equals_uint64(pushed_pts(h, &info, 5), frame_time(5));
    message = gst_bus_pop_filtered(bus, GST_MESSAGE_ELEMENT);
    fail_unless_equals_int(message != NULL, __i__ / 2 == 1);
    if (message) {
        const GstStructure *report = gst_message_get_structure(message);

        fail_unless(gst_structure_get_uint64(report, "timestamp", &pts));
        fail_unless_equals_uint64(pts, frame_time(0));
        fail_unless(gst_structure_get_uint64(report, "running-time", &pts));
        fail_unless_equals_uint64(pts, GST_CLOCK_TIME_NONE);
        gst_message_unref(message);
    }
    g_free(description);
    harness_close(h, bus);
}
GST_END_TEST

/* So no mode tells upstream that it may leave cropping to others, whatever downstream takes. */
GST_START_TEST(test_no_cropping_is_offered)
{
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s", all_modes[__i__]);
    GstHarness *h = harness_new(description);
    GstVideoInfo info;
    GstQuery *query;
    GstCaps *caps;

    gst_harness_add_propose_allocation_meta(h, GST_VIDEO_META_API_TYPE, NULL);
    gst_harness_add_propose_allocation_meta(h, GST_VIDEO_CROP_META_API_TYPE, NULL);
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    pushed_pts(h, &info, 1);
    caps = gst_pad_get_current_caps(h->srcpad);
    query = gst_query_new_allocation(caps, TRUE);
    fail_unless(gst_pad_peer_query(h->srcpad, query));
    fail_unless(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL));
    fail_if(gst_query_find_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, NULL));
    gst_query_unref(query);
    gst_caps_unref(caps);
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *stream_suite(void)
{
    Suite *suite = suite_create("hrnetseg-stream");
    TCase *chain = tcase_create("stream");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_late_frames, 0, N_MODES);
    tcase_add_test(chain, test_always_late);
    tcase_add_loop_test(chain, test_no_reuse_across, 0, 4);
    tcase_add_test(chain, test_qos_forwarded);
    tcase_add_test(chain, test_events);
    tcase_add_loop_test(chain, test_gap_buffers, 0, N_MODES);
    tcase_add_loop_test(chain, test_rates, 0, 3);
    tcase_add_loop_test(chain, test_segment_without_times, 0, 8);
    tcase_add_loop_test(chain, test_no_cropping_is_offered, 0, N_MODES);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(stream)
