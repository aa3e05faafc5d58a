/* Properties, before and while playing; caps that change on the way.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <gst/controller/controller.h>
#include <string.h>

#define WIDTH  64
#define HEIGHT 48

static GstBuffer *push_seed(GstHarness *h, const GstVideoInfo *info, guint seed)
{
    GstBuffer *out = gst_harness_push_and_pull(h, frame_new(info, 0, seed));

    fail_unless(out != NULL);
    return out;
}

/* How many of a frame's bytes differ from the same frame's without an element. */
static guint n_changed(const GstVideoInfo *info, GstBuffer *out, guint seed)
{
    GstBuffer *plain = frame_new(info, 0, seed);
    guint8 *a, *b;
    guint n = 0;
    gsize size;

    a = frame_bytes(info, plain, &size);
    b = frame_bytes(info, out, NULL);
    for (gsize i = 0; i < size; i++)
        n += a[i] != b[i];
    g_free(a);
    g_free(b);
    gst_buffer_unref(plain);
    return n;
}

static void assert_size(GstHarness *h, const gchar *format, gint width, gint height)
{
    GstCaps *caps = gst_pad_get_current_caps(h->sinkpad);
    GstVideoInfo info;

    fail_unless(gst_video_info_from_caps(&info, caps));
    fail_unless_equals_string(GST_VIDEO_INFO_NAME(&info), format);
    fail_unless_equals_int(GST_VIDEO_INFO_WIDTH(&info), width);
    fail_unless_equals_int(GST_VIDEO_INFO_HEIGHT(&info), height);
    gst_caps_unref(caps);
}

GST_START_TEST(test_defaults)
{
    GstElement *element = gst_element_factory_make("hrnetseg", NULL);
    gchar *model, *options, *classes, *palette, *size;
    gboolean attach, refine;
    gdouble opacity;
    guint threads, smoothing;
    gint mode, precision;
    GstStructure *stats;

    fail_unless(element != NULL);
    g_object_get(element, "model", &model, "model-options", &options, "classes", &classes,
                 "palette", &palette, "inference-size", &size, "attach-meta", &attach, "opacity",
                 &opacity, "threads", &threads, "mode", &mode, "precision", &precision, "stats",
                 &stats, "smoothing", &smoothing, "edge-refine", &refine, NULL);
    fail_unless_equals_string(model, "people");
    fail_unless_equals_string(options, "");
    fail_unless_equals_string(classes, "");
    fail_unless_equals_string(palette, "model");
    fail_unless_equals_string(size, "auto");
    fail_unless(attach && !refine);
    fail_unless_equals_int(smoothing, 0);
    fail_unless_equals_float(opacity, 0.5);
    fail_unless_equals_int(threads, 0);
    fail_unless_equals_int(mode, 0);
    fail_unless_equals_int(precision, 0);
    fail_unless_equals_int(gst_structure_n_fields(stats), 10);
    fail_unless_equals_string(gst_structure_get_string(stats, "precision"), "auto");
    g_free(model);
    g_free(options);
    g_free(classes);
    g_free(palette);
    g_free(size);
    gst_structure_free(stats);
    gst_object_unref(element);
}
GST_END_TEST

GST_START_TEST(test_opacity_and_classes_while_playing)
{
    GstHarness *h = harness_new("hrnetseg model=test classes=1,2,3 opacity=1");
    GstVideoInfo info;
    GstBuffer *out;
    guint all, few;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    out = push_seed(h, &info, 1);
    all = n_changed(&info, out, 1);
    fail_unless(all > WIDTH * HEIGHT * 2);
    gst_buffer_unref(out);

    g_object_set(h->element, "opacity", 0.0, NULL);
    out = push_seed(h, &info, 1);
    fail_unless_equals_int(n_changed(&info, out, 1), 0);
    gst_buffer_unref(out);

    g_object_set(h->element, "opacity", 1.0, "classes", "person", NULL);
    out = push_seed(h, &info, 1);
    few = n_changed(&info, out, 1);
    gst_buffer_unref(out);
    g_object_set(h->element, "classes", " road , car", NULL);
    out = push_seed(h, &info, 1);
    fail_unless(few < all);
    fail_unless_equals_int(few + n_changed(&info, out, 1), all);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* An opaque overlay shows the palette's own colours. */
GST_START_TEST(test_palette_while_playing)
{
    GstHarness *h = harness_new("hrnetseg model=test classes=1,2,3 opacity=1");
    static const guint8 colors[2][4][3] = {
        { { 0 }, { 0x80, 0x40, 0x80 }, { 0xdc, 0x14, 0x3c }, { 0, 0, 0x8e } },
        { { 0 }, { 1, 2, 3 }, { 0xff, 0xff, 0xff }, { 0xab, 0xcd, 0xef } },
    };
    GstVideoInfo info;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    for (guint round = 0; round < 2; round++) {
        GstBuffer *out = push_seed(h, &info, 1);
        guint8 *labels = seg_labels(out, WIDTH, HEIGHT), *bytes = frame_bytes(&info, out, NULL);

        for (guint i = 0; i < WIDTH * HEIGHT; i++)
            quick_fail_unless(memcmp(bytes + 3 * i, colors[round][labels[i]], 3) == 0, "pixel %u",
                              i);
        g_free(labels);
        g_free(bytes);
        gst_buffer_unref(out);
        g_object_set(h->element, "palette", "#010203, #ffffff,#ABCDEF", NULL);
    }
    gst_harness_teardown(h);
}
GST_END_TEST

GST_START_TEST(test_mode_while_playing)
{
    GstHarness *h = harness_new("hrnetseg model=test");
    static const gchar *const order[] = { "mask", "overlay", "meta", "mask", "meta", "overlay" };
    GstVideoInfo info;

    harness_set_frame_caps(h, "YUY2", WIDTH, HEIGHT, "", &info);
    gst_buffer_unref(push_seed(h, &info, 0));
    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        GstBuffer *out;

        gst_util_set_object_arg(G_OBJECT(h->element), "mode", order[i]);
        out = push_seed(h, &info, i + 1);
        assert_size(h, g_str_equal(order[i], "mask") ? "GRAY8" : "YUY2", WIDTH, HEIGHT);
        if (!g_str_equal(order[i], "mask"))
            fail_unless_equals_int(n_changed(&info, out, i + 1) > 0,
                                   g_str_equal(order[i], "overlay"));
        fail_unless(seg_structure(out) != NULL);
        gst_buffer_unref(out);
    }
    gst_harness_teardown(h);
}
GST_END_TEST

GST_START_TEST(test_attach_meta_while_playing)
{
    GstHarness *h = harness_new("hrnetseg model=test attach-meta=false");
    GstVideoInfo info;
    GstBuffer *out;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    out = push_seed(h, &info, 0);
    fail_unless(seg_structure(out) == NULL);
    gst_buffer_unref(out);
    g_object_set(h->element, "attach-meta", TRUE, NULL);
    out = push_seed(h, &info, 1);
    fail_unless(seg_structure(out) != NULL);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Another inference size gives another mask, and the same one the same. */
GST_START_TEST(test_inference_size_while_playing)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=mask attach-meta=false");
    static const gchar *const sizes[] = { "model", "64x96", "128x160", "auto", "33x47", "64x96" };
    guint8 *masks[G_N_ELEMENTS(sizes)];
    GstVideoInfo info, out_info;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    gst_video_info_set_format(&out_info, GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        GstBuffer *out;

        g_object_set(h->element, "inference-size", sizes[i], "threads", i % 2 + 1, NULL);
        out = push_seed(h, &info, 4);
        masks[i] = frame_bytes(&out_info, out, NULL);
        gst_buffer_unref(out);
    }
    fail_unless(memcmp(masks[0], masks[1], WIDTH * HEIGHT) == 0);
    fail_unless(memcmp(masks[1], masks[5], WIDTH * HEIGHT) == 0);
    fail_if(memcmp(masks[1], masks[2], WIDTH * HEIGHT) == 0);
    fail_if(memcmp(masks[1], masks[4], WIDTH * HEIGHT) == 0);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
        g_free(masks[i]);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Values that mean nothing, set while playing: a warning each, and the stream goes on as it was. */
GST_START_TEST(test_nonsense_while_playing)
{
    static const gchar *const nonsense[][3] = {
        { "classes", "road,dragon", "dragon" },
        { "palette", "#000000,#ffffff", "palette" },
        { "palette", "#000000,#ffffff,#12345g", "#12345g" },
        { "inference-size", "8x8", "8x8" },
        { "inference-size", "big", "big" },
        { "inference-size", "64x+96", "64x+96" },
        { "class-style", "road:#ff0000,", "class-style" },
        { "class-style", "road:#ff0000:2", "road:#ff0000:2" },
        { "class-style", "road:red", "road:red" },
    };
    GstHarness *h = harness_new("hrnetseg model=test mode=mask");
    GstBus *bus = harness_add_bus(h);
    GstVideoInfo info;
    gchar *text;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    gst_buffer_unref(push_seed(h, &info, 0));
    g_object_set(h->element, nonsense[__i__][0], nonsense[__i__][1], NULL);
    gst_buffer_unref(push_seed(h, &info, 1));
    gst_buffer_unref(push_seed(h, &info, 2));
    text = only_message(bus, GST_MESSAGE_WARNING);
    fail_unless(strstr(text, nonsense[__i__][2]) != NULL, "%s", text);
    g_free(text);
    fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR) == NULL);
    harness_close(h, bus);
}
GST_END_TEST

GST_START_TEST(test_opacity_is_controllable)
{
    GstHarness *h = harness_new("hrnetseg model=test classes=1,2,3");
    GstControlSource *source = gst_interpolation_control_source_new();
    GstVideoInfo info;
    GstBuffer *out;

    g_object_set(source, "mode", GST_INTERPOLATION_MODE_LINEAR, NULL);
    gst_timed_value_control_source_set(GST_TIMED_VALUE_CONTROL_SOURCE(source), 0, 0.0);
    gst_timed_value_control_source_set(GST_TIMED_VALUE_CONTROL_SOURCE(source), GST_SECOND, 1.0);
    fail_unless(gst_object_add_control_binding(
        GST_OBJECT(h->element),
        gst_direct_control_binding_new(GST_OBJECT(h->element), "opacity", source)));
    gst_object_unref(source);

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    out = push_seed(h, &info, 0);
    fail_unless_equals_int(n_changed(&info, out, 0), 0);
    gst_buffer_unref(out);
    out = push_seed(h, &info, 30);
    fail_unless(n_changed(&info, out, 30) > WIDTH * HEIGHT);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

static void check_fill(GstElement *element, const gchar *text, guint color)
{
    gchar *fill;
    guint number;

    g_object_get(element, "fill", &fill, "fill-color", &number, NULL);
    fail_unless_equals_string(fill, text);
    fail_unless_equals_uint64(number, color);
    g_free(fill);
}

static void count_notify(GObject *object, GParamSpec *spec, gpointer n)
{
    ++*(guint *)n;
}

/* `fill` and `fill-color` are one colour; what is none changes nothing, or does not start. */
GST_START_TEST(test_fill_as_text)
{
    GstHarness *h = harness_new("hrnetseg model=test fill=#12aBef");
    GstElement *idle = gst_element_factory_make("hrnetseg", NULL);
    GstBus *bus = harness_add_bus(h);
    guint n = 0;

    check_fill(h->element, "#12abef", 0xff12abef);
    g_signal_connect(h->element, "notify::fill", G_CALLBACK(count_notify), &n);
    g_object_set(h->element, "fill-color", 0x80ff0000u, NULL);
    check_fill(h->element, "#ff0000", 0x80ff0000u);
    fail_unless_equals_int(n, 1);
    g_object_set(h->element, "fill", "#ff0000", NULL);
    check_fill(h->element, "#ff0000", 0x80ff0000u);
    g_object_set(h->element, "fill", "#00ff00", NULL);
    check_fill(h->element, "#00ff00", 0xff00ff00u);
    g_object_set(h->element, "fill", "green", NULL);
    g_free(only_message(bus, GST_MESSAGE_WARNING));
    check_fill(h->element, "#00ff00", 0xff00ff00u);
    harness_close(h, bus);

    g_object_set(idle, "model", "test", "fill", "green", NULL);
    fail_unless_equals_int(gst_element_set_state(idle, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    g_object_set(idle, "fill-color", 0xff00ff00u, NULL);
    check_fill(idle, "#00ff00", 0xff00ff00u);
    fail_if(gst_element_set_state(idle, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE);
    gst_element_set_state(idle, GST_STATE_NULL);
    gst_object_unref(idle);
}
GST_END_TEST

/* These follow a control source from frame to frame, as opacity does. */
GST_START_TEST(test_numbers_are_controllable)
{
    static const struct {
        const gchar *property;
        gdouble first, last; /* shares of the property's range */
        guint expected;      /* in the middle */
    } table[] = {
        { "strength", 0, 1, 50 },
        { "margin", 0, 0.5, 256 },
        { "smoothing", 0, 1000.0 / G_MAXUINT, 500 },
        { "fill-color", 1, 1, G_MAXUINT },
    };
    GstHarness *h = harness_new("hrnetseg model=test mode=fill");
    GstControlSource *source = gst_interpolation_control_source_new();
    GstTimedValueControlSource *values = GST_TIMED_VALUE_CONTROL_SOURCE(source);
    GstVideoInfo info;
    GstBuffer *out;
    guint value;

    g_object_set(source, "mode", GST_INTERPOLATION_MODE_LINEAR, NULL);
    gst_timed_value_control_source_set(values, 0, table[__i__].first);
    gst_timed_value_control_source_set(values, GST_SECOND, table[__i__].last);
    fail_unless(gst_object_add_control_binding(
        GST_OBJECT(h->element),
        gst_direct_control_binding_new(GST_OBJECT(h->element), table[__i__].property, source)));
    gst_object_unref(source);
    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    out = push_seed(h, &info, 15);
    g_object_get(h->element, table[__i__].property, &value, NULL);
    fail_unless(value >= table[__i__].expected - 1 && value - 1 <= table[__i__].expected, "%u",
                value);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

GST_START_TEST(test_caps_change)
{
    static const struct {
        const gchar *format;
        gint width, height;
    } steps[] = { { "I420", 64, 48 },  { "I420", 321, 17 },  { "RGB", 321, 17 },
                  { "GRAY8", 16, 16 }, { "NV12", 640, 360 }, { "I420", 64, 48 } };
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s inference-size=%s",
                                         all_modes[__i__ % 3], __i__ < 3 ? "model" : "auto");
    GstHarness *h = harness_new(description);

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        GstVideoInfo info;
        GstBuffer *out;

        harness_set_frame_caps(h, steps[i].format, steps[i].width, steps[i].height, "", &info);
        for (guint k = 0; k < 2; k++) {
            out = push_seed(h, &info, i);
            g_free(seg_labels(out, steps[i].width, steps[i].height));
            gst_buffer_unref(out);
        }
        assert_size(h, __i__ % 3 == 1 ? "GRAY8" : steps[i].format, steps[i].width, steps[i].height);
    }
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Caps outside of the templates are refused, odd framerates are not. */
GST_START_TEST(test_caps_limits)
{
    static const struct {
        const gchar *caps;
        gboolean good;
    } table[] = {
        { "video/x-raw,format=I420,width=16,height=16,framerate=0/1", TRUE },
        { "video/x-raw,format=I420,width=8192,height=16,framerate=1000/1", TRUE },
        { "video/x-raw,format=I420,width=64,height=48,framerate=25/1,interlace-mode=interleaved",
          TRUE },
        { "video/x-raw,format=I420,width=15,height=16,framerate=1/1", FALSE },
        { "video/x-raw,format=I420,width=8193,height=16,framerate=1/1", FALSE },
        { "video/x-raw,format=Y444,width=64,height=64,framerate=1/1", TRUE },
        { "video/x-raw,format=v210,width=64,height=64,framerate=1/1", FALSE },
        { "video/x-raw(memory:DMABuf),format=I420,width=64,height=64,framerate=1/1", TRUE },
        { "video/x-raw(memory:DMABuf),format=I420,width=15,height=64,framerate=1/1", FALSE },
        { "video/x-raw(memory:GLMemory),format=I420,width=64,height=64,framerate=1/1", FALSE },
        { "video/x-h264", FALSE },
    };
    GstElement *element = gst_element_factory_make("hrnetseg", NULL);
    GstPad *pad = gst_element_get_static_pad(element, "sink");
    GstCaps *caps = gst_caps_from_string(table[__i__].caps);

    fail_unless_equals_int(gst_pad_query_accept_caps(pad, caps), table[__i__].good);
    gst_caps_unref(caps);
    gst_object_unref(pad);
    gst_object_unref(element);
}
GST_END_TEST

/* `mask` takes any format where GRAY8 goes out, and nothing where it can't. */
GST_START_TEST(test_mask_caps_query)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=mask");
    GstPad *pad = gst_element_get_static_pad(h->element, "sink");
    GstCaps *caps, *expected;

    gst_harness_set_sink_caps_str(h, "video/x-raw,format=GRAY8,width=64,height=48,framerate=30/1");
    caps = gst_pad_query_caps(pad, NULL);
    expected = gst_caps_from_string("video/x-raw,format=NV21,width=64,height=48,framerate=30/1");
    fail_unless(gst_caps_can_intersect(caps, expected));
    gst_caps_unref(caps);

    gst_harness_set_sink_caps_str(h, "video/x-raw,format=I420,width=64,height=48,framerate=30/1");
    caps = gst_pad_query_caps(pad, NULL);
    fail_unless(gst_caps_is_empty(caps));
    gst_caps_unref(caps);
    gst_caps_unref(expected);
    gst_object_unref(pad);
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *properties_suite(void)
{
    Suite *suite = suite_create("hrnetseg-properties");
    TCase *chain = tcase_create("properties");

    tcase_set_timeout(chain, 120);
    tcase_add_test(chain, test_defaults);
    tcase_add_test(chain, test_opacity_and_classes_while_playing);
    tcase_add_test(chain, test_palette_while_playing);
    tcase_add_test(chain, test_mode_while_playing);
    tcase_add_test(chain, test_attach_meta_while_playing);
    tcase_add_test(chain, test_inference_size_while_playing);
    tcase_add_loop_test(chain, test_nonsense_while_playing, 0, 9);
    tcase_add_test(chain, test_opacity_is_controllable);
    tcase_add_test(chain, test_fill_as_text);
    tcase_add_loop_test(chain, test_numbers_are_controllable, 0, 4);
    tcase_add_loop_test(chain, test_caps_change, 0, 6);
    tcase_add_loop_test(chain, test_caps_limits, 0, 10);
    tcase_add_test(chain, test_mask_caps_query);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(properties)
