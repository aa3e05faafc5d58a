/* Rows of which something is easily lost: the end of odd ones, and those of fields.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"
#include "reference.h"

#include <string.h>

#define GREEN "0xff00ff00"

static const struct {
    const gchar *format;
    gint width, height;
    const gchar *more;
} copied[] = {
    { "YUY2", 65, 48, "" },
    { "UYVY", 17, 16, "" },
    { "YUY2", 33, 20, ", interlace-mode=interleaved" },
    { "RGB", 33, 20, "" },
    { "I420", 33, 21, "" },
    { "I420", 64, 50, ", interlace-mode=interleaved" },
    { "NV12", 35, 18, ", interlace-mode=interleaved" },
    { "YV12", 34, 17, ", interlace-mode=interleaved" },
    { "YVYU", 35, 18, "" },
    { "VYUY", 17, 17, "" },
    { "NV16", 35, 17, "" },
    { "Y42B", 33, 17, ", interlace-mode=interleaved" },
    { "P010_10LE", 35, 20, ", interlace-mode=interleaved" },
    { "I420_10LE", 33, 21, "" },
    { "GRAY16_LE", 33, 17, "" },
};

/* A frame of which nothing is drawn over, by a colour without opacity, is copied to the last byte
 * of each row and the last row of each plane. */
GST_START_TEST(test_copies_are_whole)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=fill fill-color=0x0000ff00");
    const gint width = copied[__i__].width;
    GstVideoInfo info;
    GstVideoFrame a, b;
    GstBuffer *in, *out;

    harness_set_frame_caps(h, copied[__i__].format, width, copied[__i__].height, copied[__i__].more,
                           &info);
    in = frame_new(&info, 0, 3);
    out = gst_harness_push_and_pull(h, gst_buffer_ref(in));
    fail_unless(out != NULL && out != in);
    fail_unless(gst_video_frame_map(&a, &info, in, GST_MAP_READ));
    fail_unless(gst_video_frame_map(&b, &info, out, GST_MAP_READ));
    for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(&info); p++) {
        const gboolean fields = p > 0 && GST_VIDEO_INFO_IS_INTERLACED(&info) &&
                                GST_VIDEO_FORMAT_INFO_H_SUB(info.finfo, 1) == 1;
        const guint rows = fields ? GST_ROUND_UP_2(plane_rows(&info, p)) : plane_rows(&info, p);

        for (guint y = 0; y < rows; y++) {
            const guint8 *from = (const guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&a, p) +
                                 (gsize)y * GST_VIDEO_FRAME_PLANE_STRIDE(&a, p);
            const guint8 *to = (const guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&b, p) +
                               (gsize)y * GST_VIDEO_FRAME_PLANE_STRIDE(&b, p);

            for (guint x = 0; x < plane_row_bytes(&info, p); x++)
                quick_fail_unless(from[x] == to[x], "plane %u, row %u, byte %u: %u, not %u", p, y,
                                  x, to[x], from[x]);
        }
    }
    gst_video_frame_unmap(&a);
    gst_video_frame_unmap(&b);
    gst_buffer_unref(in);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

static const gchar *const fielded_formats[] = { "I420", "YV12",      "NV12",
                                                "NV21", "P010_10LE", "I420_10LE" };
#define N_FIELDED G_N_ELEMENTS(fielded_formats)
static const struct {
    const gchar *more;
    gboolean flagged, fields;
    gint height;
} fielded[] = {
    { ", interlace-mode=interleaved", FALSE, TRUE, 48 },
    { ", interlace-mode=interleaved", FALSE, TRUE, 50 },
    { ", interlace-mode=interleaved", FALSE, TRUE, 53 },
    { ", interlace-mode=mixed", TRUE, TRUE, 48 },
    { ", interlace-mode=mixed", FALSE, FALSE, 48 },
    { "", FALSE, FALSE, 50 },
};

/* How many pixels of label 1 the chroma sample covers, and of how many. */
static guint covered(const guint8 *labels, const GstVideoInfo *info, guint x, guint y,
                     gboolean fields, guint *n)
{
    const guint width = GST_VIDEO_INFO_WIDTH(info), height = GST_VIDEO_INFO_HEIGHT(info);
    guint count = 0;

    *n = 0;
    for (guint row = 0; row < height; row++) {
        if ((fields ? row / 4 * 2 + row % 2 : row / 2) != y)
            continue;
        for (guint column = 2 * x; column < MIN(2 * x + 2, width); column++) {
            count += labels[row * width + column] == 1;
            ++*n;
        }
    }
    return count;
}

static void check_chroma(const GstVideoInfo *info, GstVideoFrame *before, GstVideoFrame *after,
                         const guint8 *labels, gboolean fields, gboolean fills)
{
    const guint n_rows = (guint)GST_VIDEO_FRAME_COMP_HEIGHT(after, 1);
    guint n, n_whole = 0, n_none = 0;

    for (guint c = 1; c < 3; c++) {
        const gsize stride = (gsize)GST_VIDEO_FRAME_COMP_STRIDE(after, c);
        const guint step = (guint)GST_VIDEO_FRAME_COMP_PSTRIDE(after, c);
        const gsize bytes = GST_VIDEO_FRAME_COMP_DEPTH(after, c) > 8 ? 2 : 1;
        const guint8 *was = component_data(before, c), *is = component_data(after, c);
        const guint green = (guint)(reference_component_value(info, c, 0x00ff00) + 0.5);

        for (guint y = 0; y < (fields ? GST_ROUND_UP_2(n_rows) : n_rows); y++) {
            for (guint x = 0; x < (guint)GST_VIDEO_FRAME_COMP_WIDTH(after, c); x++) {
                const gsize at = y * stride + x * step;
                const guint count = covered(labels, info, x, y, fields, &n);

                if (n == 0)
                    continue;
                if (count == 0)
                    fail_unless(memcmp(is + at, was + at, bytes) == 0,
                                "component %u at %u,%u was %u, is %u", c, x, y,
                                sample_value(info, c, was + at), sample_value(info, c, is + at));
                if (fills ? count > 0 : count == n)
                    fail_unless_equals_int(sample_value(info, c, is + at), green);
                n_whole += count == n;
                n_none += count == 0;
            }
        }
    }
    fail_unless(n_whole > 100 && n_none > 100);
}

/* Whether there is memory for the last row of fields whose number of rows is odd: P010's size in
 * GStreamer 1.22 leaves it out, and then the rows are taken for a progressive frame's. */
static gboolean has_all_rows(const GstVideoInfo *info)
{
    return GST_VIDEO_INFO_PLANE_OFFSET(info, 1) +
               (gsize)GST_VIDEO_INFO_PLANE_STRIDE(info, 1) * GST_ROUND_UP_2(plane_rows(info, 1)) <=
           GST_VIDEO_INFO_SIZE(info);
}

/* Drawing over interlaced 4:2:0 goes by the rows of each field: of what is hidden no chroma stays,
 * and of what is not none changes. */
GST_START_TEST(test_fields)
{
    static const gchar *const modes[] = { "mode=fill fill-color=" GREEN,
                                          "palette=#00ff00,#000000,#000000 opacity=1" };
    const guint k = __i__ % G_N_ELEMENTS(fielded);
    const gchar *format = fielded_formats[__i__ / G_N_ELEMENTS(fielded) % N_FIELDED];
    const guint mode = __i__ / G_N_ELEMENTS(fielded) / N_FIELDED;
    gchar *description = g_strdup_printf("hrnetseg model=test classes=1 %s", modes[mode]);
    GstHarness *h = harness_new(description);
    GstVideoInfo info;
    GstVideoFrame a, b;
    GstBuffer *in, *out;
    guint8 *labels;

    harness_set_frame_caps(h, format, 64, fielded[k].height, fielded[k].more, &info);
    in = frame_new(&info, 0, 3);
    if (fielded[k].flagged)
        GST_BUFFER_FLAG_SET(in, GST_VIDEO_BUFFER_FLAG_INTERLACED);
    out = gst_harness_push_and_pull(h, gst_buffer_ref(in));
    labels = seg_labels(out, 64, fielded[k].height);
    fail_unless(gst_video_frame_map(&a, &info, in, GST_MAP_READ));
    fail_unless(gst_video_frame_map(&b, &info, out, GST_MAP_READ));
    check_chroma(&info, &a, &b, labels, fielded[k].fields && has_all_rows(&info), mode == 0);
    gst_video_frame_unmap(&a);
    gst_video_frame_unmap(&b);
    g_free(labels);
    gst_buffer_unref(in);
    gst_buffer_unref(out);
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *rows_suite(void)
{
    Suite *suite = suite_create("hrnetseg-rows");
    TCase *chain = tcase_create("rows");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_copies_are_whole, 0, G_N_ELEMENTS(copied));
    tcase_add_loop_test(chain, test_fields, 0, 2 * N_FIELDED * G_N_ELEMENTS(fielded));
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(rows)
