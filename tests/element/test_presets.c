/* The presets that come with the element.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

GST_START_TEST(test_presets)
{
    static const gchar *const names[] = { "Privacy", "Blurred background", "Cut out", "Frugal" };
    GstElement *element = gst_element_factory_make("hrnetseg", NULL);
    gchar **found = gst_preset_get_preset_names(GST_PRESET(element));

    fail_unless_equals_int(g_strv_length(found), G_N_ELEMENTS(names));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        gchar *comment = NULL;
        gint orientation;

        fail_unless(g_strv_contains((const gchar *const *)found, names[i]), "%s", names[i]);
        fail_unless(gst_preset_load_preset(GST_PRESET(element), names[i]));
        /* How frames lie is the stream's to say. */
        g_object_get(element, "orientation", &orientation, NULL);
        fail_unless_equals_int(orientation, 8);
        fail_unless(gst_preset_get_meta(GST_PRESET(element), names[i], "comment", &comment));
        g_free(comment);
    }
    g_strfreev(found);
    gst_object_unref(element);
}
GST_END_TEST

/* A preset's values arrive, and frames with them. */
GST_START_TEST(test_privacy)
{
    GstHarness *h = harness_new("hrnetseg model=test");
    gint mode;
    guint margin, strength;
    gboolean closed;
    GstVideoInfo info;

    fail_unless(gst_preset_load_preset(GST_PRESET(h->element), "Privacy"));
    g_object_get(h->element, "mode", &mode, "margin", &margin, "strength", &strength, "fail-closed",
                 &closed, NULL);
    fail_unless_equals_int(mode, 6);
    fail_unless_equals_int(margin, 12);
    fail_unless_equals_int(strength, 40);
    fail_unless(closed);
    harness_set_frame_caps(h, "I420", 64, 48, "", &info);
    gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, 0)));
    gst_harness_teardown(h);
}
GST_END_TEST

/* Where an edge is all that is seen of a mask it is a calm one that follows the picture. */
GST_START_TEST(test_steady_presets)
{
    static const gchar *const names[] = { "Blurred background", "Cut out" };
    GstHarness *h = harness_new("hrnetseg model=test");
    gboolean refine;
    guint smoothing;
    GstVideoInfo info;

    fail_unless(gst_preset_load_preset(GST_PRESET(h->element), names[__i__]));
    g_object_get(h->element, "smoothing", &smoothing, "edge-refine", &refine, NULL);
    fail_unless_equals_int(smoothing, 200);
    fail_unless(refine);
    harness_set_frame_caps(h, "I420", 64, 48, "", &info);
    for (guint i = 0; i < 3; i++)
        gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, i)));
    gst_harness_teardown(h);
}
GST_END_TEST

/* Where little is to be computed the network may become smaller too. */
GST_START_TEST(test_frugal)
{
    GstElement *element = gst_element_factory_make("hrnetseg", NULL);
    gboolean adaptive;

    fail_unless(gst_preset_load_preset(GST_PRESET(element), "Frugal"));
    g_object_get(element, "adaptive-size", &adaptive, NULL);
    fail_unless(adaptive);
    gst_object_unref(element);
}
GST_END_TEST

static Suite *presets_suite(void)
{
    Suite *suite = suite_create("hrnetseg-presets");
    TCase *chain = tcase_create("presets");

    tcase_add_test(chain, test_presets);
    tcase_add_test(chain, test_privacy);
    tcase_add_test(chain, test_frugal);
    tcase_add_loop_test(chain, test_steady_presets, 0, 2);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(presets)
