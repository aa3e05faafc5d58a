/* Formats: which are taken, which of them upstream chooses, and what colours mean in each, by the
 * word of GStreamer's own converter.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <string.h>

#define WIDTH  98
#define HEIGHT 66
#define N      (WIDTH * HEIGHT)

/* What the element took before it took any other, in its order. */
#define FIRST_CHOICES                                                                              \
    "{ I420, YV12, NV12, NV21, YUY2, UYVY, RGB, BGR, RGBx, BGRx, xRGB, xBGR, RGBA, BGRA, ARGB, "   \
    "ABGR, GRAY8 }"

/* Lives as long as a test, so that its model is loaded once for all elements that come and go. */
static GstHarness *keeper;

static void keep_model(void)
{
    keeper = harness_new("hrnetseg model=test");
    harness_set_frame_caps(keeper, "GRAY8", WIDTH, HEIGHT, "", NULL);
}

static void drop_model(void)
{
    gst_harness_teardown(keeper);
}

/* A frame in another format. */
static GstBuffer *converted(const GstVideoInfo *in_info, GstBuffer *in,
                            const GstVideoInfo *out_info)
{
    GstVideoConverter *converter = gst_video_converter_new(
        in_info, out_info,
        gst_structure_new("options", GST_VIDEO_CONVERTER_OPT_DITHER_METHOD,
                          GST_TYPE_VIDEO_DITHER_METHOD, GST_VIDEO_DITHER_NONE, NULL));
    GstBuffer *out = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(out_info), NULL);
    GstVideoFrame from, to;

    fail_unless(converter != NULL);
    gst_buffer_memset(out, 0, 0, GST_VIDEO_INFO_SIZE(out_info));
    fail_unless(gst_video_frame_map(&from, in_info, in, GST_MAP_READ));
    fail_unless(gst_video_frame_map(&to, out_info, out, GST_MAP_WRITE));
    gst_video_converter_frame(converter, &from, &to);
    gst_video_frame_unmap(&from);
    gst_video_frame_unmap(&to);
    gst_video_converter_free(converter);
    GST_BUFFER_PTS(out) = GST_BUFFER_PTS(in);
    GST_BUFFER_DURATION(out) = GST_BUFFER_DURATION(in);
    return out;
}

static void set_info(GstVideoInfo *info, const gchar *format, const gchar *more)
{
    GstCaps *caps = frame_caps(format, WIDTH, HEIGHT, more);

    fail_unless(gst_video_info_from_caps(info, caps));
    gst_caps_unref(caps);
}

/* The picture of the tests in a format, by way of RGB. */
static GstBuffer *picture(const GstVideoInfo *info, guint seed)
{
    GstVideoInfo rgb;
    GstBuffer *in, *out;

    set_info(&rgb, "RGB", "");
    in = frame_new(&rgb, 0, seed);
    out = converted(&rgb, in, info);
    gst_buffer_unref(in);
    return out;
}

static GstBuffer *through(const gchar *description, const gchar *format, const gchar *more,
                          GstBuffer *in)
{
    GstHarness *h = harness_new(description);
    GstBuffer *out;

    harness_set_frame_caps(h, format, WIDTH, HEIGHT, more, NULL);
    out = gst_harness_push_and_pull(h, in);
    fail_unless(out != NULL, "%s: %s", format, description);
    gst_harness_teardown(h);
    return out;
}

static guint8 *labels_of(const gchar *format, const gchar *more, GstBuffer *in)
{
    GstBuffer *out = through("hrnetseg model=test mode=meta", format, more, in);
    guint8 *labels = seg_labels(out, WIDTH, HEIGHT);

    gst_buffer_unref(out);
    return labels;
}

/* The labels of a frame are those of what the converter makes of it, but for a few pixels, which
 * rounding decides. */
static void check_labels(const gchar *format, const gchar *more)
{
    GstVideoInfo info, rgb;
    GstBuffer *frame, *as_rgb;
    guint8 *labels, *expected;

    set_info(&info, format, more);
    set_info(&rgb, "RGB", "");
    frame = picture(&info, 2);
    as_rgb = converted(&info, frame, &rgb);
    labels = labels_of(format, more, frame);
    expected = labels_of("RGB", "", as_rgb);
    fail_unless(n_different(labels, expected, N) <= N / 30, "%s%s: %u of %u labels are others",
                format, more, n_different(labels, expected, N), N);
    g_free(labels);
    g_free(expected);
}

/* The largest difference of a component of a frame from a colour, by the converter. */
static gint distance(const GstVideoInfo *info, GstBuffer *frame, guint32 color)
{
    GstVideoInfo rgb;
    GstBuffer *as_rgb;
    guint8 *bytes;
    gint worst = 0;

    set_info(&rgb, "RGB", "");
    as_rgb = converted(info, frame, &rgb);
    bytes = frame_bytes(&rgb, as_rgb, NULL);
    for (guint i = 0; i < 3 * N; i++)
        worst = MAX(worst, ABS(bytes[i] - (gint)(color >> (16 - 8 * (i % 3)) & 255)));
    g_free(bytes);
    gst_buffer_unref(as_rgb);
    return worst;
}

static const gchar *const colorimetries[] = {
    "",
    ", colorimetry=bt601",
    ", colorimetry=bt709",
    ", colorimetry=bt2020-10",
    ", colorimetry=(string)1:3:0:0, chroma-site=jpeg",
};

/* How many of the colorimetries, the usual one first, there are for a format. */
static guint n_colorimetries(const gchar *format)
{
    const GstVideoFormatInfo *info =
        gst_video_format_get_info(gst_video_format_from_string(format));

    return GST_VIDEO_FORMAT_INFO_IS_YUV(info) ? G_N_ELEMENTS(colorimetries) : 1;
}

GST_START_TEST(test_reads_as_the_converter)
{
    const gchar *format = all_formats[__i__];

    for (guint i = 0; i < n_colorimetries(format); i++)
        check_labels(format, colorimetries[i]);
}
GST_END_TEST

/* A whole frame in one colour is of that colour. */
static void check_drawing(const gchar *format, const gchar *more, const gchar *properties,
                          guint32 color)
{
    gchar *description = g_strdup_printf("hrnetseg model=test classes=1,2,3 %s", properties);
    GstVideoInfo info;
    GstBuffer *out;

    set_info(&info, format, more);
    out = through(description, format, more, picture(&info, 2));
    fail_unless(distance(&info, out, color) <= 5, "%s%s, %s: %d from the colour", format, more,
                properties, distance(&info, out, color));
    gst_buffer_unref(out);
    g_free(description);
}

GST_START_TEST(test_draws_as_the_converter)
{
    const gchar *format = all_formats[__i__];
    const gboolean gray = g_str_has_prefix(format, "GRAY");

    for (guint i = 0; i < n_colorimetries(format); i++) {
        check_drawing(format, colorimetries[i],
                      gray ? "mode=fill fill=#5a5a5a" : "mode=fill fill=#d06020",
                      gray ? 0x5a5a5a : 0xd06020);
        check_drawing(format, colorimetries[i],
                      gray ? "opacity=1 palette=#5a5a5a,#5a5a5a,#5a5a5a"
                           : "opacity=1 palette=#d06020,#d06020,#d06020",
                      gray ? 0x5a5a5a : 0xd06020);
    }
}
GST_END_TEST

/* All formats but those that are drawn on, and two that GStreamer cannot make whole. */
static GPtrArray *foreign_formats(void)
{
    GPtrArray *names = g_ptr_array_new();
    guint n;
    const GstVideoFormat *formats = gst_video_formats_raw(&n);

    for (guint i = 0; i < n; i++) {
        const GstVideoFormatInfo *info = gst_video_format_get_info(formats[i]);

        if (info->unpack_func && !g_strv_contains(all_formats, info->name) &&
            !g_str_has_prefix(info->name, "MT2110"))
            g_ptr_array_add(names, (gpointer)info->name);
    }
    fail_unless(names->len > 50);
    return names;
}

/* `meta` takes whatever can be unpacked, leaves it as it is, and sees in it what is there. */
GST_START_TEST(test_meta_takes_all)
{
    GPtrArray *names = foreign_formats();

    for (guint i = 0; i < names->len; i++) {
        const gchar *format = g_ptr_array_index(names, i);
        GstVideoInfo info;
        GstBuffer *frame, *copy, *out;
        GstMapInfo map;

        check_labels(format, "");
        set_info(&info, format, "");
        frame = picture(&info, 3);
        copy = gst_buffer_copy_deep(frame);
        out = through("hrnetseg model=test mode=meta", format, "", frame);
        fail_unless(gst_buffer_map(copy, &map, GST_MAP_READ));
        fail_unless_equals_int(gst_buffer_get_size(out), map.size);
        fail_unless(gst_buffer_memcmp(out, 0, map.data, map.size) == 0);
        gst_buffer_unmap(copy, &map);
        gst_buffer_unref(copy);
        gst_buffer_unref(out);
    }
    g_ptr_array_unref(names);
}
GST_END_TEST

/* What must not show is black in all of them. */
GST_START_TEST(test_meta_fails_closed)
{
    GPtrArray *names = foreign_formats();

    for (guint i = 0; i < names->len; i++) {
        const gchar *format = g_ptr_array_index(names, i);
        GstVideoInfo info;
        GstBuffer *out;

        set_info(&info, format, "");
        out = through("hrnetseg model=test mode=meta fail-closed=true sync-mode=latest", format, "",
                      picture(&info, 2));
        fail_unless(seg_structure(out) == NULL);
        fail_unless(distance(&info, out, 0) <= 1, "%s: %d from black", format,
                    distance(&info, out, 0));
        gst_buffer_unref(out);
    }
    g_ptr_array_unref(names);
}
GST_END_TEST

/* Beside the stream too, and where the picture stays. */
GST_START_TEST(test_meta_beside)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=meta sync-mode=latest "
                                "static-threshold=0.01");
    GstVideoInfo info;
    guint n;

    harness_set_frame_caps(h, "v210", WIDTH, HEIGHT, "", &info);
    for (n = 0; n < 2000; n++) {
        GstBuffer *out = gst_harness_push_and_pull(h, picture(&info, 2));
        const gboolean has_mask = seg_structure(out) != NULL;

        if (has_mask)
            g_free(seg_labels(out, WIDTH, HEIGHT));
        gst_buffer_unref(out);
        if (has_mask)
            break;
        g_usleep(5000);
    }
    fail_unless(n < 2000);
    for (n = 0; n < 5; n++)
        gst_buffer_unref(gst_harness_push_and_pull(h, picture(&info, 2)));
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 1);
    gst_harness_teardown(h);
}
GST_END_TEST

static const gchar *const drawing_modes[] = {
    "overlay", "mask", "alpha", "blur", "fill", "pixelate"
};

static gboolean accepts(const gchar *mode, const gchar *format)
{
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s", mode);
    GstHarness *h = harness_new(description);
    GstPad *sink = gst_element_get_static_pad(h->element, "sink");
    GstCaps *caps = frame_caps(format, WIDTH, HEIGHT, ""), *possible;
    gboolean accepted, offered;

    accepted = gst_pad_query_accept_caps(sink, caps);
    possible = gst_pad_query_caps(sink, NULL);
    offered = gst_caps_can_intersect(possible, caps);
    fail_unless_equals_int(accepted, offered);
    gst_caps_unref(possible);
    gst_caps_unref(caps);
    gst_object_unref(sink);
    g_free(description);
    gst_harness_teardown(h);
    return offered;
}

/* Other modes take what they can draw on. */
GST_START_TEST(test_modes_tell_what_they_take)
{
    for (guint i = 0; all_formats[i]; i++) {
        fail_unless(accepts(drawing_modes[__i__], all_formats[i]), "%s", all_formats[i]);
        fail_unless(accepts("meta", all_formats[i]));
    }
    fail_if(accepts(drawing_modes[__i__], "v210"));
    fail_if(accepts(drawing_modes[__i__], "A420"));
    fail_unless(accepts("meta", "v210") && accepts("meta", "A420"));
}
GST_END_TEST

/* Where the caps of the moment cannot be drawn on, the former mode stays. */
GST_START_TEST(test_mode_that_cannot_follow)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=meta");
    GstBus *bus = harness_add_bus(h);
    GstVideoInfo info;
    GstBuffer *out;
    gchar *warning;

    harness_set_frame_caps(h, "v210", WIDTH, HEIGHT, "", &info);
    gst_buffer_unref(gst_harness_push_and_pull(h, picture(&info, 2)));
    gst_util_set_object_arg(G_OBJECT(h->element), "mode", "overlay");
    out = gst_harness_push_and_pull(h, picture(&info, 2));
    fail_unless(out != NULL && seg_structure(out) != NULL);
    warning = only_message(bus, GST_MESSAGE_WARNING);
    fail_unless(strstr(warning, "meta") && strstr(warning, "overlay"), "%s", warning);
    g_free(warning);
    gst_buffer_unref(out);
    harness_close(h, bus);
}
GST_END_TEST

static void check_list(const GstCaps *caps, guint index, gboolean dmabuf)
{
    const GValue *formats = gst_structure_get_value(gst_caps_get_structure(caps, index), "format");
    GValue expected = G_VALUE_INIT;

    g_value_init(&expected, GST_TYPE_LIST);
    fail_unless(gst_value_deserialize(&expected, FIRST_CHOICES));
    fail_unless_equals_int(gst_value_list_get_size(formats), gst_value_list_get_size(&expected));
    for (guint i = 0; i < gst_value_list_get_size(&expected); i++)
        fail_unless_equals_string(g_value_get_string(gst_value_list_get_value(formats, i)),
                                  g_value_get_string(gst_value_list_get_value(&expected, i)));
    fail_unless_equals_int(
        gst_caps_features_contains(gst_caps_get_features(caps, index), "memory:DMABuf"), dmabuf);
    g_value_unset(&expected);
}

/* The formats of before come first, in their order. */
GST_START_TEST(test_order)
{
    GstHarness *h = harness_new("hrnetseg model=test");
    GstPad *sink = gst_element_get_static_pad(h->element, "sink");
    GstCaps *template = gst_pad_get_pad_template_caps(sink),
            *offered = gst_pad_query_caps(sink, NULL);

    check_list(template, 0, FALSE);
    check_list(template, 1, TRUE);
    check_list(offered, 0, FALSE);
    gst_caps_unref(template);
    gst_caps_unref(offered);
    gst_object_unref(sink);
    gst_harness_teardown(h);
}
GST_END_TEST

/* The format that flows into the last element of a pipeline's beginning. */
static gchar *negotiated(const gchar *beginning, const gchar *last)
{
    gchar *description = g_strdup_printf("%s ! %s name=last ! fakesink", beginning, last);
    GstElement *pipeline = gst_parse_launch(description, NULL), *element;
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message;
    GstPad *pad;
    GstCaps *caps;
    gchar *format;

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    message = wait_message(bus, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless(message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS, "%s", description);
    element = gst_bin_get_by_name(GST_BIN(pipeline), "last");
    pad = gst_element_get_static_pad(element, "sink");
    caps = gst_pad_get_current_caps(pad);
    format = g_strdup(gst_structure_get_string(gst_caps_get_structure(caps, 0), "format"));
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_message_unref(message);
    gst_caps_unref(caps);
    gst_object_unref(pad);
    gst_object_unref(element);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
    g_free(description);
    return format;
}

/* A source that can send anything, and a converter from each of the former formats, send what they
 * would if those were all that is taken. */
GST_START_TEST(test_negotiates_as_before)
{
    const gchar *source = "videotestsrc num-buffers=1 ! video/x-raw,width=96,height=64";
    const gchar *last = __i__ ? "hrnetseg model=test mode=meta" : "hrnetseg model=test";
    gchar *sources[20] = { g_strdup("videotestsrc num-buffers=1") };

    sources[1] = g_strdup_printf("%s ! videoconvert", source);
    for (guint i = 0; i < 17; i++)
        sources[2 + i] = g_strdup_printf("%s,format=%s ! videoconvert", source, all_formats[i]);
    for (guint i = 0; sources[i]; i++) {
        gchar *format = negotiated(sources[i], last);
        gchar *expected =
            negotiated(sources[i], "capsfilter caps=\"video/x-raw,format=" FIRST_CHOICES "\"");

        fail_unless_equals_string(format, expected);
        g_free(format);
        g_free(expected);
        g_free(sources[i]);
    }
}
GST_END_TEST

static Suite *formats_suite(void)
{
    Suite *suite = suite_create("hrnetseg-formats");
    TCase *chain = tcase_create("formats");

    tcase_add_checked_fixture(chain, keep_model, drop_model);
    tcase_set_timeout(chain, 240);
    tcase_add_loop_test(chain, test_reads_as_the_converter, 0, N_FORMATS);
    tcase_add_loop_test(chain, test_draws_as_the_converter, 0, N_FORMATS);
    tcase_add_test(chain, test_meta_takes_all);
    tcase_add_test(chain, test_meta_fails_closed);
    tcase_add_test(chain, test_meta_beside);
    tcase_add_loop_test(chain, test_modes_tell_what_they_take, 0, G_N_ELEMENTS(drawing_modes));
    tcase_add_test(chain, test_mode_that_cannot_follow);
    tcase_add_test(chain, test_order);
    tcase_add_loop_test(chain, test_negotiates_as_before, 0, 2);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(formats)
