/* GstHrnetSegMeta: what it holds, and what becomes of it on its way.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <string.h>

#define WIDTH  96
#define HEIGHT 64

static GstBuffer *through(const gchar *chain, const gchar *format, const gchar *more,
                          GstHarness **harness)
{
    GstHarness *h = gst_harness_new_parse(chain);
    GstVideoInfo info;
    GstBuffer *out;

    harness_set_frame_caps(h, format, WIDTH, HEIGHT, more, &info);
    out = gst_harness_push_and_pull(h, frame_new(&info, 0, 7));
    fail_unless(out != NULL, "nothing came through %s", chain);
    *harness = h;
    return out;
}

static guint8 *original_labels(const gchar *format)
{
    GstHarness *h;
    GstBuffer *out = through("hrnetseg model=test mode=meta", format, "", &h);
    guint8 *labels = seg_labels(out, WIDTH, HEIGHT);

    gst_buffer_unref(out);
    gst_harness_teardown(h);
    return labels;
}

GST_START_TEST(test_fields)
{
    static const gchar *const names[] = { "unlabelled", "road", "person", "car" };
    GstHarness *h;
    GstBuffer *mask, *out = through("hrnetseg model=test mode=meta", "I420", "", &h);
    GstStructure *structure = seg_structure(out);
    const GValue *classes = gst_structure_get_value(structure, "classes");
    guint64 pts;

    fail_unless(gst_structure_has_name(structure, "GstHrnetSegMeta"));
    fail_unless_equals_int(gst_structure_n_fields(structure), 4);
    fail_unless(GST_VALUE_HOLDS_ARRAY(classes));
    fail_unless_equals_int(gst_value_array_get_size(classes), G_N_ELEMENTS(names));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        fail_unless_equals_string(g_value_get_string(gst_value_array_get_value(classes, i)),
                                  names[i]);
    fail_unless(gst_structure_get_uint64(structure, "pts", &pts));
    fail_unless_equals_uint64(pts, GST_BUFFER_PTS(out));
    fail_unless_equals_string(gst_structure_get_string(structure, "model"), "test");
    fail_unless(gst_structure_get(structure, "mask", GST_TYPE_BUFFER, &mask, NULL));
    fail_unless_equals_int(gst_buffer_get_size(mask), WIDTH * HEIGHT);
    fail_unless_equals_uint64(GST_BUFFER_PTS(mask), GST_BUFFER_PTS(out));
    fail_unless(GST_MEMORY_IS_READONLY(gst_buffer_peek_memory(mask, 0)));
    gst_buffer_unref(mask);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* A mask is there when stream, element and pool are gone. */
GST_START_TEST(test_outlives)
{
    GstHarness *h;
    GstBuffer *out = through("hrnetseg model=test mode=mask", "I420", "", &h);
    guint8 *before = seg_labels(out, WIDTH, HEIGHT), *after;

    gst_harness_teardown(h);
    after = seg_labels(out, WIDTH, HEIGHT);
    fail_unless(memcmp(before, after, WIDTH * HEIGHT) == 0);
    gst_buffer_unref(out);
    g_free(before);
    g_free(after);
}
GST_END_TEST

/* Where frames keep their size, the mask stays as it is. */
GST_START_TEST(test_kept)
{
    static const gchar *const chains[] = {
        "hrnetseg model=test mode=meta ! identity",
        "hrnetseg model=test mode=meta ! videoconvert ! capsfilter caps=video/x-raw,format=RGB",
        "hrnetseg model=test mode=meta ! videoscale",
        "hrnetseg model=test mode=meta ! videobalance brightness=0.2",
        "hrnetseg model=test mode=meta ! gamma gamma=2",
        "hrnetseg model=test mode=meta ! hrnetseg model=test attach-meta=false opacity=1",
    };
    guint8 *expected = original_labels("I420"), *labels;
    GstHarness *h;
    GstBuffer *out = through(chains[__i__], "I420", "", &h);

    labels = seg_labels(out, WIDTH, HEIGHT);
    fail_unless(memcmp(labels, expected, WIDTH * HEIGHT) == 0);
    g_free(labels);
    g_free(expected);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Each pixel of a scaled mask is the nearest of the original. */
static void check_scaled(const guint8 *labels, gint width, gint height, const guint8 *original)
{
    for (gint y = 0; y < height; y++) {
        for (gint x = 0; x < width; x++) {
            const gint from_x = (gint)((x + 0.5) * WIDTH / width),
                       from_y = (gint)((y + 0.5) * HEIGHT / height);

            quick_fail_unless_equals_int(labels[y * width + x], original[from_y * WIDTH + from_x]);
        }
    }
}

GST_START_TEST(test_scaled)
{
    static const gint sizes[][2] = { { 192, 128 }, { 48, 32 }, { 99, 66 }, { 33, 22 } };
    const gint width = sizes[__i__][0], height = sizes[__i__][1];
    gchar *chain = g_strdup_printf("hrnetseg model=test mode=meta ! videoscale ! capsfilter "
                                   "caps=video/x-raw,width=%d,height=%d",
                                   width, height);
    guint8 *original = original_labels("I420"), *labels;
    GstHarness *h;
    GstBuffer *out = through(chain, "I420", "", &h);

    labels = seg_labels(out, width, height);
    check_scaled(labels, width, height, original);
    g_free(labels);
    g_free(original);
    g_free(chain);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Turned and mirrored pictures: no mask is better than a wrong one. */
GST_START_TEST(test_dropped)
{
    static const gchar *const turns[] = { "90r", "180", "horiz", "vert" };
    gchar *chain = g_strdup_printf("hrnetseg model=test mode=meta ! videoflip video-direction=%s",
                                   turns[__i__]);
    GstHarness *h;
    GstBuffer *out = through(chain, "I420", "", &h);

    fail_unless(seg_structure(out) == NULL);
    gst_buffer_unref(out);
    g_free(chain);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Cropped pictures, and such with borders: elements tell of it from GStreamer 1.28 on, and the mask
 * moves along with label 0 in the borders. Before that it is dropped. */
GST_START_TEST(test_moved)
{
    static const struct {
        const gchar *chain;
        gint width, height, x, y; /* of the old picture in the new one */
    } table[] = {
        { "hrnetseg model=test mode=meta ! videocrop left=8 top=6", WIDTH - 8, HEIGHT - 6, -8, -6 },
        { "hrnetseg model=test mode=meta ! videobox left=-8 right=8", WIDTH, HEIGHT, 8, 0 },
        { "hrnetseg model=test mode=meta ! videoscale add-borders=true ! "
          "capsfilter caps=video/x-raw,width=96,height=96,pixel-aspect-ratio=1/1",
          96, 96, 0, 16 },
    };
    const gint width = table[__i__].width, height = table[__i__].height;
    guint8 *original = original_labels("I420"), *labels;
    GstHarness *h;
    GstBuffer *out = through(table[__i__].chain, "I420", ",pixel-aspect-ratio=1/1", &h);

    if (seg_structure(out) == NULL) {
        fail_unless(GST_VERSION_MINOR < 28);
    } else {
        labels = seg_labels(out, width, height);
        for (gint i = 0; i < width * height; i++) {
            const gint x = i % width - table[__i__].x, y = i / width - table[__i__].y;
            const gboolean inside = x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT;

            quick_fail_unless_equals_int(labels[i], inside ? original[y * WIDTH + x] : 0);
        }
        g_free(labels);
    }
    g_free(original);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* What copies of a buffer make of it: whole ones keep it, parts drop it. */
GST_START_TEST(test_copies)
{
    GstHarness *h;
    GstBuffer *out = through("hrnetseg model=test mode=meta", "I420", "", &h);
    GstBuffer *shallow = gst_buffer_copy(out), *deep = gst_buffer_copy_deep(out);
    GstBuffer *part = gst_buffer_copy_region(out, GST_BUFFER_COPY_ALL, 0, 100);
    guint8 *a = seg_labels(out, WIDTH, HEIGHT), *b = seg_labels(shallow, WIDTH, HEIGHT);
    guint8 *c = seg_labels(deep, WIDTH, HEIGHT);

    fail_unless(memcmp(a, b, WIDTH * HEIGHT) == 0);
    fail_unless(memcmp(a, c, WIDTH * HEIGHT) == 0);
    fail_unless(seg_structure(part) == NULL);
    g_free(a);
    g_free(b);
    g_free(c);
    gst_buffer_unref(part);
    gst_buffer_unref(deep);
    gst_buffer_unref(shallow);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Of several elements in a row each has its own metadata, and the last one's is found first. */
GST_START_TEST(test_several_elements)
{
#define ELEMENT(classes)                                                                           \
    "hrnetseg model=test model-options=\"options,classes=<" classes ">,foreground=<" classes ">\""
    static const gchar *const chains[] = {
        ELEMENT("a,b,c") " mode=meta ! " ELEMENT("x,y,z") " mode=meta",
        ELEMENT("a,b,c") " opacity=1 ! " ELEMENT("x,y,z") " mode=blur",
        ELEMENT("a,b,c") " ! " ELEMENT("x,y,z") " mode=mask",
        ELEMENT("p,q,r") " ! " ELEMENT("a,b,c") " ! " ELEMENT("x,y,z") " ! videoconvert",
    };
    static const gchar *const first_classes[] = { "x", "a", "p" };
    GstHarness *h;
    GstBuffer *out = through(chains[__i__], "I420", "", &h);
    gpointer state = NULL;
    guint n = 0;
    GstMeta *meta;

    fail_unless(gst_custom_meta_get_structure(gst_buffer_get_custom_meta(out, "GstHrnetSegMeta")) ==
                seg_structure(out));
    while ((meta = gst_buffer_iterate_meta(out, &state)) != NULL) {
        const GstStructure *structure;
        const GValue *classes;

        if (!gst_meta_info_is_custom(meta->info))
            continue;
        structure = gst_custom_meta_get_structure((GstCustomMeta *)meta);
        classes = gst_structure_get_value(structure, "classes");
        fail_unless_equals_string(g_value_get_string(gst_value_array_get_value(classes, 1)),
                                  first_classes[n]);
        n++;
    }
    fail_unless_equals_int(n, __i__ < 3 ? 2 : 3);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

static void count_masks(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer count)
{
    (void)sink;
    (void)pad;
    if (seg_structure(buffer))
        g_atomic_int_inc((gint *)count);
}

/* Both branches of a tee see the masks, and a tee in front leaves the other branch untouched. */
GST_START_TEST(test_tee)
{
    GstElement *pipeline = gst_parse_launch(
        "videotestsrc num-buffers=6 ! video/x-raw,width=64,height=48 ! tee name=front "
        "front. ! queue ! hrnetseg model=test ! tee name=t "
        "front. ! queue ! fakesink name=untouched signal-handoffs=true async=false "
        "t. ! queue ! videoconvert ! video/x-raw,format=BGRx ! fakesink name=a "
        "signal-handoffs=true async=false "
        "t. ! queue ! fakesink name=b signal-handoffs=true async=false",
        NULL);
    static const gchar *const names[] = { "untouched", "a", "b" };
    gint counts[3] = { 0 };
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message;

    for (guint i = 0; i < 3; i++) {
        GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), names[i]);

        g_signal_connect(sink, "handoff", G_CALLBACK(count_masks), &counts[i]);
        gst_object_unref(sink);
    }
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    message = wait_message(bus, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless(message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS);
    gst_message_unref(message);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    fail_unless_equals_int(counts[0], 0);
    fail_unless_equals_int(counts[1], 6);
    fail_unless_equals_int(counts[2], 6);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
}
GST_END_TEST

static Suite *metadata_suite(void)
{
    Suite *suite = suite_create("hrnetseg-metadata");
    TCase *chain = tcase_create("metadata");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_several_elements, 0, 4);
    tcase_add_test(chain, test_fields);
    tcase_add_test(chain, test_outlives);
    tcase_add_loop_test(chain, test_kept, 0, 6);
    tcase_add_loop_test(chain, test_scaled, 0, 4);
    tcase_add_loop_test(chain, test_dropped, 0, 4);
    tcase_add_loop_test(chain, test_moved, 0, 3);
    tcase_add_test(chain, test_copies);
    tcase_add_test(chain, test_tee);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(metadata)
