/* Masks that frames keep: over gaps, other sizes and other segments, and for how long.
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

/* The time of a frame's mask, GST_CLOCK_TIME_NONE where it has none. */
static guint64 mask_time(GstBuffer *frame)
{
    guint64 pts = GST_CLOCK_TIME_NONE;

    if (seg_structure(frame))
        fail_unless(gst_structure_get_uint64(seg_structure(frame), "pts", &pts));
    return pts;
}

static guint64 push_flagged(GstHarness *h, const GstVideoInfo *info, guint n, guint flags)
{
    GstBuffer *in = frame_new(info, 0, n), *out;
    guint64 pts;

    GST_BUFFER_FLAG_SET(in, flags);
    out = gst_harness_push_and_pull(h, in);
    fail_unless(out != NULL);
    fail_unless_equals_int(GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_GAP),
                           (flags & GST_BUFFER_FLAG_GAP) != 0);
    pts = mask_time(out);
    gst_buffer_unref(out);
    return pts;
}

static guint64 push(GstHarness *h, const GstVideoInfo *info, guint n)
{
    return push_flagged(h, info, n, 0);
}

/* Pushes frames until one has a mask; returns the next frame's number. */
static guint push_until_mask(GstHarness *h, const GstVideoInfo *info, guint n, guint flags)
{
    for (guint tries = 0; tries < 4000; tries++) {
        if (GST_CLOCK_TIME_IS_VALID(push_flagged(h, info, n++, flags)))
            return n;
        g_usleep(5000);
    }
    fail("no mask came");
    return n;
}

/* A gap spares an inference where there is a mask to keep: before that it is segmented like any
 * other frame. */
GST_START_TEST(test_gaps_have_a_first_mask)
{
    static const gchar *const modes[] = { "overlay", "mask", "meta", "fill" };
    gchar *description =
        g_strdup_printf("hrnetseg model=test sync-mode=exact mode=%s", modes[__i__]);
    GstVideoInfo info;
    GstHarness *h = start(description, &info);

    for (guint n = 0; n < 8; n++)
        fail_unless_equals_uint64(push_flagged(h, &info, n, GST_BUFFER_FLAG_GAP), 0);
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 1);
    fail_unless_equals_uint64(push(h, &info, 8), frame_time(8));
    fail_unless_equals_uint64(push_flagged(h, &info, 9, GST_BUFFER_FLAG_GAP), frame_time(8));
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

GST_START_TEST(test_gaps_have_a_first_mask_of_latest)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test sync-mode=latest", &info);
    const guint n = push_until_mask(h, &info, 0, GST_BUFFER_FLAG_GAP);

    for (guint i = 0; i < 5; i++)
        fail_unless_equals_uint64(push_flagged(h, &info, n + i, GST_BUFFER_FLAG_GAP), 0);
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 1);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Duplicates of a still picture have masks of the model of the day, and of the size. */
GST_START_TEST(test_gaps_after_changes)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test sync-mode=exact", &info);
    guint n = 0;

    fail_unless_equals_uint64(push(h, &info, n++), 0);
    g_object_set(h->element, "model-options", "align_corners=true", NULL);
    for (; n < 4000 && seg_stat(h->element, "inferences") < 2; n++) {
        fail_unless(GST_CLOCK_TIME_IS_VALID(push_flagged(h, &info, n, GST_BUFFER_FLAG_GAP)));
        g_usleep(5000);
    }
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 2);
    harness_set_frame_caps(h, "NV12", 2 * WIDTH, HEIGHT, "", &info);
    fail_unless_equals_uint64(push_flagged(h, &info, n, GST_BUFFER_FLAG_GAP), frame_time(n));
    gst_harness_teardown(h);
}
GST_END_TEST

/* Where frames do not wait the scaled mask is one to go by, not one to stay: gaps alone bring the
 * next one. */
GST_START_TEST(test_gaps_after_other_size)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test sync-mode=latest max-mask-age=100000", &info);
    guint n = push_until_mask(h, &info, 0, 0);
    GstClockTime changed, pts;

    while (seg_stat(h->element, "inferences") < 2)
        push(h, &info, n++);
    harness_set_frame_caps(h, "I420", 2 * WIDTH, HEIGHT, "", &info);
    changed = frame_time(n);
    do {
        fail_unless(frame_time(n) - changed < 90 * GST_SECOND, "the former size's mask stays");
        pts = push_flagged(h, &info, n++, GST_BUFFER_FLAG_GAP);
        fail_unless(GST_CLOCK_TIME_IS_VALID(pts));
        g_usleep(2000);
    } while (pts < changed);
    gst_harness_teardown(h);
}
GST_END_TEST

/* What has no pixels passes as it came, before the first mask and after it. */
GST_START_TEST(test_empty_gaps)
{
    static const gchar *const modes[] = { "overlay", "mask",     "meta", "alpha",
                                          "blur",    "pixelate", "fill", "fill fail-closed=true" };
    gchar *description = g_strdup_printf("hrnetseg model=test sync-mode=%s mode=%s",
                                         __i__ % 2 ? "latest" : "exact", modes[__i__ / 2]);
    GstVideoInfo info;
    GstHarness *h = start(description, &info);

    for (guint n = 0; n < 6; n++) {
        GstBuffer *in = gst_buffer_new(), *out;

        GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_GAP);
        GST_BUFFER_PTS(in) = frame_time(2 * n);
        out = gst_harness_push_and_pull(h, in);
        fail_unless(out == in);
        fail_unless_equals_int(gst_buffer_get_size(out), 0);
        fail_unless(seg_structure(out) == NULL);
        gst_buffer_unref(out);
        push(h, &info, 2 * n + 1);
    }
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

static gboolean set_property(GQuark name, const GValue *value, gpointer element)
{
    g_object_set_property(element, g_quark_to_string(name), value);
    return TRUE;
}

static void set_properties(GstElement *element, const GstStructure *properties)
{
    gst_structure_foreach(properties, set_property, element);
}

/* While nobody would see a mask none is looked after, and so it is not shown later: what comes
 * next is a new one. After a moment the old one does. */
GST_START_TEST(test_stale_mask)
{
    static const struct {
        const gchar *properties;
        const gchar *off, *on; /* as GstStructures of properties */
        const gchar *fault;
    } table[] = {
        { "", "off,opacity=0.0,attach-meta=false", "on,opacity=0.5,attach-meta=true", "" },
        { "mode=meta", "off,attach-meta=false", "on,attach-meta=true", "" },
        { "", "off,opacity=0.0,attach-meta=false", "on,opacity=0.5,attach-meta=true", "slow:150" },
        { "mode=meta message-interval=10", "off,attach-meta=false,message-interval=(uint)0",
          "on,attach-meta=true", "" },
    };
    gchar *description = g_strdup_printf(
        "hrnetseg model=test sync-mode=latest max-mask-age=3000 %s", table[__i__].properties);
    GstVideoInfo info;
    GstHarness *h;
    guint n;

    g_setenv("HRNET_FAULT", table[__i__].fault, TRUE);
    h = start(description, &info);
    n = push_until_mask(h, &info, 0, 0);
    for (guint away = 6; away <= 120; away += 114) { /* a fifth of a second, and 4 s */
        GstStructure *off = gst_structure_from_string(table[__i__].off, NULL),
                     *on = gst_structure_from_string(table[__i__].on, NULL);
        guint64 pts;

        push(h, &info, n);
        set_properties(h->element, off);
        for (guint i = 1; i <= away; i++)
            fail_unless(push(h, &info, n + i) == GST_CLOCK_TIME_NONE);
        g_usleep(200000);
        n += away + 1;
        fail_unless(push(h, &info, n++) == GST_CLOCK_TIME_NONE);
        set_properties(h->element, on);
        pts = push(h, &info, n);
        fail_unless_equals_int(GST_CLOCK_TIME_IS_VALID(pts), away == 6);
        n = push_until_mask(h, &info, n + 1, 0);
        gst_structure_free(off);
        gst_structure_free(on);
    }
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Where frames do not wait the last mask is scaled to another size, until there is a new one. */
GST_START_TEST(test_other_size)
{
    static const struct {
        const gchar *format;
        gint width, height;
    } table[] = {
        { "I420", 128, 96 }, { "I420", 33, 99 }, { "RGB", 64, 17 }, { "GRAY8", 640, 480 }
    };
    GstVideoInfo info;
    GstHarness *h;
    GstBuffer *out;
    guint8 *before, *after;
    guint64 pts;
    guint n;

    g_setenv("HRNET_FAULT", "slow:200", TRUE);
    /* With caps the harness sends a segment. */
    h = start("hrnetseg model=test sync-mode=latest mode=fill max-mask-age=100000", &info);
    n = push_until_mask(h, &info, 0, 0);
    out = gst_harness_push_and_pull(h, frame_new(&info, 0, n));
    before = seg_labels(out, WIDTH, HEIGHT);
    pts = mask_time(out);
    gst_buffer_unref(out);

    /* The second is of a job that was begun at the former size. */
    harness_set_frame_caps(h, table[__i__].format, table[__i__].width, table[__i__].height, "",
                           &info);
    for (guint i = 0; i < 3; i++) {
        out = gst_harness_push_and_pull(h, frame_new(&info, 0, n + 1 + i));
        after = seg_labels(out, table[__i__].width, table[__i__].height);
        for (gint y = 0; i == 0 && mask_time(out) == pts && y < table[__i__].height; y++) {
            for (gint x = 0; x < table[__i__].width; x++) {
                const gint from_x = (2 * x + 1) * WIDTH / (2 * table[__i__].width),
                           from_y = (2 * y + 1) * HEIGHT / (2 * table[__i__].height);

                quick_fail_unless_equals_int(after[y * table[__i__].width + x],
                                             before[from_y * WIDTH + from_x]);
            }
        }
        g_free(after);
        gst_buffer_unref(out);
        g_usleep(i == 0 ? 250000 : 1000);
    }
    g_free(before);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Where they wait, a frame of another size has its own. */
GST_START_TEST(test_other_size_of_exact)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test sync-mode=exact target-fps=1", &info);

    fail_unless_equals_uint64(push(h, &info, 0), 0);
    fail_unless_equals_uint64(push(h, &info, 1), 0);
    harness_set_frame_caps(h, "I420", 2 * WIDTH, HEIGHT, "", &info);
    fail_unless_equals_uint64(push(h, &info, 2), frame_time(2));
    gst_harness_teardown(h);
}
GST_END_TEST

/* Across a segment without a flush frames that do not wait keep the mask while it is younger than
 * max-mask-age in running time, whatever their timestamps: the newest one, and one whose inference
 * was under way. */
GST_START_TEST(test_other_segment)
{
    static const guint ages[] = { 100, 500 }; /* ms: 3 and 15 frames */
    const guint age = ages[__i__ % 2];
    const GstClockTime offset = __i__ / 2 % 2 * 1000 * GST_SECOND;
    gchar *description =
        g_strdup_printf("hrnetseg model=test sync-mode=latest max-mask-age=%u mode=%s", age,
                        __i__ < 4 ? "overlay" : "fill fail-closed=true");
    GstSegment segment;
    GstVideoInfo info;
    GstHarness *h;

    g_setenv("HRNET_FAULT", "slow:300", TRUE);
    h = start(description, &info);
    while (!GST_CLOCK_TIME_IS_VALID(push(h, &info, 0)))
        g_usleep(5000);
    push(h, &info, 0);
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = offset;
    gst_harness_push_event(h, gst_event_new_segment(&segment));
    for (guint i = 1; i < 20; i++) {
        GstBuffer *in = frame_new(&info, 0, i), *out;
        guint64 pts;

        GST_BUFFER_PTS(in) = offset + frame_time(i);
        out = gst_harness_push_and_pull(h, in);
        pts = mask_time(out);
        gst_buffer_unref(out);
        if (frame_time(i) <= age * GST_MSECOND)
            fail_unless(GST_CLOCK_TIME_IS_VALID(pts), "frame %u", i);
        else
            fail_unless(pts != 0, "frame %u", i);
        g_usleep(i == 1 ? 400000 : 1000);
    }
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* A flush is the end of it. */
GST_START_TEST(test_flushed_segment)
{
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test sync-mode=latest", &info);
    const guint n = push_until_mask(h, &info, 0, 0);
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(h, gst_event_new_flush_start());
    gst_harness_push_event(h, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(h, gst_event_new_segment(&segment));
    fail_unless(push(h, &info, n) == GST_CLOCK_TIME_NONE);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Messages of the element's log that tell of frames. */
static gchar *frame_log;
static guint n_frame_logs;

static void note_log(GstDebugCategory *category, GstDebugLevel level, const gchar *file,
                     const gchar *function, gint line, GObject *object, GstDebugMessage *message,
                     gpointer user_data)
{
    const gchar *text = gst_debug_message_get(message);

    if (level != GST_LEVEL_LOG || !g_str_equal(gst_debug_category_get_name(category), "hrnetseg") ||
        !text || !g_str_has_prefix(text, "frame "))
        return;
    g_free(frame_log);
    frame_log = g_strdup(text);
    n_frame_logs++;
}

/* The log tells of each frame what became of it and why, once. */
GST_START_TEST(test_log)
{
    static const struct {
        const gchar *property, *value;
        guint flags;
        const gchar *outcome, *why;
    } steps[] = {
        { "opacity", "0.5", 0, "segmented", "it is segmented" },
        { "opacity", "0.5", GST_BUFFER_FLAG_GAP, "with a kept mask", "fills a gap" },
        { "target-fps", "1", 0, "with a kept mask", "target-fps" },
        { "attach-meta", "false", 0, "with a kept mask", "target-fps" },
        { "opacity", "0", 0, "bare", "nobody" },
        { "sync-mode", "latest", 0, "bare", "nobody" },
        { "opacity", "1", 0, "with a kept mask", "target-fps" },
    };
    GstVideoInfo info;
    GstHarness *h = start("hrnetseg model=test sync-mode=exact", &info);

    gst_debug_remove_log_function(gst_debug_log_default);
    gst_debug_add_log_function(note_log, NULL, NULL);
    gst_debug_set_threshold_for_name("hrnetseg", GST_LEVEL_LOG);
    gst_debug_set_active(TRUE);
    for (guint n = 0; n < G_N_ELEMENTS(steps); n++) {
        gst_util_set_object_arg(G_OBJECT(h->element), steps[n].property, steps[n].value);
        push_flagged(h, &info, n, steps[n].flags);
        fail_unless_equals_int(n_frame_logs, n + 1);
        fail_unless(strstr(frame_log, steps[n].outcome) && strstr(frame_log, steps[n].why),
                    "frame %u: %s", n, frame_log);
    }
    gst_debug_remove_log_function(note_log);
    gst_harness_teardown(h);
    g_free(frame_log);
}
GST_END_TEST

static Suite *carry_suite(void)
{
    Suite *suite = suite_create("hrnetseg-carry");
    TCase *chain = tcase_create("carry");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_gaps_have_a_first_mask, 0, 4);
    tcase_add_test(chain, test_gaps_have_a_first_mask_of_latest);
    tcase_add_test(chain, test_gaps_after_changes);
    tcase_add_test(chain, test_gaps_after_other_size);
    tcase_add_loop_test(chain, test_empty_gaps, 0, 16);
    tcase_add_loop_test(chain, test_stale_mask, 0, 4);
    tcase_add_loop_test(chain, test_other_size, 0, 4);
    tcase_add_test(chain, test_other_size_of_exact);
    tcase_add_loop_test(chain, test_other_segment, 0, 8);
    tcase_add_test(chain, test_flushed_segment);
    tcase_add_test(chain, test_log);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(carry)
