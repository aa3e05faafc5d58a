/* Messages and styles of single classes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <string.h>

#define WIDTH  96
#define HEIGHT 64

static GstHarness *start(const gchar *description, const gchar *format, GstVideoInfo *info,
                         GstBus **bus)
{
    GstHarness *h = harness_new(description);

    *bus = harness_add_bus(h);
    harness_set_frame_caps(h, format, WIDTH, HEIGHT, "", info);
    return h;
}

/* Share and box, counted the plain way; the winner of n has an n-th at least. */
static void check_class(const GstStructure *class, const guint8 *labels, guint n_rivals)
{
    const guint n = check_box(class, labels, WIDTH, HEIGHT);
    gdouble share, confidence;

    fail_unless(gst_structure_get(class, "share", G_TYPE_DOUBLE, &share, "confidence",
                                  G_TYPE_DOUBLE, &confidence, NULL));
    fail_unless(ABS(share - n / (gdouble)(WIDTH * HEIGHT)) < 1e-9);
    fail_unless(confidence > 1.0 / n_rivals && confidence <= 1);
}

static void check_message(const gchar *description, const gchar *precision, guint n_rivals)
{
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = start(description, "I420", &info, &bus);
    GstBuffer *out = gst_harness_push_and_pull(h, frame_new(&info, 0, 2));
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ELEMENT);
    guint8 *labels = seg_labels(out, WIDTH, HEIGHT);
    const GValue *classes, *areas = gst_structure_get_value(seg_structure(out), "areas");
    gdouble sum = 0, share;
    guint64 timestamp;
    GstStructure *stats;

    fail_unless(message != NULL);
    fail_unless(gst_message_has_name(message, "hrnet-classes"));
    fail_unless(
        gst_structure_get_uint64(gst_message_get_structure(message), "timestamp", &timestamp));
    fail_unless_equals_uint64(timestamp, GST_BUFFER_PTS(out));
    classes = gst_structure_get_value(gst_message_get_structure(message), "classes");
    fail_unless(gst_value_array_get_size(classes) > 1);
    fail_unless_equals_int(gst_value_compare(classes, areas), GST_VALUE_EQUAL);
    for (guint i = 0; i < gst_value_array_get_size(classes); i++) {
        const GstStructure *class = gst_value_get_structure(gst_value_array_get_value(classes, i));

        check_class(class, labels, n_rivals);
        gst_structure_get_double(class, "share", &share);
        sum += share;
    }
    fail_unless(ABS(sum - 1) < 1e-9);
    g_object_get(h->element, "stats", &stats, NULL);
    fail_unless_equals_string(gst_structure_get_string(stats, "precision"), precision);
    gst_structure_free(stats);
    g_free(labels);
    gst_message_unref(message);
    gst_buffer_unref(out);
    harness_close(h, bus);
}

GST_START_TEST(test_message)
{
    check_message("hrnetseg model=test message-interval=1000 mode=meta", "fp32", 3);
}
GST_END_TEST

/* Scores of int8 are as any. */
GST_START_TEST(test_message_int8)
{
    check_message("hrnetseg model=" HRNET_MODELS "/street.safetensors precision=int8 "
                  "inference-size=64x96 smoothing=100 message-interval=1000 mode=meta",
                  "int8", 11);
}
GST_END_TEST

/* A class that is alone has none of class as its rival, or it would be certain everywhere. */
GST_START_TEST(test_one_class)
{
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h =
        start("hrnetseg model=lone message-interval=1000 mode=meta", "I420", &info, &bus);
    GstBuffer *out = gst_harness_push_and_pull(h, frame_new(&info, 0, 2));
    guint8 *labels = seg_labels(out, WIDTH, HEIGHT);
    const GValue *areas = gst_structure_get_value(seg_structure(out), "areas");
    gdouble confidence;

    for (guint i = 0; i < gst_value_array_get_size(areas); i++) {
        const GstStructure *class = gst_value_get_structure(gst_value_array_get_value(areas, i));

        check_class(class, labels, 2);
        fail_unless(gst_structure_get_double(class, "confidence", &confidence) && confidence < 1);
    }
    fail_unless(gst_value_array_get_size(areas) > 0);
    g_free(labels);
    gst_buffer_unref(out);
    harness_close(h, bus);
}
GST_END_TEST

/* One at once, then one an interval, in frames that wait and in such that do not, and none without.
 */
GST_START_TEST(test_interval)
{
    static const struct {
        const gchar *properties;
        guint least, most;
    } table[] = { { "message-interval=200", 10, 10 },
                  { "message-interval=200 attach-meta=false opacity=0", 10, 10 },
                  { "message-interval=1", 60, 60 },
                  { "message-interval=0", 0, 0 },
                  { "message-interval=200 sync-mode=latest", 3, 10 } };
    gchar *description = g_strdup_printf("hrnetseg model=test %s", table[__i__].properties);
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = start(description, "I420", &info, &bus);
    GstMessage *message;
    guint n = 0;

    for (guint i = 0; i < 60; i++) {
        gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, i)));
        g_usleep(strstr(description, "latest") ? 10000 : 0);
    }
    while ((message = gst_bus_pop_filtered(bus, GST_MESSAGE_ELEMENT)) != NULL) {
        gst_message_unref(message);
        n++;
    }
    fail_unless(n >= table[__i__].least && n <= table[__i__].most, "%u messages", n);
    g_free(description);
    harness_close(h, bus);
}
GST_END_TEST

/* Each class in its own colour and opacity, changed while playing. */
GST_START_TEST(test_style)
{
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h =
        start("hrnetseg model=test classes=1,2,3 opacity=0.5 class-style=person:#ff0000:1,car::0",
              "RGB", &info, &bus);

    for (guint round = 0; round < 2; round++) {
        GstBuffer *in = frame_new(&info, 0, 2), *out;
        guint8 *before = frame_bytes(&info, in, NULL), *after, *labels;

        out = gst_harness_push_and_pull(h, in);
        after = frame_bytes(&info, out, NULL);
        labels = seg_labels(out, WIDTH, HEIGHT);
        for (guint i = 0; i < WIDTH * HEIGHT; i++) {
            const guint8 *p = before + 3 * i, *q = after + 3 * i;

            if (labels[i] == 2)
                quick_fail_unless(q[0] == (round ? 0 : 255) && q[1] == (round ? 255 : 0) &&
                                      q[2] == 0,
                                  "pixel %u", i);
            else if (labels[i] == 3)
                quick_fail_unless(memcmp(p, q, 3) == 0, "pixel %u", i);
            else if (round == 0)
                quick_fail_unless(ABS(q[0] - (p[0] + 0x80) / 2) <= 1 &&
                                      ABS(q[1] - (p[1] + 0x40) / 2) <= 1,
                                  "pixel %u", i);
            else
                quick_fail_unless(memcmp(q, "\x01\x02\x03", 3) == 0, "pixel %u", i);
        }
        g_free(before);
        g_free(after);
        g_free(labels);
        gst_buffer_unref(out);
        g_object_set(h->element, "class-style", "1:#010203:1, person : #00ff00 : 1.0, car::0",
                     NULL);
    }
    fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING) == NULL);
    g_object_set(h->element, "class-style", "dragon:#010203:1", NULL);
    gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, 3)));
    g_free(only_message(bus, GST_MESSAGE_WARNING));
    harness_close(h, bus);
}
GST_END_TEST

static Suite *reports_suite(void)
{
    Suite *suite = suite_create("hrnetseg-reports");
    TCase *chain = tcase_create("reports");

    tcase_set_timeout(chain, 120);
    tcase_add_test(chain, test_message);
    tcase_add_test(chain, test_message_int8);
    tcase_add_test(chain, test_one_class);
    tcase_add_loop_test(chain, test_interval, 0, 5);
    tcase_add_test(chain, test_style);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(reports)
