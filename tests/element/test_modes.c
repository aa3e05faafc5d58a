/* Every format in every mode: caps, sizes, timestamps, labels as the engine itself gives them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <hrnet/hrnet.h>
#include <string.h>

#define WIDTH  101
#define HEIGHT 67

/* The engine's own labels for a frame, by another way than the element's. */
static guint8 *engine_labels(const GstVideoInfo *info, GstBuffer *frame)
{
    HrnetModel *model = hrnet_model_load("test", NULL, NULL);
    HrnetSession *session = hrnet_session_new(model, 64, 96, 1, HRNET_PRECISION_FP32, NULL);
    guint8 *bytes = frame_bytes(info, frame, NULL), *plane = bytes, *labels;
    HrnetImage image;
    HrnetMask *mask;
    guint format = 0;
    gsize size;

    while (!g_str_equal(hrnet_pixel_format_get_name(format), GST_VIDEO_INFO_NAME(info)))
        format++;
    hrnet_image_init(&image, format, GST_VIDEO_INFO_WIDTH(info), GST_VIDEO_INFO_HEIGHT(info));
    /* BT.601, limited (grey: full) and unknown siting is what caps without colorimetry mean at this
     * size. */
    image.kr = 0.299;
    image.kb = 0.114;
    image.full_range = GST_VIDEO_INFO_IS_GRAY(info);
    image.chroma_left = FALSE;
    for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(info); p++) {
        image.planes[p] = plane;
        image.strides_bytes[p] = plane_row_bytes(info, p);
        plane += plane_row_bytes(info, p) * plane_rows(info, p);
    }
    mask = hrnet_session_segment(session, &image, NULL);
    fail_unless(mask != NULL);
    labels = g_memdup2(hrnet_mask_get_labels(mask, &size), (gsize)image.width * image.height);
    fail_unless_equals_int(size, image.width * image.height);
    hrnet_mask_unref(mask);
    hrnet_session_unref(session);
    hrnet_model_unref(model);
    g_free(bytes);
    return labels;
}

static void check_labels(const guint8 *labels, const guint8 *expected)
{
    guint n[256] = { 0 }, kinds = 0;

    for (guint i = 0; i < WIDTH * HEIGHT; i++) {
        quick_fail_unless(labels[i] == expected[i], "label %u at %u,%u, expected %u", labels[i],
                          i % WIDTH, i / WIDTH, expected[i]);
        n[labels[i]]++;
    }
    for (guint label = 0; label < 256; label++)
        kinds += n[label] > 0;
    /* A picture with one label would prove little. */
    fail_unless(kinds > 1);
    fail_unless_equals_int(n[0], 0);
}

static void check_mask_frame(GstHarness *h, GstBuffer *out, const guint8 *labels)
{
    GstCaps *caps = gst_pad_get_current_caps(h->sinkpad);
    GstVideoInfo info;
    guint8 *bytes;

    fail_unless(gst_video_info_from_caps(&info, caps));
    fail_unless_equals_string(GST_VIDEO_INFO_NAME(&info), "GRAY8");
    fail_unless_equals_int(GST_VIDEO_INFO_WIDTH(&info), WIDTH);
    fail_unless_equals_int(GST_VIDEO_INFO_HEIGHT(&info), HEIGHT);
    fail_unless_equals_int(GST_VIDEO_INFO_FPS_N(&info), 30);
    bytes = frame_bytes(&info, out, NULL);
    fail_unless(memcmp(bytes, labels, WIDTH * HEIGHT) == 0);
    g_free(bytes);
    gst_caps_unref(caps);
}

GST_START_TEST(test_format_and_mode)
{
    const gchar *format = all_formats[__i__ / N_MODES], *mode = all_modes[__i__ % N_MODES];
    gchar *description =
        g_strdup_printf("hrnetseg model=test mode=%s threads=1 inference-size=64x96", mode);
    GstHarness *h = harness_new(description);
    GstVideoInfo info;
    GstBuffer *in, *out;
    guint8 *labels, *expected, *before, *after;
    gsize size;

    harness_set_frame_caps(h, format, WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 5);
    expected = engine_labels(&info, in);
    before = frame_bytes(&info, in, &size);
    out = gst_harness_push_and_pull(h, in);
    fail_unless(out != NULL);
    fail_unless_equals_uint64(GST_BUFFER_PTS(out), frame_time(5));
    fail_unless_equals_uint64(GST_BUFFER_DURATION(out), GST_SECOND / 30);
    labels = seg_labels(out, WIDTH, HEIGHT);
    check_labels(labels, expected);

    if (g_str_equal(mode, "mask")) {
        check_mask_frame(h, out, labels);
    } else {
        after = frame_bytes(&info, out, NULL);
        /* Something is painted, or nothing is touched. */
        fail_unless_equals_int(memcmp(before, after, size) == 0, g_str_equal(mode, "meta"));
        g_free(after);
    }
    gst_buffer_unref(out);
    g_free(before);
    g_free(labels);
    g_free(expected);
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *modes_suite(void)
{
    Suite *suite = suite_create("hrnetseg-modes");
    TCase *chain = tcase_create("formats");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_format_and_mode, 0, N_FORMATS * N_MODES);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(modes)
