/* Changes that cannot be had, and changes that come faster than they can be had.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define WIDTH  64
#define HEIGHT 48

static gchar *mode_of(GstElement *element)
{
    GEnumClass *names = g_type_class_ref(
        G_PARAM_SPEC_VALUE_TYPE(g_object_class_find_property(G_OBJECT_GET_CLASS(element), "mode")));
    gchar *name;
    gint mode;

    g_object_get(element, "mode", &mode, NULL);
    name = g_strdup(g_enum_get_value(names, mode)->value_nick);
    g_type_class_unref(names);
    return name;
}

static void check_mode(GstElement *element, const gchar *expected)
{
    gchar *mode = mode_of(element);

    fail_unless_equals_string(mode, expected);
    g_free(mode);
}

/* What downstream takes, the mode of before, and one that it does not go with. */
static const gchar *const refused[][3] = {
    { "I420", "overlay", "mask" }, { "I420", "blur", "alpha" },  { "GRAY8", "mask", "overlay" },
    { "RGBA", "alpha", "fill" },   { "GRAY8", "mask", "alpha" },
};
#define N_REFUSED 5

/* A mode that downstream does not take: a warning, and frames leave as before. One that it does
 * take then works. */
GST_START_TEST(test_mode_that_does_not_fit)
{
    const gchar *format = refused[__i__][0], *former = refused[__i__][1];
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s", former), *text;
    const gboolean is_i420 = g_str_equal(format, "I420");
    GstHarness *h = harness_new(description);
    GstBus *bus = harness_add_bus(h);
    GstVideoInfo info;

    gst_harness_set_sink_caps(h, frame_caps(format, WIDTH, HEIGHT, ""));
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    for (guint n = 0; n < 6; n++) {
        GstBuffer *out;

        if (n == 2)
            gst_util_set_object_arg(G_OBJECT(h->element), "mode", refused[__i__][2]);
        if (n == 4 && is_i420)
            gst_util_set_object_arg(G_OBJECT(h->element), "mode", "pixelate");
        out = gst_harness_push_and_pull(h, frame_new(&info, 0, n));
        fail_unless(out != NULL && seg_structure(out) != NULL);
        check_mode(h->element, n >= 4 && is_i420 ? "pixelate" : former);
        gst_buffer_unref(out);
    }
    text = only_message(bus, GST_MESSAGE_WARNING);
    fail_unless(strstr(text, refused[__i__][2]) && strstr(text, former), "%s", text);
    fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR) == NULL);
    g_free(text);
    g_free(description);
    harness_close(h, bus);
}
GST_END_TEST

/* Sets the mode when the tenth frame comes. */
static GstPadProbeReturn set_mode(GstPad *pad, GstPadProbeInfo *info, gpointer mode)
{
    GstElement *element = gst_pad_get_parent_element(pad);

    if (GST_BUFFER_OFFSET(gst_pad_probe_info_get_buffer(info)) == 10)
        gst_util_set_object_arg(G_OBJECT(element), "mode", mode);
    gst_object_unref(element);
    return GST_PAD_PROBE_OK;
}

/* In a pipeline whose converter before the element asks anew, too: the stream reaches its end. */
static void check_pipeline(const gchar *format, const gchar *former, gchar *mode,
                           const gchar *expected)
{
    gchar *line = g_strdup_printf("videotestsrc num-buffers=30 ! video/x-raw,width=64,height=48 ! "
                                  "videoconvert ! hrnetseg name=seg model=test mode=%s ! "
                                  "video/x-raw,format=%s ! fakesink",
                                  former, format);
    GstElement *pipeline = gst_parse_launch(line, NULL);
    GstElement *seg = gst_bin_get_by_name(GST_BIN(pipeline), "seg");
    GstPad *pad = gst_element_get_static_pad(seg, "sink");
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message;

    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, set_mode, mode, NULL);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    if (g_str_equal(former, expected)) {
        message = wait_message(bus, GST_MESSAGE_WARNING | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
        fail_unless(message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING);
        gst_message_unref(message);
    }
    message = wait_message(bus, GST_MESSAGE_WARNING | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless(message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS);
    gst_message_unref(message);
    check_mode(seg, expected);
    fail_unless_equals_uint64(seg_stat(seg, "frames"), 30);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pad);
    gst_object_unref(seg);
    gst_object_unref(pipeline);
    g_free(line);
}

GST_START_TEST(test_mode_in_a_pipeline)
{
    gchar mask[] = "mask", alpha[] = "alpha", overlay[] = "overlay";

    check_pipeline("I420", "overlay", mask, "overlay");
    check_pipeline("YUY2", "overlay", alpha, "overlay");
    /* What goes if upstream converts. */
    check_pipeline("RGBA", "alpha", overlay, "overlay");
}
GST_END_TEST

static guint n_threads(void)
{
    GDir *dir = g_dir_open("/proc/self/task", 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir))
        n++;
    g_dir_close(dir);
    return n;
}

/* Waits for a frame whose label 1 is called so. */
static void wait_for_class(GstHarness *h, const GstVideoInfo *info, guint n, const gchar *name)
{
    for (guint tries = 0; tries < 500; tries++) {
        GstBuffer *out = gst_harness_push_and_pull(h, frame_new(info, 0, n++));
        const GValue *classes = gst_structure_get_value(seg_structure(out), "classes");
        const gboolean is_it =
            g_str_equal(g_value_get_string(gst_value_array_get_value(classes, 1)), name);

        gst_buffer_unref(out);
        if (is_it)
            return;
        g_usleep(5000);
    }
    fail("%s did not come", name);
}

static void wish(GstElement *element, guint n)
{
    gchar *options = g_strdup_printf("options,classes=<n%u,two,three>,foreground=<two>", n);

    g_object_set(element, "model-options", options, NULL);
    g_free(options);
}

#define N_WISHES 60

/* Sixty wishes for another model at once, by options, by name and from several threads: a load at a
 * time, so hardly more threads and memory than one takes, and what is wished for last comes. */
static gpointer wish_often(gpointer element)
{
    for (guint n = 1; n <= N_WISHES; n++)
        wish(element, 1000 + n);
    return NULL;
}

GST_START_TEST(test_storm)
{
    GstHarness *h = harness_new("hrnetseg model=test threads=1");
    guint before, most = 0;
    GstVideoInfo info;
    GThread *threads[4];

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    wish(h->element, 0);
    wait_for_class(h, &info, 0, "n0");
    before = n_threads();
    if (__i__ == 2) {
        for (guint i = 0; i < 4; i++)
            threads[i] = g_thread_new("wish", wish_often, h->element);
        for (guint i = 0; i < 4; i++)
            g_thread_join(threads[i]);
        most = n_threads();
    }
    for (guint n = 1; n <= N_WISHES; n++) {
        if (__i__ == 1)
            g_object_set(h->element, "model", n % 2 ? "no-such-model" : "test", NULL);
        wish(h->element, n);
        most = MAX(most, n_threads());
    }
    wait_for_class(h, &info, 100, "n60");
    fail_unless(most <= before + 4, "%u threads, then %u", before, most);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Stopping while a load is at work, again and again, begins none beside it. */
GST_START_TEST(test_storm_over_states)
{
    GstElement *seg = gst_element_factory_make("hrnetseg", NULL);
    guint before = 0, most = 0;

    g_object_set(seg, "model", "test", "threads", 1, NULL);
    for (guint n = 0; n < 30; n++) {
        fail_unless(gst_element_set_state(seg, GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE);
        wish(seg, n);
        wish(seg, n + 100);
        if (n == 0)
            before = n_threads();
        most = MAX(most, n_threads());
        gst_element_set_state(seg, GST_STATE_NULL);
    }
    fail_unless(most <= before + 4, "%u threads, then %u", before, most);
    gst_object_unref(seg);
}
GST_END_TEST

/* The niceness of the thread of that name; -100 where there is none. */
static gint niceness_of(const gchar *name)
{
    GDir *dir = g_dir_open("/proc/self/task", 0, NULL);
    const gchar *id;
    gint niceness = -100;

    while ((id = g_dir_read_name(dir)) != NULL) {
        gchar *path = g_build_filename("/proc/self/task", id, "comm", NULL), *comm = NULL;

        if (g_file_get_contents(path, &comm, NULL, NULL) && g_str_has_prefix(comm, name))
            niceness = getpriority(PRIO_PROCESS, (id_t)atoi(id));
        g_free(comm);
        g_free(path);
    }
    g_dir_close(dir);
    return niceness;
}

/* Inference beside the stream comes after the stream, however nice that is itself. */
GST_START_TEST(test_helper_is_nicer)
{
    const gint stream = MIN(getpriority(PRIO_PROCESS, 0) + 10 * __i__, 19);
    GstHarness *h = harness_new("hrnetseg model=test sync-mode=latest threads=2");
    GstVideoInfo info;
    gint niceness = -100;

    fail_unless(setpriority(PRIO_PROCESS, 0, stream) == 0);
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    for (guint n = 0; n < 1000 && seg_stat(h->element, "inferences") < 2; n++) {
        gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, n)));
        g_usleep(2000);
    }
    niceness = niceness_of("hrnet-infer");
    fail_unless_equals_int(niceness, MIN(stream + 5, 19));
    fail_unless_equals_int(niceness_of("hrnet-work"), niceness);
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *changes_suite(void)
{
    Suite *suite = suite_create("hrnetseg-changes");
    TCase *chain = tcase_create("changes");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_mode_that_does_not_fit, 0, N_REFUSED);
    tcase_add_test(chain, test_mode_in_a_pipeline);
    tcase_add_loop_test(chain, test_storm, 0, 3);
    tcase_add_test(chain, test_storm_over_states);
    tcase_add_loop_test(chain, test_helper_is_nicer, 0, 2);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(changes)
