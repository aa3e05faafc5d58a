/* Frames that lie turned or mirrored, as stock videoflip turns them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <string.h>

/* Upright, odd both ways. */
#define WIDTH  97
#define HEIGHT 66

/* What the tag says, and the same for videoflip and for the element. */
static const struct {
    const gchar *tag, *direction, *orientation;
    gboolean swaps;
} table[] = {
    { "rotate-0", "identity", "0", FALSE },        { "rotate-90", "90r", "90r", TRUE },
    { "rotate-180", "180", "180", FALSE },         { "rotate-270", "90l", "90l", TRUE },
    { "flip-rotate-0", "horiz", "horiz", FALSE },  { "flip-rotate-180", "vert", "vert", FALSE },
    { "flip-rotate-270", "ul-lr", "ul-lr", TRUE }, { "flip-rotate-90", "ur-ll", "ur-ll", TRUE },
};
#define N_ORIENTATIONS ((gint)G_N_ELEMENTS(table))

static void set_lying_caps(GstHarness *h, const gchar *format, gboolean swaps, GstVideoInfo *info)
{
    harness_set_frame_caps(h, format, swaps ? HEIGHT : WIDTH, swaps ? WIDTH : HEIGHT, "", info);
}

static void tag(GstHarness *h, const gchar *orientation, GstTagScope scope)
{
    GstTagList *tags = gst_tag_list_new(GST_TAG_IMAGE_ORIENTATION, orientation, NULL);

    gst_tag_list_set_scope(tags, scope);
    fail_unless(gst_harness_push_event(h, gst_event_new_tag(tags)));
}

/* What leaves a chain with an element named `seg` for a frame that lies so: its bytes, rows dense.
 * size: that the network has run at. */
static guint8 *turned_bytes(const gchar *chain, const gchar *format, const gchar *out_format,
                            guint orientation, gboolean tagged, gsize *n, guint size[2])
{
    GstHarness *h = gst_harness_new_parse(chain);
    GstElement *seg = gst_bin_get_by_name(GST_BIN(h->element), "seg");
    GstVideoInfo info, out_info;
    GstBuffer *out;
    guint8 *bytes;

    set_lying_caps(h, format, table[orientation].swaps, &info);
    if (tagged)
        tag(h, table[orientation].tag, GST_TAG_SCOPE_STREAM);
    out = gst_harness_push_and_pull(h, frame_new(&info, 0, 3));
    fail_unless(out != NULL);
    gst_video_info_set_format(&out_info, gst_video_format_from_string(out_format), WIDTH, HEIGHT);
    bytes = frame_bytes(&out_info, out, n);
    size[0] = (guint)seg_stat(seg, "inference-height");
    size[1] = (guint)seg_stat(seg, "inference-width");
    gst_buffer_unref(out);
    gst_object_unref(seg);
    gst_harness_teardown(h);
    return bytes;
}

/* What the element makes of a lying frame, turned afterwards, is what it makes of the turned one;
 * what sums in another order round differently is rare. how: what it is told the orientation by. */
static void check_commutes(guint i, const gchar *format, const gchar *mode, const gchar *out_format,
                           gboolean tagged)
{
    const gchar *direction = table[i].direction;
    gchar *turned_first = g_strdup_printf(
        "videoflip video-direction=%s ! hrnetseg name=seg model=test orientation=0 %s", direction,
        mode);
    gchar *turned_after = g_strdup_printf(
        "hrnetseg name=seg model=test orientation=%s %s ! videoflip video-direction=%s",
        tagged ? "auto" : table[i].orientation, mode, direction);
    guint upright_size[2], size[2];
    gsize n, n_own;
    guint8 *expected = turned_bytes(turned_first, format, out_format, i, FALSE, &n, upright_size);
    guint8 *own = turned_bytes(turned_after, format, out_format, i, tagged, &n_own, size);

    fail_unless_equals_uint64(n_own, n);
    fail_unless_equals_int(size[0], upright_size[0]);
    fail_unless_equals_int(size[1], upright_size[1]);
    fail_unless(n_different(own, expected, n) <= n / 500, "%s, %s: %u of %u bytes differ",
                table[i].tag, mode, n_different(own, expected, n), (guint)n);
    g_free(own);
    g_free(expected);
    g_free(turned_first);
    g_free(turned_after);
}

GST_START_TEST(test_tags)
{
    check_commutes(__i__, "RGB", "mode=mask", "GRAY8", TRUE);
}
GST_END_TEST

GST_START_TEST(test_property)
{
    check_commutes(__i__, "RGB", "mode=mask", "GRAY8", FALSE);
    check_commutes(__i__, "RGB", "mode=mask edge-refine=true inference-size=50x81", "GRAY8", FALSE);
}
GST_END_TEST

/* What is hidden, and painted, is the same. */
GST_START_TEST(test_hides_the_same)
{
    check_commutes(__i__, "RGB", "mode=fill fill=#10c0ff classes=person,car", "RGB", TRUE);
    check_commutes(__i__, "RGB", "mode=overlay", "RGB", TRUE);
}
GST_END_TEST

/* The labels of the only frame that an element sees, which lies by the tag, if there is one. */
static guint8 *alone(const gchar *properties, const gchar *orientation, guint seed)
{
    GstHarness *h = harness_new(properties);
    GstVideoInfo info;
    GstBuffer *out;
    guint8 *labels;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    if (orientation)
        tag(h, orientation, GST_TAG_SCOPE_STREAM);
    out = gst_harness_push_and_pull(h, frame_new(&info, 0, seed));
    labels = seg_labels(out, WIDTH, HEIGHT);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
    return labels;
}

static guint8 *next_labels(GstHarness *h, GstBuffer *frame)
{
    GstBuffer *out = gst_harness_push_and_pull(h, frame);
    guint8 *labels = seg_labels(out, WIDTH, HEIGHT);

    gst_buffer_unref(out);
    return labels;
}

static void check_labels(GstHarness *h, GstBuffer *frame, const guint8 *expected)
{
    guint8 *labels = next_labels(h, frame);

    fail_unless_equals_int(n_different(labels, expected, WIDTH * HEIGHT), 0);
    g_free(labels);
}

#define PLAIN "hrnetseg model=test mode=meta"

/* A frame upright and the same on its side have other masks, or no test here tells anything. */
GST_START_TEST(test_matters)
{
    guint8 *upright = alone(PLAIN, NULL, 3), *lying = alone(PLAIN, "rotate-90", 3);
    guint8 *asked = alone(PLAIN " orientation=0", "rotate-90", 3);
    guint8 *turned = alone(PLAIN " orientation=90r", "rotate-180", 3);

    fail_unless(n_different(upright, lying, WIDTH * HEIGHT) > WIDTH * HEIGHT / 50);
    /* The property goes over the tag. */
    fail_unless_equals_int(n_different(upright, asked, WIDTH * HEIGHT), 0);
    fail_unless_equals_int(n_different(lying, turned, WIDTH * HEIGHT), 0);
    g_free(upright);
    g_free(lying);
    g_free(asked);
    g_free(turned);
}
GST_END_TEST

/* A stream's own tag goes over its file's, and neither is the next stream's. */
GST_START_TEST(test_scopes)
{
    GstHarness *h = harness_new(PLAIN);
    guint8 *upright = alone(PLAIN, NULL, 3), *lying = alone(PLAIN, "rotate-90", 3);
    GstVideoInfo info;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    check_labels(h, frame_new(&info, 0, 3), upright);
    tag(h, "rotate-90", GST_TAG_SCOPE_GLOBAL);
    check_labels(h, frame_new(&info, 0, 3), lying);
    tag(h, "rotate-0", GST_TAG_SCOPE_STREAM);
    check_labels(h, frame_new(&info, 0, 3), upright);
    tag(h, "rotate-90", GST_TAG_SCOPE_GLOBAL);
    check_labels(h, frame_new(&info, 0, 3), upright);
    tag(h, "rotate-90", GST_TAG_SCOPE_STREAM);
    /* One that says nothing of it changes nothing. */
    fail_unless(gst_harness_push_event(
        h, gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "a film", NULL))));
    check_labels(h, frame_new(&info, 0, 3), lying);
    fail_unless(gst_harness_push_event(h, gst_event_new_stream_start("next")));
    check_labels(h, frame_new(&info, 0, 3), upright);
    gst_harness_teardown(h);
    g_free(upright);
    g_free(lying);
}
GST_END_TEST

/* Frames and tags leave as they came, the frames' memory not copied. */
GST_START_TEST(test_passes)
{
    GstHarness *h = harness_new(PLAIN);
    GstVideoInfo info;
    GstBuffer *frame, *out;
    GstMemory *memory;
    GstEvent *event;
    GstTagList *tags;
    gchar *orientation = NULL;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    tag(h, "rotate-90", GST_TAG_SCOPE_STREAM);
    frame = frame_new(&info, 0, 3);
    memory = gst_buffer_peek_memory(frame, 0);
    out = gst_harness_push_and_pull(h, frame);
    fail_unless(gst_buffer_peek_memory(out, 0) == memory);
    gst_buffer_unref(out);
    while ((event = gst_harness_try_pull_event(h)) != NULL) {
        if (GST_EVENT_TYPE(event) == GST_EVENT_TAG) {
            gst_event_parse_tag(event, &tags);
            fail_unless(gst_tag_list_get_string(tags, GST_TAG_IMAGE_ORIENTATION, &orientation));
        }
        gst_event_unref(event);
    }
    fail_unless_equals_string(orientation, "rotate-90");
    g_free(orientation);
    gst_harness_teardown(h);
}
GST_END_TEST

/* A tag that comes in mid-stream: nothing of the frames before is in the mask after, whatever would
 * have kept it. */
GST_START_TEST(test_changes)
{
    static const gchar *const properties[] = {
        PLAIN " smoothing=100000",
        PLAIN " static-threshold=1",
        PLAIN " target-fps=0.001",
        PLAIN " inference-size=64x64 smoothing=100000",
    };
    GstHarness *h = harness_new(properties[__i__]);
    guint8 *lying = alone(properties[__i__], "rotate-90", 4), *labels;
    GstVideoInfo info;
    GstBuffer *frame;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    for (guint seed = 1; seed < 4; seed++) {
        frame = frame_new(&info, 0, 3);
        GST_BUFFER_PTS(frame) = frame_time(seed);
        gst_buffer_unref(gst_harness_push_and_pull(h, frame));
    }
    tag(h, "rotate-90", GST_TAG_SCOPE_STREAM);
    frame = frame_new(&info, 0, 4);
    GST_BUFFER_FLAG_UNSET(frame, GST_BUFFER_FLAG_DISCONT);
    labels = next_labels(h, frame);
    fail_unless_equals_int(n_different(labels, lying, WIDTH * HEIGHT), 0);
    g_free(labels);
    g_free(lying);
    gst_harness_teardown(h);
}
GST_END_TEST

/* A gap has the mask before, but not one of frames that lay otherwise. */
GST_START_TEST(test_gaps)
{
    GstHarness *h = harness_new(PLAIN " sync-mode=exact");
    guint8 *upright = alone(PLAIN, NULL, 3), *lying = alone(PLAIN, "rotate-90", 3);
    GstVideoInfo info;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    for (guint i = 0; i < 3; i++) {
        GstBuffer *frame = frame_new(&info, 0, 3);

        if (i == 1)
            tag(h, "rotate-90", GST_TAG_SCOPE_STREAM);
        if (i > 0)
            GST_BUFFER_FLAG_SET(frame, GST_BUFFER_FLAG_GAP);
        GST_BUFFER_FLAG_UNSET(frame, GST_BUFFER_FLAG_DISCONT);
        check_labels(h, frame, i == 0 ? upright : lying);
    }
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 2);
    gst_harness_teardown(h);
    g_free(upright);
    g_free(lying);
}
GST_END_TEST

/* Where frames do not wait they are never bare: the mask before stays until the next one, which
 * comes even where all that follows fills gaps. */
GST_START_TEST(test_latest)
{
    GstHarness *h = harness_new(PLAIN " sync-mode=latest");
    guint8 *lying = alone(PLAIN, "rotate-90", 3);
    guint n = WIDTH * HEIGHT;
    GstVideoInfo info;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    for (guint tries = 0; seg_stat(h->element, "inferences") == 0; tries++) {
        fail_unless(tries < 5000);
        gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, 3)));
        g_usleep(2000);
    }
    tag(h, "rotate-90", GST_TAG_SCOPE_STREAM);
    for (guint tries = 0; n > 0; tries++) {
        GstBuffer *frame = frame_new(&info, 0, 3);
        guint8 *labels;

        fail_unless(tries < 5000, "%u labels are not those of the turned frame", n);
        GST_BUFFER_FLAG_SET(frame, GST_BUFFER_FLAG_GAP);
        GST_BUFFER_FLAG_UNSET(frame, GST_BUFFER_FLAG_DISCONT);
        labels = next_labels(h, frame);
        n = n_different(labels, lying, WIDTH * HEIGHT);
        g_free(labels);
        g_usleep(2000);
    }
    g_free(lying);
    gst_harness_teardown(h);
}
GST_END_TEST

/* What is said of a class is of the frame as it lies. */
GST_START_TEST(test_reports)
{
    GstHarness *h = harness_new(PLAIN " message-interval=1");
    GstVideoInfo info;
    GstBuffer *out;
    const GValue *areas;
    guint8 *labels;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    tag(h, "rotate-90", GST_TAG_SCOPE_STREAM);
    out = gst_harness_push_and_pull(h, frame_new(&info, 0, 3));
    labels = seg_labels(out, WIDTH, HEIGHT);
    areas = gst_structure_get_value(seg_structure(out), "areas");
    fail_unless(gst_value_array_get_size(areas) > 1);
    for (guint i = 0; i < gst_value_array_get_size(areas); i++)
        check_box(gst_value_get_structure(gst_value_array_get_value(areas, i)), labels, WIDTH,
                  HEIGHT);
    g_free(labels);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Sizes are the upright frame's; by themselves they follow its display. */
GST_START_TEST(test_sizes)
{
    static const struct {
        const gchar *properties, *tag, *pixels;
        guint height, width;
    } sizes[] = {
        { "", "rotate-0", "", 64, 96 },
        { "", "rotate-90", "", 96, 64 },
        { "", "rotate-180", "", 64, 96 },
        { "", "flip-rotate-90", "", 96, 64 },
        { "", "rotate-90", ", pixel-aspect-ratio=4/9", 64, 96 },
        { "orientation=0", "rotate-90", "", 64, 96 },
        { "inference-size=33x47", "rotate-90", "", 33, 47 },
        { "inference-size=model", "rotate-90", "", 64, 96 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        gchar *description = g_strdup_printf(PLAIN " %s", sizes[i].properties);
        GstHarness *h = harness_new(description);
        GstVideoInfo info;

        harness_set_frame_caps(h, "I420", 96, 64, sizes[i].pixels, &info);
        tag(h, sizes[i].tag, GST_TAG_SCOPE_STREAM);
        gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, 3)));
        fail_unless_equals_uint64(seg_stat(h->element, "inference-height"), sizes[i].height);
        fail_unless_equals_uint64(seg_stat(h->element, "inference-width"), sizes[i].width);
        gst_harness_teardown(h);
        g_free(description);
    }
}
GST_END_TEST

static Suite *orientation_suite(void)
{
    Suite *suite = suite_create("hrnetseg-orientation");
    TCase *chain = tcase_create("orientation");

    tcase_add_loop_test(chain, test_tags, 0, N_ORIENTATIONS);
    tcase_add_loop_test(chain, test_property, 0, N_ORIENTATIONS);
    tcase_add_loop_test(chain, test_hides_the_same, 0, N_ORIENTATIONS);
    tcase_add_test(chain, test_matters);
    tcase_add_test(chain, test_scopes);
    tcase_add_test(chain, test_passes);
    tcase_add_loop_test(chain, test_changes, 0, 4);
    tcase_add_test(chain, test_gaps);
    tcase_add_test(chain, test_latest);
    tcase_add_test(chain, test_reports);
    tcase_add_test(chain, test_sizes);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(orientation)
