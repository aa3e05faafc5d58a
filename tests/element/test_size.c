/* What size the network sees a frame at.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <string.h>

static void check_size(GstHarness *h, guint height, guint width)
{
    fail_unless_equals_uint64(seg_stat(h->element, "inference-height"), height);
    fail_unless_equals_uint64(seg_stat(h->element, "inference-width"), width);
}

static void push(GstHarness *h, const GstVideoInfo *info, guint n)
{
    GstBuffer *out = gst_harness_push_and_pull(h, frame_new(info, 0, n));

    fail_unless(out != NULL);
    gst_buffer_unref(out);
}

/* By itself the model's 6,144 pixels in the shape in which the frame is displayed, whatever its
 * pixels' shape. */
GST_START_TEST(test_display_aspect)
{
    static const struct {
        gint frame_width, frame_height;
        const gchar *pixels;
        guint height, width;
    } table[] = {
        { 160, 90, "", 64, 96 },
        { 90, 160, "", 96, 64 },
        { 64, 64, "", 64, 64 },
        { 40, 320, "", 192, 32 },
        { 96, 96, ", pixel-aspect-ratio=1/3", 128, 32 },
        { 96, 96, ", pixel-aspect-ratio=3/1", 32, 128 },
        { 45, 160, ", pixel-aspect-ratio=2/1", 96, 64 },
        { 180, 160, ", pixel-aspect-ratio=1/2", 96, 64 },
    };
    GstHarness *h = harness_new("hrnetseg model=test mode=meta");

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        GstVideoInfo info;

        harness_set_frame_caps(h, "I420", table[i].frame_width, table[i].frame_height,
                               table[i].pixels, &info);
        push(h, &info, i);
        check_size(h, table[i].height, table[i].width);
    }
    gst_harness_teardown(h);
}
GST_END_TEST

/* What is asked for in numbers, or by the model, is had whatever the frame's shape. */
GST_START_TEST(test_sizes_asked_for)
{
    static const struct {
        const gchar *size;
        guint height, width;
    } table[] = {
        { "model", 64, 96 }, { "33x47", 33, 47 }, { "auto", 96, 64 },
        { "64x96", 64, 96 }, { "", 96, 64 },
    };
    GstHarness *h = harness_new("hrnetseg model=test mode=meta");
    GstVideoInfo info;

    harness_set_frame_caps(h, "I420", 90, 160, "", &info);
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_object_set(h->element, "inference-size", table[i].size, NULL);
        push(h, &info, i);
        check_size(h, table[i].height, table[i].width);
    }
    gst_harness_teardown(h);
}
GST_END_TEST

/* A size that is none is a warning once the element has started, be there an inference before it or
 * not. */
GST_START_TEST(test_no_size)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=meta sync-mode=latest attach-meta=false");
    GstBus *bus = harness_add_bus(h);
    GstVideoInfo info;
    gchar *text;

    if (__i__ == 0)
        g_object_set(h->element, "inference-size", "nonsense", "sync-mode", 0, NULL);
    harness_set_frame_caps(h, "I420", 90, 160, "", &info);
    push(h, &info, 0);
    g_object_set(h->element, "inference-size", "nonsense", "sync-mode", 0, "attach-meta", TRUE,
                 NULL);
    for (guint i = 1; i < 4; i++)
        push(h, &info, i);
    text = only_message(bus, GST_MESSAGE_WARNING);
    fail_unless(strstr(text, "nonsense") != NULL, "%s", text);
    fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR) == NULL);
    fail_unless(seg_stat(h->element, "inferences") > 0);
    g_free(text);
    harness_close(h, bus);
}
GST_END_TEST

GST_START_TEST(test_defaults)
{
    GstElement *element = gst_element_factory_make("hrnetseg", NULL);
    gboolean adaptive;
    gchar *size;

    g_object_get(element, "inference-size", &size, "adaptive-size", &adaptive, NULL);
    fail_unless_equals_string(size, "auto");
    fail_if(adaptive);
    g_free(size);
    gst_object_unref(element);
}
GST_END_TEST

static Suite *size_suite(void)
{
    Suite *suite = suite_create("hrnetseg-size");
    TCase *chain = tcase_create("size");

    tcase_add_test(chain, test_display_aspect);
    tcase_add_test(chain, test_sizes_asked_for);
    tcase_add_loop_test(chain, test_no_size, 0, 2);
    tcase_add_test(chain, test_defaults);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(size)
