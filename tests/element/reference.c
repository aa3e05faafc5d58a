/* The slow, obvious renderer that the element's overlay is checked against.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reference.h"

#include "harness.h"

#include <math.h>

/* A colour's value in a component: ITU-R BT.601-7 and BT.709-6, section 3 and 4, quantised by 8
 * bits, or as many more as the format has, but not rounded. */
gdouble reference_component_value(const GstVideoInfo *info, guint component, guint32 rgb)
{
    const gdouble r = rgb >> 16 & 255, g = rgb >> 8 & 255, b = rgb & 255;
    const gboolean full = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
    const guint depth = GST_VIDEO_INFO_COMP_DEPTH(info, 0);
    const gdouble unit = 1u << (depth - 8), max = (1u << depth) - 1;
    gdouble kr = 0.299, kb = 0.114, y;

    if (GST_VIDEO_INFO_IS_RGB(info))
        return component == 0 ? r : component == 1 ? g : b;
    gst_video_color_matrix_get_Kr_Kb(info->colorimetry.matrix, &kr, &kb);
    y = kr * r + (1 - kr - kb) * g + kb * b;
    if (component == 0)
        return full ? y * max / 255 : unit * (16 + y * 219 / 255);
    if (component == 1)
        return 128 * unit + (b - y) / (2 * (1 - kb)) * (full ? max : 224.0 * unit) / 255;
    return 128 * unit + (r - y) / (2 * (1 - kr)) * (full ? max : 224.0 * unit) / 255;
}

typedef struct {
    const GstVideoInfo *info;
    const guint8 *labels;
    const guint32 *argb;
    guint component;
    gdouble colors[256]; /* of the component, by label */
} Painter;

/* What a sample becomes; *painted: how many of its pixels are. */
static gdouble expected_sample(const Painter *p, guint sample_x, guint sample_y, guint value,
                               guint *painted)
{
    const GstVideoFormatInfo *format = p->info->finfo;
    const guint step_x = 1u << GST_VIDEO_FORMAT_INFO_W_SUB(format, p->component);
    const guint step_y = 1u << GST_VIDEO_FORMAT_INFO_H_SUB(format, p->component);
    const guint width = GST_VIDEO_INFO_WIDTH(p->info), height = GST_VIDEO_INFO_HEIGHT(p->info);
    gdouble sum = 0;
    guint n = 0;

    *painted = 0;
    for (guint y = sample_y * step_y; y < MIN((sample_y + 1) * step_y, height); y++) {
        for (guint x = sample_x * step_x; x < MIN((sample_x + 1) * step_x, width); x++) {
            const guint8 label = p->labels[y * width + x];
            const gdouble alpha = (p->argb[label] >> 24) / 255.0;

            sum += value + (p->colors[label] - value) * alpha;
            *painted += alpha > 0;
            n++;
        }
    }
    return sum / n;
}

/* What is in a sample beside its value. */
static guint other_bits(const Painter *p, const guint8 *sample)
{
    const guint depth = GST_VIDEO_INFO_COMP_DEPTH(p->info, p->component);
    const guint shift = GST_VIDEO_FORMAT_INFO_SHIFT(p->info->finfo, p->component);

    return depth == 8 ? 0 : (sample[0] | (guint)sample[1] << 8) & ~(((1u << depth) - 1) << shift);
}

static guint check_component(const Painter *p, GstVideoFrame *before, GstVideoFrame *after,
                             gdouble tolerance)
{
    const gint plane = GST_VIDEO_FRAME_COMP_PLANE(before, p->component);
    const guint step = GST_VIDEO_FRAME_COMP_PSTRIDE(before, p->component);
    const guint width = GST_VIDEO_FRAME_COMP_WIDTH(before, p->component);
    const guint height = GST_VIDEO_FRAME_COMP_HEIGHT(before, p->component);
    guint total = 0;

    for (guint y = 0; y < height; y++) {
        const guint8 *a = component_data(before, p->component) +
                          (gsize)y * GST_VIDEO_FRAME_PLANE_STRIDE(before, plane);
        const guint8 *b = component_data(after, p->component) +
                          (gsize)y * GST_VIDEO_FRAME_PLANE_STRIDE(after, plane);

        for (guint x = 0; x < width; x++) {
            const guint was = sample_value(p->info, p->component, a + x * step);
            const guint is = sample_value(p->info, p->component, b + x * step);
            guint painted;
            const gdouble value = expected_sample(p, x, y, was, &painted);

            quick_fail_unless(
                painted ? fabs(is - value) <= tolerance : is == was,
                "component %u at %u,%u: %u became %u, expected %.2f (%u pixels painted)",
                p->component, x, y, was, is, value, painted);
            quick_fail_unless_equals_int(other_bits(p, a + x * step), other_bits(p, b + x * step));
            total += painted > 0;
        }
    }
    return total;
}

guint reference_check_overlay(const GstVideoInfo *info, GstBuffer *before, GstBuffer *after,
                              const guint8 *labels, const guint32 argb[256], gdouble tolerance)
{
    static const guint32 nothing[256];
    GstVideoFrame a, b;
    guint total = 0;

    fail_unless(gst_video_frame_map(&a, info, before, GST_MAP_READ));
    fail_unless(gst_video_frame_map(&b, info, after, GST_MAP_READ));
    for (guint c = 0; c < GST_VIDEO_INFO_N_COMPONENTS(info); c++) {
        Painter painter = { info, labels, c == 3 ? nothing : argb, c, { 0 } };

        for (guint label = 0; label < 256; label++)
            painter.colors[label] = reference_component_value(info, c, argb[label]);
        total += check_component(&painter, &a, &b, tolerance);
    }
    gst_video_frame_unmap(&a);
    gst_video_frame_unmap(&b);
    return total;
}

static guint8 sample_at(const GstVideoFrame *frame, guint component, guint x, guint y)
{
    return *(component_data(frame, component) +
             (gsize)y * GST_VIDEO_FRAME_COMP_STRIDE(frame, component) +
             x * GST_VIDEO_FRAME_COMP_PSTRIDE(frame, component));
}

/* The part that is kept of the square around a pixel, as far as the picture goes. */
static gdouble kept_around(const guint8 *kept, gint width, gint height, gint x, gint y,
                           gint feather)
{
    guint n = 0, n_kept = 0;

    for (gint v = MAX(y - feather, 0); v <= MIN(y + feather, height - 1); v++) {
        for (gint u = MAX(x - feather, 0); u <= MIN(x + feather, width - 1); u++) {
            n_kept += kept[v * width + u] != 0;
            n++;
        }
    }
    return n_kept / (gdouble)n;
}

static void check_black(const GstVideoInfo *info, const GstVideoFrame *frame, const guint8 *kept,
                        guint component)
{
    const guint w_sub = GST_VIDEO_FORMAT_INFO_W_SUB(info->finfo, component);
    const guint h_sub = GST_VIDEO_FORMAT_INFO_H_SUB(info->finfo, component);
    const guint width = GST_VIDEO_INFO_WIDTH(info), height = GST_VIDEO_INFO_HEIGHT(info);
    const guint8 black = (guint8)(reference_component_value(info, component, 0) + 0.5);

    for (guint y = 0; y < (guint)GST_VIDEO_FRAME_COMP_HEIGHT(frame, component); y++) {
        for (guint x = 0; x < (guint)GST_VIDEO_FRAME_COMP_WIDTH(frame, component); x++) {
            gboolean shows = FALSE;

            for (guint v = y << h_sub; v < MIN((y + 1) << h_sub, height); v++) {
                for (guint u = x << w_sub; u < MIN((x + 1) << w_sub, width); u++)
                    shows |= kept[v * width + u] != 0;
            }
            if (!shows)
                quick_fail_unless_equals_int(sample_at(frame, component, x, y), black);
        }
    }
}

guint reference_check_cut_out(const GstVideoInfo *info, GstBuffer *after, const guint8 *kept,
                              guint feather, const guint8 *source)
{
    const gint width = GST_VIDEO_INFO_WIDTH(info), height = GST_VIDEO_INFO_HEIGHT(info);
    GstVideoFrame frame;
    guint n_soft = 0;

    fail_unless(gst_video_frame_map(&frame, info, after, GST_MAP_READ));
    for (gint y = 0; y < height; y++) {
        for (gint x = 0; x < width; x++) {
            const gint i = y * width + x, before = source ? source[i] : 255;
            const gdouble part =
                kept[i] ? kept_around(kept, width, height, x, y, (gint)feather) : 0;
            const guint8 alpha = sample_at(&frame, GST_VIDEO_COMP_A, (guint)x, (guint)y);

            quick_fail_unless(kept[i] ? fabs(alpha - before * part) <= 1 : alpha == 0,
                              "alpha at %d,%d is %u, expected %.2f", x, y, alpha, before * part);
            n_soft += part > 0 && part < 1;
        }
    }
    for (guint c = 0; c < 3; c++)
        check_black(info, &frame, kept, c);
    gst_video_frame_unmap(&frame);
    return n_soft;
}
