/* Modes that hide or cut out: fill, pixelate, blur, alpha; and failing closed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"
#include "reference.h"

#include <string.h>

#define WIDTH  97
#define HEIGHT 66
#define N      (WIDTH * HEIGHT)

static const gchar *const hiding_modes[] = { "fill", "pixelate", "blur" };

/* A harness whose mask is that of the first frame for good, and that mask. */
static GstHarness *with_mask(const gchar *properties, const gchar *format, GstVideoInfo *info,
                             guint8 **labels)
{
    gchar *description =
        g_strdup_printf("hrnetseg model=test classes=person,car target-fps=0.001 %s", properties);
    GstHarness *h = harness_new(description);
    GstBuffer *out;

    harness_set_frame_caps(h, format, WIDTH, HEIGHT, "", info);
    out = gst_harness_push_and_pull(h, frame_new(info, 0, 2));
    *labels = seg_labels(out, WIDTH, HEIGHT);
    gst_buffer_unref(out);
    g_free(description);
    return h;
}

static gboolean is_chosen(guint8 label)
{
    return label == 2 || label == 3;
}

/* A bit a pixel: chosen, grown by a margin in the obvious way. */
static guint8 *region_of(const guint8 *labels, gint margin, gboolean invert)
{
    guint8 *region = g_malloc0(N);

    for (gint i = 0; i < N; i++) {
        if (is_chosen(labels[i]) == invert)
            continue;
        for (gint y = MAX(i / WIDTH - margin, 0); y <= MIN(i / WIDTH + margin, HEIGHT - 1); y++) {
            for (gint x = MAX(i % WIDTH - margin, 0); x <= MIN(i % WIDTH + margin, WIDTH - 1); x++)
                region[y * WIDTH + x] = 1;
        }
    }
    return region;
}

typedef guint (*Expect)(const GstVideoFrame *before, guint component, guint x, guint y,
                        const guint8 *region);

static gboolean covers(const GstVideoFormatInfo *format, guint component, guint x, guint y,
                       const guint8 *region)
{
    const guint w = 1u << GST_VIDEO_FORMAT_INFO_W_SUB(format, component);
    const guint h = 1u << GST_VIDEO_FORMAT_INFO_H_SUB(format, component);

    for (guint j = y * h; j < MIN((y + 1) * h, HEIGHT); j++) {
        for (guint i = x * w; i < MIN((x + 1) * w, WIDTH); i++) {
            if (region[j * WIDTH + i])
                return TRUE;
        }
    }
    return FALSE;
}

/* Samples that touch the region are as expected, to 1; all others and alpha are the same to the
 * bit. */
static void check_region(const GstVideoInfo *info, GstBuffer *before, GstBuffer *after,
                         const guint8 *region, Expect expect)
{
    GstVideoFrame a, b;

    fail_unless(gst_video_frame_map(&a, info, before, GST_MAP_READ));
    fail_unless(gst_video_frame_map(&b, info, after, GST_MAP_READ));
    for (guint c = 0; c < GST_VIDEO_INFO_N_COMPONENTS(info); c++) {
        const guint step = GST_VIDEO_FRAME_COMP_PSTRIDE(&a, c);
        const gsize bytes = GST_VIDEO_FRAME_COMP_DEPTH(&a, c) > 8 ? 2 : 1;

        for (guint y = 0; y < (guint)GST_VIDEO_FRAME_COMP_HEIGHT(&a, c); y++) {
            const guint8 *p = component_data(&a, c) + y * GST_VIDEO_FRAME_COMP_STRIDE(&a, c);
            const guint8 *q = component_data(&b, c) + y * GST_VIDEO_FRAME_COMP_STRIDE(&b, c);

            for (guint x = 0; x < (guint)GST_VIDEO_FRAME_COMP_WIDTH(&a, c); x++) {
                const gboolean touched = c < 3 && covers(info->finfo, c, x, y, region);
                const gint was = (gint)sample_value(info, c, p + x * step);
                const gint is = (gint)sample_value(info, c, q + x * step);
                const gint value = touched ? (gint)expect(&a, c, x, y, region) : was;

                quick_fail_unless(ABS(is - value) <= touched,
                                  "component %u at %u,%u: %d became %d, expected %d", c, x, y, was,
                                  is, value);
                if (!touched)
                    quick_fail_unless(memcmp(p + x * step, q + x * step, bytes) == 0, "at %u,%u", x,
                                      y);
            }
        }
    }
    gst_video_frame_unmap(&a);
    gst_video_frame_unmap(&b);
}

/* 0x10c0ff, as reference.c has colours. */
static guint expect_color(const GstVideoFrame *before, guint component, guint x, guint y,
                          const guint8 *region)
{
    return (guint)(reference_component_value(&before->info, component, 0x10c0ff) + 0.5);
}

/* Squares of 6 pixels: 0.1 of the height, made even. */
static guint expect_mean(const GstVideoFrame *before, guint component, guint x, guint y,
                         const guint8 *region)
{
    const GstVideoFormatInfo *format = before->info.finfo;
    const guint w = 6u >> GST_VIDEO_FORMAT_INFO_W_SUB(format, component);
    const guint h = 6u >> GST_VIDEO_FORMAT_INFO_H_SUB(format, component);
    const guint8 *data = component_data(before, component);
    gdouble sum = 0, n = 0;

    for (guint j = y / h * h;
         j < MIN(y / h * h + h, (guint)GST_VIDEO_FRAME_COMP_HEIGHT(before, component)); j++) {
        for (guint i = x / w * w;
             i < MIN(x / w * w + w, (guint)GST_VIDEO_FRAME_COMP_WIDTH(before, component)); i++) {
            if (covers(format, component, i, j, region)) {
                sum += sample_value(&before->info, component,
                                    data + j * GST_VIDEO_FRAME_COMP_STRIDE(before, component) +
                                        i * GST_VIDEO_FRAME_COMP_PSTRIDE(before, component));
                n++;
            }
        }
    }
    return (guint)(sum / n + 0.5);
}

static void check_mode(const gchar *properties, const gchar *format, gint margin, gboolean invert,
                       Expect expect)
{
    GstVideoInfo info;
    guint8 *labels, *region;
    GstHarness *h = with_mask(properties, format, &info, &labels);
    GstBuffer *in = frame_new(&info, 0, 3), *before = gst_buffer_copy_deep(in), *out;

    out = gst_harness_push_and_pull(h, in);
    region = region_of(labels, margin, invert);
    check_region(&info, before, out, region, expect);
    g_free(region);
    g_free(labels);
    gst_buffer_unref(before);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}

GST_START_TEST(test_fill)
{
    check_mode("mode=fill fill-color=0xff10c0ff", all_formats[__i__], 0, FALSE, expect_color);
}
GST_END_TEST

GST_START_TEST(test_pixelate)
{
    check_mode("mode=pixelate strength=100", all_formats[__i__], 0, FALSE, expect_mean);
}
GST_END_TEST

GST_START_TEST(test_margin_and_invert)
{
    static const struct {
        const gchar *properties;
        gint margin;
        gboolean invert;
    } table[] = {
        { "mode=fill fill-color=0xff10c0ff margin=1", 1, FALSE },
        { "mode=fill fill-color=0xff10c0ff margin=7", 7, FALSE },
        { "mode=fill fill-color=0xff10c0ff margin=1000", 1000, FALSE },
        { "mode=fill fill-color=0xff10c0ff invert=true", 0, TRUE },
        { "mode=fill fill-color=0xff10c0ff invert=true margin=5", 5, TRUE },
    };

    check_mode(table[__i__].properties, "NV12", table[__i__].margin, table[__i__].invert,
               expect_color);
}
GST_END_TEST

/* A frame that is 50 in the region and 200 elsewhere stays so: nothing shines in. */
GST_START_TEST(test_no_halo)
{
    static const gchar *const formats[] = { "GRAY8", "RGB", "I420" };
    gchar *properties = g_strdup_printf("mode=%s strength=100", hiding_modes[1 + __i__ % 2]);
    GstVideoInfo info;
    guint8 *labels, *region;
    GstHarness *h = with_mask(properties, formats[__i__ / 2], &info, &labels);
    GstBuffer *in = frame_new(&info, 0, 3), *out;
    GstVideoFrame frame;
    const guint step = GST_VIDEO_INFO_COMP_PSTRIDE(&info, 0);

    region = region_of(labels, 0, FALSE);
    fail_unless(gst_video_frame_map(&frame, &info, in, GST_MAP_WRITE));
    for (guint i = 0; i < N; i++)
        memset((guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&frame, 0) +
                   i / WIDTH * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0) + i % WIDTH * step,
               region[i] ? 50 : 200, step);
    gst_video_frame_unmap(&frame);
    out = gst_harness_push_and_pull(h, in);
    fail_unless(gst_video_frame_map(&frame, &info, out, GST_MAP_READ));
    for (guint i = 0; i < N; i++)
        quick_fail_unless_equals_int(
            ((guint8 *)GST_VIDEO_FRAME_PLANE_DATA(
                &frame, 0))[i / WIDTH * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0) + i % WIDTH * step],
            region[i] ? 50 : 200);
    gst_video_frame_unmap(&frame);
    g_free(region);
    g_free(labels);
    g_free(properties);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Blur takes the detail away: the squares of what neighbours differ by, in which a step that
 * becomes a ramp counts less, fall to less than a quarter. What is not chosen is as it was. */
GST_START_TEST(test_blur)
{
    GstVideoInfo info;
    guint8 *labels, *before, *after;
    GstHarness *h = with_mask("mode=blur strength=100", all_formats[__i__], &info, &labels);
    GstBuffer *in = frame_new(&info, 0, 3), *out;
    const guint luma = GST_VIDEO_INFO_COMP_OFFSET(&info, 0);
    const guint step = GST_VIDEO_INFO_COMP_PSTRIDE(&info, 0), stride = plane_row_bytes(&info, 0);
    guint64 rough_before = 0, rough_after = 0;

    before = frame_bytes(&info, in, NULL);
    out = gst_harness_push_and_pull(h, in);
    after = frame_bytes(&info, out, NULL);
    for (guint i = 0; i + 1 < N; i++) {
        const guint at = i / WIDTH * stride + i % WIDTH * step + luma % step;
        const gint was = (gint)sample_value(&info, 0, before + at),
                   is = (gint)sample_value(&info, 0, after + at);

        if (!is_chosen(labels[i])) {
            quick_fail_unless_equals_int(is, was);
        } else if (i % WIDTH + 1 < WIDTH && is_chosen(labels[i + 1])) {
            const gint64 step_before = was - (gint)sample_value(&info, 0, before + at + step);
            const gint64 step_after = is - (gint)sample_value(&info, 0, after + at + step);

            rough_before += (guint64)(step_before * step_before);
            rough_after += (guint64)(step_after * step_after);
        }
    }
    fail_unless(rough_before > 10000);
    fail_unless(rough_after * 4 < rough_before, "%" G_GUINT64_FORMAT " became %" G_GUINT64_FORMAT,
                rough_before, rough_after);
    g_free(labels);
    g_free(before);
    g_free(after);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

static GstBuffer *cut_out(const gchar *in_format, const gchar *out_format, GstVideoInfo *out_info,
                          guint8 **labels, GstBuffer **before)
{
    gchar *sink_caps = g_strdup_printf("video/x-raw,format=%s", out_format);
    GstHarness *h = harness_new("hrnetseg model=test mode=alpha classes=person,car");
    GstVideoInfo info;
    GstBuffer *in, *out;
    GstCaps *caps;

    gst_harness_set_sink_caps_str(h, sink_caps);
    harness_set_frame_caps(h, in_format, WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 2);
    *before = gst_buffer_copy_deep(in);
    out = gst_harness_push_and_pull(h, in);
    caps = gst_pad_get_current_caps(h->sinkpad);
    fail_unless(gst_video_info_from_caps(out_info, caps));
    fail_unless_equals_string(GST_VIDEO_INFO_NAME(out_info), out_format);
    *labels = seg_labels(out, WIDTH, HEIGHT);
    gst_caps_unref(caps);
    g_free(sink_caps);
    gst_harness_teardown(h);
    return out;
}

static guint8 component_at(const GstVideoFrame *frame, guint component, guint x, guint y)
{
    return *(component_data(frame, component) + y * GST_VIDEO_FRAME_COMP_STRIDE(frame, component) +
             x * GST_VIDEO_FRAME_COMP_PSTRIDE(frame, component));
}

/* What is not chosen is transparent and black, what is chosen and three pixels from the edge is
 * opaque and itself. */
GST_START_TEST(test_alpha)
{
    static const gchar *const outs[] = { "RGBA", "BGRA", "ARGB", "ABGR", "A420" };
    const gchar *in_format = __i__ < 5               ? "RGB"
                             : __i__ < 5 + N_FORMATS ? all_formats[__i__ - 5]
                                                     : "I420";
    const gchar *out_format = __i__ < 5 ? outs[__i__] : __i__ < 5 + N_FORMATS ? "BGRA" : "A420";
    GstVideoInfo info;
    guint8 *labels, *inner;
    GstBuffer *before, *out = cut_out(in_format, out_format, &info, &labels, &before);
    GstVideoInfo in_info;
    GstVideoFrame frame, source;
    guint n_opaque = 0, n_clear = 0;
    gboolean has_alpha;

    gst_video_info_set_format(&in_info, gst_video_format_from_string(in_format), WIDTH, HEIGHT);
    has_alpha = GST_VIDEO_INFO_HAS_ALPHA(&in_info);
    fail_unless(gst_video_frame_map(&source, &in_info, before, GST_MAP_READ));

    inner = region_of(labels, 3, TRUE); /* transparent, and three pixels more */
    fail_unless(gst_video_frame_map(&frame, &info, out, GST_MAP_READ));
    for (guint i = 0; i < N; i++) {
        const guint x = i % WIDTH, y = i / WIDTH;
        const guint8 alpha = component_at(&frame, GST_VIDEO_COMP_A, x, y);

        if (!is_chosen(labels[i])) {
            quick_fail_unless_equals_int(alpha, 0);
            quick_fail_unless_equals_int(component_at(&frame, 0, x, y),
                                         g_str_equal(out_format, "A420") ? 16 : 0);
            n_clear++;
        } else if (!inner[i]) {
            /* Frames that have alpha of their own keep it. */
            if (!has_alpha)
                quick_fail_unless_equals_int(alpha, 255);
            for (guint c = 0; c < 3 && __i__ < 4; c++)
                quick_fail_unless_equals_int(component_at(&frame, c, x, y),
                                             component_at(&source, c, x, y));
            n_opaque++;
        }
    }
    fail_unless(n_opaque > 100 && n_clear > 100);
    gst_video_frame_unmap(&frame);
    gst_video_frame_unmap(&source);
    g_free(inner);
    g_free(labels);
    gst_buffer_unref(before);
    gst_buffer_unref(out);
}
GST_END_TEST

/* Alpha of each pixel, against the reference: from every format to each with alpha, in frames whose
 * edges fade over one pixel and over two, and under a margin. */
GST_START_TEST(test_alpha_edges)
{
    static const gchar *const outs[] = { "RGBA", "BGRA", "ARGB", "ABGR", "A420" };
    const gchar *in_format = all_formats[__i__ % N_FORMATS], *out_format = outs[__i__ % 5];
    const gint width = __i__ % 2 ? 97 : 322, height = __i__ % 2 ? 66 : 410,
               margin = __i__ % 2 * (__i__ % 3);
    gchar *sink_caps = g_strdup_printf("video/x-raw,format=%s", out_format);
    gchar *description =
        g_strdup_printf("hrnetseg model=test mode=alpha classes=person,car margin=%d", margin);
    GstHarness *h = harness_new(description);
    GstVideoInfo in_info, out_info;
    GstVideoFrame source;
    GstBuffer *in, *before, *out;
    guint8 *labels, *kept, *alpha = NULL;
    guint n_soft;

    gst_harness_set_sink_caps_str(h, sink_caps);
    harness_set_frame_caps(h, in_format, width, height, "", &in_info);
    gst_video_info_set_format(&out_info, gst_video_format_from_string(out_format), width, height);
    in = frame_new(&in_info, 0, 2);
    before = gst_buffer_copy_deep(in);
    out = gst_harness_push_and_pull(h, in);
    labels = seg_labels(out, width, height);
    kept = g_malloc(width * height);
    for (gint i = 0; i < width * height; i++) {
        kept[i] = 1;
        for (gint y = MAX(i / width - margin, 0); y <= MIN(i / width + margin, height - 1); y++) {
            for (gint x = MAX(i % width - margin, 0); x <= MIN(i % width + margin, width - 1); x++)
                kept[i] &= is_chosen(labels[y * width + x]);
        }
    }
    if (GST_VIDEO_INFO_HAS_ALPHA(&in_info)) {
        alpha = g_malloc(width * height);
        fail_unless(gst_video_frame_map(&source, &in_info, before, GST_MAP_READ));
        for (gint i = 0; i < width * height; i++)
            alpha[i] = component_at(&source, GST_VIDEO_COMP_A, i % width, i / width);
        gst_video_frame_unmap(&source);
    }
    n_soft = reference_check_cut_out(&out_info, out, kept, 1 + height / 400, alpha);
    /* In some formats the picture is all of one kind. */
    fail_unless_equals_int(n_soft > 0, memchr(kept, 0, (gsize)width * height) &&
                                           memchr(kept, 1, (gsize)width * height));
    g_free(alpha);
    g_free(kept);
    g_free(labels);
    g_free(description);
    g_free(sink_caps);
    gst_buffer_unref(before);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *hiding_suite(void)
{
    Suite *suite = suite_create("hrnetseg-hiding");
    TCase *chain = tcase_create("hiding");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_fill, 0, N_FORMATS);
    tcase_add_loop_test(chain, test_pixelate, 0, N_FORMATS);
    tcase_add_loop_test(chain, test_blur, 0, N_FORMATS);
    tcase_add_loop_test(chain, test_margin_and_invert, 0, 5);
    tcase_add_loop_test(chain, test_no_halo, 0, 6);
    tcase_add_loop_test(chain, test_alpha, 0, 5 + N_FORMATS + 1);
    tcase_add_loop_test(chain, test_alpha_edges, 0, 2 * N_FORMATS);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(hiding)
