/* Failing closed: no frame leaves that is not hidden, or not as its mask has it. And switching
 * between all modes. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH  97
#define HEIGHT 66

/* The bytes of a frame that has left the element. Freed with g_free(). */
static guint8 *output_bytes(GstHarness *h, GstBuffer *frame, gsize *size)
{
    GstCaps *caps = gst_pad_get_current_caps(h->sinkpad);
    GstVideoInfo info;

    fail_unless(gst_video_info_from_caps(&info, caps));
    gst_caps_unref(caps);
    return frame_bytes(&info, frame, size);
}

/* Whether nothing of a frame shows: one colour, labels of 0, or all transparent. Blur and squares
 * leave few colours. */
static gboolean is_hidden(GstHarness *h, GstBuffer *frame, const gchar *mode)
{
    guint n_colors = 0, seen[256] = { 0 };
    gsize size;
    guint8 *bytes = output_bytes(h, frame, &size);

    if (g_str_equal(mode, "alpha")) {
        for (gsize i = 0; i < size; i++)
            n_colors += bytes[i] != 0;
        n_colors++;
    } else {
        for (gsize i = 0; i < size; i++)
            n_colors += seen[bytes[i]]++ == 0;
    }
    g_free(bytes);
    return n_colors <= (g_str_equal(mode, "blur") || g_str_equal(mode, "pixelate") ? 120u : 1u);
}

static const gchar *const every_mode[] = { "overlay", "mask", "meta",    "alpha",
                                           "blur",    "fill", "pixelate" };
#define N_EVERY 7

/* A picture of which a hidden one is told apart: noise in grey. */
static GstBuffer *noise(const GstVideoInfo *info, guint n)
{
    GstBuffer *frame = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(info), NULL);
    GstMapInfo map;
    GRand *rand = g_rand_new_with_seed(n);

    gst_buffer_map(frame, &map, GST_MAP_WRITE);
    for (gsize i = 0; i < map.size; i++)
        map.data[i] = (guint8)g_rand_int(rand);
    gst_buffer_unmap(frame, &map);
    g_rand_free(rand);
    GST_BUFFER_PTS(frame) = frame_time(n);
    return frame;
}

/* Warnings on the bus whose text has a word. */
static guint n_warnings(GstBus *bus, const gchar *word)
{
    GstMessage *message;
    guint n = 0;

    while ((message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING)) != NULL) {
        GError *error = NULL;

        gst_message_parse_warning(message, &error, NULL);
        n += strstr(error->message, word) != NULL;
        g_error_free(error);
        gst_message_unref(message);
    }
    return n;
}

static GstHarness *closed(const gchar *properties, const gchar *mode, GstVideoInfo *info,
                          GstBus **bus)
{
    gchar *description = g_strdup_printf(
        "hrnetseg model=test fail-closed=true strength=100 mode=%s %s", mode, properties);
    GstHarness *h = harness_new(description);

    *bus = harness_add_bus(h);
    if (g_str_equal(mode, "alpha"))
        gst_harness_set_sink_caps_str(h, "video/x-raw,format=RGBA");
    harness_set_frame_caps(h, g_str_equal(mode, "alpha") ? "RGB" : "GRAY8", WIDTH, HEIGHT, "",
                           info);
    g_free(description);
    return h;
}

/* Before the first mask of `latest` all is hidden, which is nothing to warn of; afterwards not. */
GST_START_TEST(test_closed_before_first_mask)
{
    const gchar *mode = every_mode[__i__];
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = closed("sync-mode=latest max-mask-age=100000", mode, &info, &bus);
    gboolean hidden = TRUE;

    for (guint n = 0; n < 500 && hidden; n++) {
        GstBuffer *out = gst_harness_push_and_pull(h, noise(&info, n));

        hidden = is_hidden(h, out, mode);
        fail_unless(hidden || seg_stat(h->element, "inferences") > 0);
        fail_unless_equals_int(seg_structure(out) == NULL, seg_stat(h->element, "inferences") == 0);
        gst_buffer_unref(out);
        if (n == 0)
            fail_unless(hidden);
        /* A mask may show what `mask` and `alpha` make of one label as one value, so masks count
         * too. */
        hidden = hidden && seg_stat(h->element, "inferences") == 0;
        g_usleep(2000);
    }
    fail_if(hidden);
    fail_unless_equals_int(n_warnings(bus, "hidden"), 0);
    harness_close(h, bus);
}
GST_END_TEST

/* A mask that has grown too old hides all, with one warning, until there is a new one. */
GST_START_TEST(test_closed_when_old)
{
    const gchar *mode = every_mode[__i__];
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = closed("target-fps=1 max-mask-age=500", mode, &info, &bus);

    for (guint n = 0; n < 40; n++) {
        GstBuffer *out = gst_harness_push_and_pull(h, noise(&info, n));
        const gboolean old = n > 15 && n < 30;

        if (old)
            fail_unless(is_hidden(h, out, mode), "frame %u", n);
        fail_unless_equals_int(seg_structure(out) == NULL, old);
        gst_buffer_unref(out);
    }
    fail_unless_equals_int(n_warnings(bus, "hidden"), 1);
    harness_close(h, bus);
}
GST_END_TEST

/* An inference that fails hides its frame, whichever it is. */
GST_START_TEST(test_closed_on_fault)
{
    const gchar *mode = every_mode[__i__ % N_EVERY];
    const guint fault = (guint)__i__ / N_EVERY;
    gchar *text = g_strdup_printf("run:%u", fault + 1);
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h;

    g_setenv("HRNET_FAULT", text, TRUE);
    h = closed("", mode, &info, &bus);
    for (guint n = 0; n < 4; n++) {
        GstBuffer *out = gst_harness_push_and_pull(h, noise(&info, n));

        if (n == fault)
            fail_unless(is_hidden(h, out, mode));
        fail_unless_equals_int(seg_structure(out) == NULL, n == fault);
        gst_buffer_unref(out);
    }
    fail_unless_equals_int(n_warnings(bus, "hidden"), 1);
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 3);
    g_free(text);
    harness_close(h, bus);
}
GST_END_TEST

/* Frames that are pushed, and at most until one shows where inferences are slow. */
#define N_FRAMES    40
#define MOST_FRAMES 2000

static GstBuffer *push_still(GstHarness *h, const GstVideoInfo *info, guint n)
{
    GstBuffer *in = noise(info, 1);

    GST_BUFFER_PTS(in) = frame_time(n);
    return gst_harness_push_and_pull(h, in);
}

/* The picture of push_still() hidden as a whole, by an element all of whose classes are; NULL for
 * bytes that are all 0. */
static guint8 *hidden_picture(const gchar *mode, const gchar *format, gsize *size)
{
    const gboolean black = g_str_equal(mode, "overlay") || g_str_equal(mode, "meta");
    gchar *description =
        g_strdup_printf("hrnetseg model=test strength=100 classes=1,2,3 sync-mode=exact mode=%s",
                        black ? "fill" : mode);
    GstHarness *h;
    GstVideoInfo info;
    guint8 *bytes = NULL;
    GstBuffer *out;

    if (!g_str_equal(mode, "mask") && !g_str_equal(mode, "alpha")) {
        h = harness_new(description);
        harness_set_frame_caps(h, format, WIDTH, HEIGHT, "", &info);
        out = push_still(h, &info, 0);
        bytes = frame_bytes(&info, out, size);
        gst_buffer_unref(out);
        gst_harness_teardown(h);
    }
    g_free(description);
    return bytes;
}

/* Whether a frame has the given bytes, or only zeros for NULL. */
static gboolean has_bytes(GstHarness *h, GstBuffer *frame, const guint8 *expected)
{
    gboolean same = TRUE;
    gsize size;
    guint8 *bytes = output_bytes(h, frame, &size);

    for (gsize i = 0; i < size && same; i++)
        same = bytes[i] == (expected ? expected[i] : 0);
    g_free(bytes);
    return same;
}

/* Which inference fails, or from which on all do. */
static const gchar *const faults[] = { "1", "2", "3", "4", "7", "1-", "3-" };
#define N_FAULTS 7

/* In every mode, waiting or not, whichever inference fails, and with another model (and one that
 * does not exist) on the way: a frame has a mask of its age, which is in its metadata, or is hidden
 * down to the last byte; and each time that begins a warning says so, unless it is that the first
 * inference of all takes its time. */
GST_START_TEST(test_nothing_unhidden_leaves)
{
    const gchar *mode = every_mode[__i__ % N_EVERY];
    const gboolean latest = __i__ / N_EVERY % 2, alpha = g_str_equal(mode, "alpha");
    const gchar *format = alpha ? "RGB" : "I420", *fault = faults[__i__ / N_EVERY / 2];
    const gboolean for_good = g_str_has_suffix(fault, "-");
    const gboolean may_show = !g_str_equal(fault, "1-");
    gsize size;
    guint8 *hidden = hidden_picture(mode, format, &size);
    /* The picture above has taken one. */
    gchar *text = g_strdup_printf("run:%d%s", atoi(fault) + (hidden ? 1 : 0), for_good ? "-" : "");
    guint n_hidden = 0, n_shown = 0, n_times = 0;
    gboolean was_hidden = FALSE;
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h;

    g_setenv("HRNET_FAULT", text, TRUE);
    h = closed(latest ? "sync-mode=latest max-mask-age=5000" : "sync-mode=exact", mode, &info,
               &bus);
    harness_set_frame_caps(h, format, WIDTH, HEIGHT, "", &info);
    for (guint n = 0; n < N_FRAMES || (n < MOST_FRAMES && may_show && n_shown == 0); n++) {
        GstBuffer *out = push_still(h, &info, n);
        const GstStructure *structure = seg_structure(out);
        const gboolean is_shown = structure != NULL;
        guint64 pts;

        if (is_shown) {
            fail_unless(gst_structure_get_uint64(structure, "pts", &pts));
            fail_unless(GST_BUFFER_PTS(out) - pts <= (latest ? 5 * GST_SECOND : 0));
        } else {
            fail_unless(has_bytes(h, out, hidden), "frame %u", n);
        }
        /* Before the first mask a failure is told, waiting is not. */
        if (latest && is_shown && n_shown == 0) {
            fail_unless(n_warnings(bus, "hidden") <= 1);
            n_times = 0;
        }
        n_times += !is_shown && !was_hidden;
        was_hidden = !is_shown;
        n_shown += is_shown;
        n_hidden += !is_shown;
        gst_buffer_unref(out);
        if (n == 5)
            g_object_set(h->element, "model-options", "align_corners=true", NULL);
        if (n == 25)
            g_object_set(h->element, "model", "no-such-model", NULL);
        g_usleep(latest ? 4000 : 1000);
    }
    fail_unless(n_hidden > 0);
    fail_unless_equals_int(n_shown > 0, may_show);
    fail_unless_equals_int(n_warnings(bus, "hidden"), (gint)n_times);
    if (!latest)
        fail_unless_equals_int(n_hidden, for_good ? N_FRAMES + 1 - atoi(fault) : 1);
    g_free(hidden);
    g_free(text);
    harness_close(h, bus);
}
GST_END_TEST

/* Without timestamps a mask's age is not known: a frame has its own mask or none. */
GST_START_TEST(test_closed_without_times)
{
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = closed(__i__ ? "sync-mode=latest" : "sync-mode=exact", "overlay", &info, &bus);

    for (guint n = 0; n < 30; n++) {
        GstBuffer *in = noise(&info, n), *out;
        const gboolean gap = n % 3 == 2;

        GST_BUFFER_PTS(in) = GST_CLOCK_TIME_NONE;
        if (gap)
            GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_GAP);
        out = gst_harness_push_and_pull(h, in);
        fail_unless_equals_int(seg_structure(out) == NULL, __i__ || gap);
        fail_unless(seg_structure(out) || is_hidden(h, out, "overlay"));
        gst_buffer_unref(out);
        g_usleep(2000);
    }
    harness_close(h, bus);
}
GST_END_TEST

/* Any mode to any other, while playing. */
GST_START_TEST(test_switching)
{
    GstHarness *h = harness_new("hrnetseg model=test");
    GstVideoInfo info;
    guint n = 0;

    harness_set_frame_caps(h, all_formats[__i__], WIDTH, HEIGHT, "", &info);
    for (guint from = 0; from < N_EVERY; from++) {
        for (guint to = 0; to < N_EVERY; to++) {
            for (guint k = 0; k < 2; k++) {
                GstBuffer *out;

                gst_util_set_object_arg(G_OBJECT(h->element), "mode", every_mode[k ? to : from]);
                out = gst_harness_push_and_pull(h, frame_new(&info, 0, n++));
                fail_unless(out != NULL && seg_structure(out) != NULL);
                gst_buffer_unref(out);
            }
        }
    }
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *fail_closed_suite(void)
{
    Suite *suite = suite_create("hrnetseg-fail-closed");
    TCase *chain = tcase_create("fail-closed");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_closed_before_first_mask, 0, N_EVERY);
    tcase_add_loop_test(chain, test_closed_when_old, 0, N_EVERY);
    tcase_add_loop_test(chain, test_closed_on_fault, 0, 4 * N_EVERY);
    tcase_add_loop_test(chain, test_nothing_unhidden_leaves, 0, N_FAULTS * 2 * N_EVERY);
    tcase_add_loop_test(chain, test_closed_without_times, 0, 2);
    tcase_add_loop_test(chain, test_switching, 0, N_FORMATS);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(fail_closed)
