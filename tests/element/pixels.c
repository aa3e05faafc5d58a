/* One frame through the element, pixel by pixel against the reference renderer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pixels.h"
#include "reference.h"

#include <string.h>

#define TOLERANCE 2

/* The classes of the test model; one is not painted. */
static void paint_table(guint32 argb[256], gdouble opacity)
{
    const guint32 alpha = (guint32)(opacity * 255 + 0.5) << 24;

    memset(argb, 0, 256 * sizeof *argb);
    argb[1] = alpha | 0xff8000;
    argb[3] = alpha | 0x10c0ff;
}

/* Labels that have all of the square around them for themselves become 0. */
static void keep_edges(guint8 *labels, gint width, gint height, gint radius)
{
    guint8 *all = g_memdup2(labels, (gsize)width * height);

    for (gint y = 0; y < height; y++) {
        for (gint x = 0; x < width; x++) {
            gboolean edge = FALSE;

            for (gint j = MAX(y - radius, 0); j <= MIN(y + radius, height - 1); j++)
                for (gint i = MAX(x - radius, 0); i <= MIN(x + radius, width - 1); i++)
                    edge |= all[j * width + i] != all[y * width + x];
            labels[y * width + x] = edge ? all[y * width + x] : 0;
        }
    }
    g_free(all);
}

void pixels_check_outline(const gchar *format, gint width, gint height, guint radius)
{
    gchar *description = g_strdup_printf("hrnetseg model=test opacity=0 outline=%u classes=1,3 "
                                         "palette=#ff8000,#00ff00,#10c0ff",
                                         radius);
    GstHarness *h = harness_new(description);
    GstVideoInfo info;
    GstBuffer *in, *before, *out;
    guint8 *labels;
    guint32 argb[256];

    harness_set_frame_caps(h, format, width, height, "", &info);
    in = frame_new(&info, 0, 2);
    before = gst_buffer_copy_deep(in);
    out = gst_harness_push_and_pull(h, in);
    labels = seg_labels(out, width, height);
    keep_edges(labels, width, height, (gint)radius);
    paint_table(argb, 1);
    fail_unless(reference_check_overlay(&info, before, out, labels, argb, TOLERANCE) > 0);
    g_free(labels);
    g_free(description);
    gst_buffer_unref(before);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}

void pixels_check(const gchar *format, const gchar *mode, gint width, gint height,
                  const gchar *more, gdouble opacity)
{
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s opacity=%g classes=1,3 "
                                         "palette=#ff8000,#00ff00,#10c0ff",
                                         mode, opacity);
    GstHarness *h = harness_new(description);
    GstVideoInfo info, gray;
    GstBuffer *in, *before, *out;
    guint8 *labels, *bytes;
    guint32 argb[256];

    harness_set_frame_caps(h, format, width, height, more, &info);
    in = frame_new(&info, 0, 2);
    before = gst_buffer_copy_deep(in);
    out = gst_harness_push_and_pull(h, in);
    labels = seg_labels(out, width, height);
    paint_table(argb, opacity);
    if (g_str_equal(mode, "mask")) {
        gst_video_info_set_format(&gray, GST_VIDEO_FORMAT_GRAY8, width, height);
        bytes = frame_bytes(&gray, out, NULL);
        fail_unless(memcmp(bytes, labels, (gsize)width * height) == 0);
        g_free(bytes);
    } else {
        if (g_str_equal(mode, "meta"))
            memset(argb, 0, sizeof argb);
        if (reference_check_overlay(&info, before, out, labels, argb, TOLERANCE) == 0)
            fail_unless(g_str_equal(mode, "meta") ||
                        (memchr(labels, 1, (gsize)width * height) == NULL &&
                         memchr(labels, 3, (gsize)width * height) == NULL));
    }
    g_free(labels);
    g_free(description);
    gst_buffer_unref(before);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
