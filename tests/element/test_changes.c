/* Changes that cannot be had.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <string.h>

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

static Suite *changes_suite(void)
{
    Suite *suite = suite_create("hrnetseg-changes");
    TCase *chain = tcase_create("changes");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_mode_that_does_not_fit, 0, N_REFUSED);
    tcase_add_test(chain, test_mode_in_a_pipeline);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(changes)
