/* Random changes while frames flow: nothing fails, hangs or is lost. HRNET_STRESS is the number of
 * changes, 1,000 if it is not set.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "any_change.h"

#include <stdlib.h>

static guint n_changes(void)
{
    const gchar *wish = g_getenv("HRNET_STRESS");

    return wish ? (guint)atoi(wish) : 1000;
}

GST_START_TEST(test_random_changes)
{
    GRand *rand = g_rand_new_with_seed((guint32)__i__);
    GstHarness *h = harness_new("hrnetseg model=test");
    GstBus *bus = harness_add_bus(h);
    GstVideoInfo info;

    harness_set_frame_caps(h, "I420", 64, 48, "", &info);
    for (guint n = 0; n < n_changes(); n++) {
        change_anything(h, rand, &info, n);
        for (gint k = g_rand_int_range(rand, 0, 3); k > 0; k--) {
            GstBuffer *out =
                gst_harness_push_and_pull(h, frame_new(&info, g_rand_boolean(rand) ? 7 : 0, n));

            expect_no_error(bus);
            fail_unless(out != NULL);
            gst_buffer_unref(out);
        }
    }
    fail_unless(seg_stat(h->element, "frames") > n_changes() / 2);
    harness_close(h, bus);
    g_rand_free(rand);
}
GST_END_TEST

/* States of a running pipeline, at any time. */
GST_START_TEST(test_random_states)
{
    static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED,
                                       GST_STATE_PLAYING };
    GstElement *pipeline = gst_parse_launch(
        "videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=100/1 ! "
        "hrnetseg name=seg model=test ! fakesink",
        NULL);
    GstElement *seg = gst_bin_get_by_name(GST_BIN(pipeline), "seg");
    GRand *rand = g_rand_new_with_seed((guint32)__i__);

    for (guint n = 0; n < 60; n++) {
        fail_if(gst_element_set_state(pipeline, states[g_rand_int_range(rand, 0, 4)]) ==
                GST_STATE_CHANGE_FAILURE);
        g_usleep((gulong)g_rand_int_range(rand, 0, 30000));
        change_any_property(seg, rand);
        set_what_is_valid(seg);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    g_rand_free(rand);
    gst_object_unref(seg);
    gst_object_unref(pipeline);
}
GST_END_TEST

static void go_down_and_up(GstElement *pipeline, GstElement *seg, GRand *rand)
{
    static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED };

    set_what_is_valid(seg);
    fail_if(gst_element_set_state(pipeline, states[g_rand_int_range(rand, 0, 3)]) ==
            GST_STATE_CHANGE_FAILURE);
    fail_if(gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
}

static void set_random_filter(GstElement *pipeline, GRand *rand)
{
    GstElement *filter = gst_bin_get_by_name(GST_BIN(pipeline), "filter");
    GstCaps *caps = frame_caps(all_formats[g_rand_int_range(rand, 0, N_FORMATS)],
                               g_rand_int_range(rand, 16, 130), g_rand_int_range(rand, 16, 100),
                               ",framerate=200/1");

    g_object_set(filter, "caps", caps, NULL);
    gst_caps_unref(caps);
    gst_object_unref(filter);
}

/* Whether frames still come through, in 30 s at the most. */
static gboolean flows(GstElement *seg, GstBus *bus)
{
    const guint64 before = seg_stat(seg, "frames");

    for (guint tries = 0; tries < 3000; tries++) {
        expect_no_error(bus);
        /* A state change has them begin at 0. */
        if (seg_stat(seg, "frames") > before + 5)
            return TRUE;
        g_usleep(10000);
    }
    return FALSE;
}

/* Properties, modes, models, caps, seeks and states of a pipeline that plays meanwhile, from
 * another thread than its own. The filter goes on taking its former caps until the source has made
 * the new ones its own: else what the source was just about to send ends in an error of theirs. */
GST_START_TEST(test_random_pipeline)
{
    GRand *rand = g_rand_new_with_seed((guint32)__i__);
    GstElement *pipeline = gst_parse_launch("videotestsrc name=source is-live=true pattern=ball ! "
                                            "capsfilter name=filter caps-change-mode=delayed ! "
                                            "hrnetseg name=seg model=test ! "
                                            "fakesink sync=false",
                                            NULL);
    GstElement *seg = gst_bin_get_by_name(GST_BIN(pipeline), "seg");
    GstBus *bus = gst_element_get_bus(pipeline);

    set_random_filter(pipeline, rand);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    for (guint n = 0; n < n_changes(); n++) {
        const gint kind = g_rand_int_range(rand, 0, 40);

        if (kind < 3)
            set_random_filter(pipeline, rand);
        else if (kind < 5)
            gst_element_seek_simple(pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0);
        else if (kind < 6)
            go_down_and_up(pipeline, seg, rand);
        else
            change_any_property(seg, rand);
        expect_no_error(bus);
        g_usleep((gulong)g_rand_int_range(rand, 0, 10000));
        if (n % 100 == 99)
            fail_unless(flows(seg, bus), "stuck after change %u", n);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    g_rand_free(rand);
    gst_object_unref(bus);
    gst_object_unref(seg);
    gst_object_unref(pipeline);
}
GST_END_TEST

static Suite *stress_suite(void)
{
    Suite *suite = suite_create("hrnetseg-stress");
    TCase *chain = tcase_create("stress");

    tcase_set_timeout(chain, 300);
    tcase_add_loop_test(chain, test_random_changes, 0, 4);
    tcase_add_loop_test(chain, test_random_states, 0, 2);
    tcase_add_loop_test(chain, test_random_pipeline, 0, 2);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(stress)
