/* GStreamer's own analytics metadata, and what stock elements make of it. Needs GStreamer 1.26, the
 * overlay 1.28. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <gst/analytics/analytics.h>
#include <string.h>

#define WIDTH  99
#define HEIGHT 67

static GstBuffer *segmented(GstVideoInfo *info)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=meta");
    GstBuffer *out;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", info);
    out = gst_harness_push_and_pull(h, frame_new(info, 0, 2));
    fail_unless(out != NULL);
    gst_harness_teardown(h);
    return out;
}

GST_START_TEST(test_contents)
{
    static const gchar *const names[] = { "unlabelled", "road", "person", "car" };
    GstVideoInfo info;
    GstBuffer *out = segmented(&info), *mask;
    GstAnalyticsRelationMeta *meta = gst_buffer_get_analytics_relation_meta(out);
    GstAnalyticsMtd segmentation, classes;
    GstMapInfo map;
    gint x, y;
    guint w, h;
    guint8 *labels = seg_labels(out, WIDTH, HEIGHT);
    gpointer state = NULL;

    fail_unless(meta != NULL);
    fail_unless(gst_analytics_relation_meta_iterate(
        meta, &state, gst_analytics_segmentation_mtd_get_mtd_type(), &segmentation));
    fail_unless_equals_int(gst_analytics_segmentation_mtd_get_region_count(&segmentation), 4);
    mask = gst_analytics_segmentation_mtd_get_mask(&segmentation, &x, &y, &w, &h);
    fail_unless(x == 0 && y == 0 && w == WIDTH && h == HEIGHT);
    gst_buffer_map(mask, &map, GST_MAP_READ);
    fail_unless_equals_int(map.size, WIDTH * HEIGHT);
    fail_unless(memcmp(map.data, labels, map.size) == 0);
    gst_buffer_unmap(mask, &map);
    gst_buffer_unref(mask);

    fail_unless(gst_analytics_relation_meta_get_direct_related(
        meta, segmentation.id, GST_ANALYTICS_REL_TYPE_N_TO_N, gst_analytics_cls_mtd_get_mtd_type(),
        NULL, &classes));
    fail_unless_equals_int(gst_analytics_cls_mtd_get_length(&classes), 4);
    for (guint i = 0; i < 4; i++) {
        fail_unless_equals_int(gst_analytics_segmentation_mtd_get_region_id(&segmentation, i), i);
        fail_unless_equals_string(g_quark_to_string(gst_analytics_cls_mtd_get_quark(&classes, i)),
                                  names[i]);
    }
    g_free(labels);
    gst_buffer_unref(out);
}
GST_END_TEST

/* The frame in plain grey, through the stock overlay: its drawing shows bare. */
static guint8 *overlaid(GstBuffer *frame, const GstVideoInfo *info, const gchar *description)
{
    GstHarness *h = harness_new(description);
    GstBuffer *gray = gst_buffer_copy_deep(frame), *out;
    GstCaps *caps = gst_video_info_to_caps(info);
    guint8 *bytes;

    gst_buffer_memset(gray, 0, 100, gst_buffer_get_size(gray));
    gst_harness_set_src_caps(h, caps);
    out = gst_harness_push_and_pull(h, gray);
    bytes = frame_bytes(info, out, NULL);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
    return bytes;
}

static gboolean is_gray(const guint8 *pixel)
{
    return pixel[0] == 100 && pixel[1] == 100 && pixel[2] == 100;
}

/* Every pixel of a class has one colour, which is no other class's. */
GST_START_TEST(test_stock_overlay)
{
    GstVideoInfo info;
    GstBuffer *frame = segmented(&info);
    guint8 *labels = seg_labels(frame, WIDTH, HEIGHT);
    guint8 *bytes = overlaid(frame, &info, "segmentationoverlay hint-maximum-segment-type=3");
    const guint8 *colors[4] = { NULL };

    for (guint i = 0; i < WIDTH * HEIGHT; i++) {
        const guint8 *pixel = bytes + 3 * i;

        quick_fail_unless(!is_gray(pixel), "label %u at %u,%u is not painted", labels[i], i % WIDTH,
                          i / WIDTH);
        if (!colors[labels[i]])
            colors[labels[i]] = pixel;
        quick_fail_unless(memcmp(pixel, colors[labels[i]], 3) == 0,
                          "label %u has two colours, at %u,%u", labels[i], i % WIDTH, i / WIDTH);
    }
    for (guint a = 1; a < 4; a++) {
        fail_unless(colors[a] != NULL);
        for (guint b = 1; b < a; b++)
            fail_if(memcmp(colors[a], colors[b], 3) == 0);
    }
    g_free(bytes);
    g_free(labels);
    gst_buffer_unref(frame);
}
GST_END_TEST

/* A class chosen by its name is painted, and nothing else is. */
GST_START_TEST(test_stock_overlay_selects)
{
    static const gchar *const names[] = { "unlabelled", "road", "person", "car" };
    const guint chosen = __i__;
    gchar *description = g_strdup_printf(
        "segmentationoverlay hint-maximum-segment-type=3 selected-types=%s", names[chosen]);
    GstVideoInfo info;
    GstBuffer *frame = segmented(&info);
    guint8 *labels = seg_labels(frame, WIDTH, HEIGHT);
    guint8 *bytes = overlaid(frame, &info, description);

    for (guint i = 0; i < WIDTH * HEIGHT; i++)
        quick_fail_unless_equals_int(!is_gray(bytes + 3 * i), labels[i] == chosen);
    g_free(bytes);
    g_free(labels);
    g_free(description);
    gst_buffer_unref(frame);
}
GST_END_TEST

static gboolean have(const gchar *element)
{
    GstElementFactory *factory = gst_element_factory_find(element);

    if (factory)
        gst_object_unref(factory);
    return factory != NULL;
}

static Suite *analytics_suite(void)
{
    Suite *suite = suite_create("hrnetseg-analytics");
    TCase *chain = tcase_create("analytics");

    tcase_set_timeout(chain, 120);
    tcase_add_test(chain, test_contents);
    if (have("segmentationoverlay")) {
        tcase_add_test(chain, test_stock_overlay);
        tcase_add_loop_test(chain, test_stock_overlay_selects, 1, 4);
    }
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(analytics)
