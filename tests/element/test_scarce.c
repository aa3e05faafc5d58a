/* Memory and threads that run out while the element starts, gets its caps, or changes its mode, its
 * size or its model: an error or a warning that says so, no frame lost but where none could be
 * drawn, none bare where that is not allowed, and all well afterwards.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"
#include "support/scarce.h"
#include "support/scarcity.h"

#include <string.h>

#define WIDTH  64
#define HEIGHT 48

typedef struct {
    const gchar *properties; /* at the start */
    const gchar *format;
    const gchar *change; /* a property and a value for the second frame, or NULL */
    gboolean resizes;    /* that frame is larger */
    gboolean hides;      /* no pixel of a person is to be seen, whatever happens */
} Case;

/* Takes all messages off the bus. */
static void count_messages(GstBus *bus, guint *n_errors, guint *n_warnings)
{
    GstMessage *message;

    *n_errors = *n_warnings = 0;
    while ((message = gst_bus_pop(bus)) != NULL) {
        GError *error = NULL;

        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
            gst_message_parse_error(message, &error, NULL);
            ++*n_errors;
        } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
            gst_message_parse_warning(message, &error, NULL);
            ++*n_warnings;
        }
        fail_unless(!error || *error->message);
        g_clear_error(&error);
        gst_message_unref(message);
    }
}

/* The pixels of the n-th frame; NULL where it does not leave. */
static GBytes *push(GstHarness *h, const Case *c, gboolean large, guint n, GstFlowReturn *flow)
{
    GstVideoInfo info;
    GstBuffer *out;
    GBytes *pixels = NULL;
    gpointer bytes;
    gsize size;

    gst_video_info_set_format(&info, gst_video_format_from_string(c->format),
                              large ? 2 * WIDTH : WIDTH, large ? 2 * HEIGHT : HEIGHT);
    *flow = gst_harness_push(h, frame_new(&info, 0, n));
    out = gst_harness_try_pull(h);
    if (out) {
        gst_buffer_extract_dup(out, 0, G_MAXSIZE, &bytes, &size);
        pixels = g_bytes_new_take(bytes, size);
        gst_buffer_unref(out);
    }
    return pixels;
}

static void set_caps(GstHarness *h, const Case *c, gboolean large)
{
    harness_set_frame_caps(h, c->format, large ? 2 * WIDTH : WIDTH, large ? 2 * HEIGHT : HEIGHT, "",
                           NULL);
}

static void change(GstHarness *h, const Case *c)
{
    if (c->change) {
        gchar **words = g_strsplit(c->change, "=", 2);

        gst_util_set_object_arg(G_OBJECT(h->element), words[0], words[1]);
        g_strfreev(words);
    }
    if (c->resizes)
        set_caps(h, c, TRUE);
}

static GstHarness *start(const Case *c, GstBus **bus)
{
    gchar *description = g_strdup_printf("hrnetseg model=test %s", c->properties);
    GstHarness *h = harness_new(description);

    *bus = harness_add_bus(h);
    g_free(description);
    return h;
}

/* What comes out where nothing is scarce, changed or not. */
static GBytes *reference(const Case *c, gboolean changed)
{
    GstBus *bus;
    GstHarness *h = start(c, &bus);
    GstFlowReturn flow;
    GBytes *pixels;

    set_caps(h, c, FALSE);
    g_bytes_unref(push(h, c, FALSE, 0, &flow));
    if (changed)
        change(h, c);
    pixels = push(h, c, changed && c->resizes, 1, &flow);
    fail_unless(pixels != NULL);
    harness_close(h, bus);
    return pixels;
}

/* What comes out where no frame can be segmented. */
static GBytes *hidden(const Case *c)
{
    GBytes *pixels;

    g_setenv("HRNET_FAULT", "run:1-", TRUE);
    pixels = reference(c, TRUE);
    g_unsetenv("HRNET_FAULT");
    return pixels;
}

/* Whether all luma of an I420 frame is black. */
static gboolean is_black(GBytes *pixels)
{
    gsize n;
    const guint8 *bytes = g_bytes_get_data(pixels, &n);

    for (gsize i = 0; i < n * 2 / 3; i++)
        if (bytes[i] != 16)
            return FALSE;
    return TRUE;
}

/* What came of a frame under scarcity. */
static void check_frame(const Case *c, GBytes *pixels, GBytes *expected, GstFlowReturn flow,
                        GstBus *bus, gboolean scarce)
{
    guint n_errors, n_warnings;

    count_messages(bus, &n_errors, &n_warnings);
    fail_unless_equals_int(n_errors, flow == GST_FLOW_ERROR);
    fail_unless(scarce || n_errors + n_warnings == 0);
    fail_unless(pixels || n_errors + n_warnings > 0);
    if (c->hides && pixels && !is_black(pixels) && !g_bytes_equal(pixels, expected)) {
        GBytes *whole = hidden(c);

        fail_unless(g_bytes_equal(pixels, whole));
        g_bytes_unref(whole);
    }
}

/* After it. A change that could not be had left what was before. */
static void check_after(const Case *c, GstHarness *h, GBytes *expected)
{
    GstFlowReturn flow;
    GBytes *pixels = push(h, c, c->resizes, 1, &flow);

    fail_unless_equals_int(flow, GST_FLOW_OK);
    fail_unless(pixels != NULL);
    if (!g_bytes_equal(pixels, expected)) {
        GBytes *former = reference(c, FALSE);

        fail_unless(c->change && g_bytes_equal(pixels, former));
        g_bytes_unref(former);
    }
    g_bytes_unref(pixels);
}

/* Caps and the first frame, then the change and the second, of which one is scarce. */
static guint act_frame(gconstpointer data, guint nth, gboolean lasting)
{
    const Case *c = data;
    const gboolean at_first = !c->change && !c->resizes;
    GBytes *expected = reference(c, TRUE), *pixels;
    GstBus *bus;
    GstHarness *h = start(c, &bus);
    GstFlowReturn flow;
    guint n = 0;

    GST_INFO("%s, then %s%s: number %u%s is refused", c->properties, c->change ? c->change : "-",
             c->resizes ? ", larger" : "", nth, lasting ? " and all after it" : "");
    if (at_first)
        scarce_begin(nth, lasting);
    set_caps(h, c, FALSE);
    pixels = push(h, c, FALSE, at_first ? 1 : 0, &flow);
    if (!at_first) {
        fail_unless(pixels != NULL);
        g_clear_pointer(&pixels, g_bytes_unref);
        scarce_begin(nth, lasting);
        change(h, c);
        pixels = push(h, c, c->resizes, 1, &flow);
    }
    n = scarce_end();
    check_frame(c, pixels, expected, flow, bus, nth != 0);
    g_clear_pointer(&pixels, g_bytes_unref);
    if (flow == GST_FLOW_OK)
        check_after(c, h, expected);
    harness_close(h, bus);
    g_bytes_unref(expected);
    return n;
}

/* From nothing to where frames may come. */
static guint act_start(gconstpointer data, guint nth, gboolean lasting)
{
    const Case *c = data;
    GError *error = NULL;
    GstElement *element = gst_parse_launch(c->properties, &error);
    GstBus *bus = gst_bus_new();
    GstStateChangeReturn result;
    guint n, n_errors, n_warnings;

    fail_unless(error == NULL);
    gst_element_set_bus(element, bus);
    scarce_begin(nth, lasting);
    result = gst_element_set_state(element, GST_STATE_PAUSED);
    n = scarce_end();
    fail_unless(nth > 0 || result != GST_STATE_CHANGE_FAILURE);
    count_messages(bus, &n_errors, &n_warnings);
    fail_unless_equals_int(n_errors, result == GST_STATE_CHANGE_FAILURE);
    gst_element_set_state(element, GST_STATE_NULL);
    fail_if(gst_element_set_state(element, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, NULL);
    gst_object_unref(bus);
    gst_object_unref(element);
    return n;
}

static gboolean has_class(GstBuffer *frame, const gchar *name)
{
    GstStructure *structure = seg_structure(frame);
    const GValue *classes = structure ? gst_structure_get_value(structure, "classes") : NULL;

    return classes && g_str_equal(g_value_get_string(gst_value_array_get_value(classes, 1)), name);
}

/* Asks for other names of classes, and pushes frames until they are there or, unless it is patient,
 * a warning is: of the model, or of the first frame that it was to segment. */
static gboolean rename_classes(GstHarness *h, GstBus *bus, const gchar *name, gboolean patient)
{
    gchar *options = g_strdup_printf("options,classes=<%s,b,c>,foreground=<b>", name);
    GstVideoInfo info;
    guint n_errors, n_warnings = 0;
    gboolean has = FALSE;

    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, WIDTH, HEIGHT);
    g_object_set(h->element, "model-options", options, NULL);
    for (guint n = 0; n < 20000 && !has && (patient || n_warnings == 0); n++) {
        GstBuffer *out = gst_harness_push_and_pull(h, frame_new(&info, 0, n));

        fail_unless(out != NULL);
        has = has_class(out, name);
        gst_buffer_unref(out);
        count_messages(bus, &n_errors, &n_warnings);
        g_usleep(1000);
    }
    fail_unless(has || (!patient && n_warnings > 0));
    g_free(options);
    return has;
}

static guint act_model(gconstpointer data, guint nth, gboolean lasting)
{
    const Case *c = data;
    GstBus *bus;
    GstHarness *h = start(c, &bus);
    GstFlowReturn flow;
    guint n;

    set_caps(h, c, FALSE);
    for (guint i = 0; i < 3; i++) /* until it has all its masks */
        g_bytes_unref(push(h, c, FALSE, 0, &flow));
    scarce_begin(nth, lasting);
    fail_unless(rename_classes(h, bus, "a", FALSE) || nth > 0);
    n = scarce_end();
    /* What is told of the other may come yet. */
    fail_unless(rename_classes(h, bus, "z", TRUE));
    harness_close(h, bus);
    return n;
}

static const Case frames[] = {
    { "mode=overlay", "I420", NULL, FALSE, FALSE },
    { "mode=mask smoothing=100 edge-refine=true", "I420", NULL, FALSE, FALSE },
    { "mode=meta", "NV12", NULL, FALSE, FALSE },
    { "mode=meta", "v308", NULL, FALSE, FALSE },
    { "mode=alpha", "I420", NULL, FALSE, FALSE },
    { "mode=blur margin=4 fail-closed=true", "I420", NULL, FALSE, TRUE },
    { "mode=pixelate margin=4 fail-closed=true", "I420", NULL, FALSE, TRUE },
    { "mode=fill margin=4 fail-closed=true", "I420", NULL, FALSE, TRUE },
    { "mode=overlay", "I420", "mode=blur", FALSE, FALSE },
    { "mode=overlay", "I420", "mode=pixelate", FALSE, FALSE },
    { "mode=meta", "I420", "mode=overlay", FALSE, FALSE },
    { "mode=overlay", "I420", "edge-refine=true", FALSE, FALSE },
    { "mode=overlay", "I420", "inference-size=48x64", FALSE, FALSE },
    { "mode=blur fail-closed=true", "I420", NULL, TRUE, TRUE },
    { "mode=overlay inference-size=auto", "I420", NULL, TRUE, FALSE },
};
#define N_FRAMES 15

GST_START_TEST(test_frames)
{
    scarcity_try(act_frame, &frames[__i__], 6);
}
GST_END_TEST

GST_START_TEST(test_start)
{
    static const Case plain = { "hrnetseg model=test inference-size=64x96 sync-mode=exact", NULL,
                                NULL, FALSE, FALSE };

    scarcity_try(act_start, &plain, 6);
}
GST_END_TEST

GST_START_TEST(test_model)
{
    static const Case plain = { "mode=meta", "I420", NULL, FALSE, FALSE };

    scarcity_try(act_model, &plain, 4);
}
GST_END_TEST

static Suite *scarce_suite(void)
{
    Suite *suite = suite_create("hrnetseg-scarce");
    TCase *chain = tcase_create("scarce");

    tcase_set_timeout(chain, 600);
    tcase_add_test(chain, test_start);
    tcase_add_loop_test(chain, test_frames, 0, N_FRAMES);
    tcase_add_test(chain, test_model);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(scarce)
