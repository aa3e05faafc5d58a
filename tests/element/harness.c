/* What the element's tests share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const gchar *const all_formats[] = { "I420",      "YV12", "NV12", "NV21", "YUY2",      "UYVY",
                                     "RGB",       "BGR",  "RGBx", "BGRx", "xRGB",      "xBGR",
                                     "RGBA",      "BGRA", "ARGB", "ABGR", "GRAY8",     "Y42B",
                                     "Y444",      "NV16", "YVYU", "VYUY", "P010_10LE", "I420_10LE",
                                     "GRAY16_LE", NULL };
const gchar *const all_modes[] = { "overlay", "mask", "meta", NULL };

#define GUARD 0xA5

GstHarness *harness_new(const gchar *description)
{
    GError *error = NULL;
    GstElement *element = gst_parse_launch(description, &error);
    GstHarness *harness;

    fail_unless(element != NULL, "%s: %s", description, error ? error->message : "");
    g_clear_error(&error);
    harness = gst_harness_new_with_element(element, "sink", "src");
    gst_object_unref(element);
    return harness;
}

GstBus *harness_add_bus(GstHarness *harness)
{
    GstBus *bus = gst_bus_new();

    gst_element_set_bus(harness->element, bus);
    return bus;
}

void harness_close(GstHarness *harness, GstBus *bus)
{
    gst_element_set_bus(harness->element, NULL);
    gst_object_unref(bus);
    gst_harness_teardown(harness);
}

GstCaps *frame_caps(const gchar *format, gint width, gint height, const gchar *more)
{
    gchar *text = g_strdup_printf("video/x-raw, format=%s, width=%d, height=%d, framerate=30/1%s",
                                  format, width, height, more);
    GstCaps *caps = gst_caps_from_string(text);

    fail_unless(caps != NULL, "%s", text);
    g_free(text);
    return caps;
}

void harness_set_frame_caps(GstHarness *harness, const gchar *format, gint width, gint height,
                            const gchar *more, GstVideoInfo *info)
{
    GstCaps *caps = frame_caps(format, width, height, more);

    if (info)
        fail_unless(gst_video_info_from_caps(info, caps));
    gst_harness_set_src_caps(harness, caps);
}

/* The largest end of a component in the plane, of the pairs of pixels that 4:2:2 packs. */
guint plane_row_bytes(const GstVideoInfo *info, guint plane)
{
    guint n_bytes = 0;

    for (guint c = 0; c < GST_VIDEO_INFO_N_COMPONENTS(info); c++) {
        if (GST_VIDEO_INFO_COMP_PLANE(info, c) == plane)
            n_bytes = MAX(n_bytes, (guint)(GST_VIDEO_INFO_COMP_WIDTH(info, c) *
                                           GST_VIDEO_INFO_COMP_PSTRIDE(info, c)));
    }
    return n_bytes;
}

guint plane_rows(const GstVideoInfo *info, guint plane)
{
    guint c = 0;

    while (GST_VIDEO_INFO_COMP_PLANE(info, c) != plane)
        c++;
    return GST_VIDEO_INFO_COMP_HEIGHT(info, c);
}

guint8 *component_data(const GstVideoFrame *frame, guint component)
{
    const gboolean vyuy = GST_VIDEO_FRAME_FORMAT(frame) == GST_VIDEO_FORMAT_VYUY;
    const gboolean p010 = GST_VIDEO_FRAME_FORMAT(frame) == GST_VIDEO_FORMAT_P010_10LE;

    if (vyuy || (p010 && component == 2))
        return (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(frame, vyuy ? 0 : 1) + (component == 0 ? 1
                                                                            : vyuy && component == 2
                                                                                ? 0
                                                                                : 2);
    return GST_VIDEO_FRAME_COMP_DATA(frame, component);
}

guint sample_value(const GstVideoInfo *info, guint component, const guint8 *sample)
{
    const guint depth = GST_VIDEO_INFO_COMP_DEPTH(info, component);

    if (depth == 8)
        return *sample;
    return ((sample[0] | (guint)sample[1] << 8) >>
            GST_VIDEO_FORMAT_INFO_SHIFT(info->finfo, component)) &
           ((1u << depth) - 1);
}

/* Large fields of different brightness and colour with discs and some noise, so that a network with
 * any weights has something to tell apart. x: in bytes of a row. */
static guint8 picture(guint plane, guint x, guint y, guint seed)
{
    const guint field = (x / 40 + y / 23 * 3 + seed) % 5;
    const gint dx = (gint)x % 48 - 24, dy = (gint)y % 40 - 20;
    guint32 noise = (x * 2654435761u) ^ (y * 40503u) ^ (plane * 97u) ^ (seed * 7919u);
    gint value = (gint)(field * 60 + plane * 90) % 256;

    noise ^= noise >> 13;
    noise *= 0x5bd1e995u;
    if (dx * dx + dy * dy < 120)
        value = 255 - value;
    return (guint8)CLAMP(value + (gint)(noise >> 28) - 8, 0, 255);
}

/* Of more than 8 bits: the same, more noise in the lower ones, and bits that are no part of it. */
static guint16 deep_sample(const GstVideoInfo *info, guint plane, guint x, guint y, guint seed)
{
    const guint depth = GST_VIDEO_INFO_COMP_DEPTH(info, 0);
    const guint shift = GST_VIDEO_FORMAT_INFO_SHIFT(info->finfo, 0);
    const guint noise = (x * 7919u) ^ (y * 104729u) ^ seed;
    const guint value =
        (guint)picture(plane, x, y, seed) << (depth - 8) | (noise & ((1u << (depth - 8)) - 1));
    const guint place = ((1u << depth) - 1) << shift;

    return (guint16)(value << shift | (noise * 31 & ~place));
}

static void fill_plane(const GstVideoInfo *info, guint8 *row, gsize stride, guint plane, guint seed)
{
    const guint n_bytes = plane_row_bytes(info, plane), n_rows = plane_rows(info, plane);

    for (guint y = 0; y < n_rows; y++, row += stride) {
        if (GST_VIDEO_INFO_COMP_DEPTH(info, 0) > 8) {
            for (guint x = 0; x < n_bytes / 2; x++) {
                const guint16 sample = deep_sample(info, plane, x, y, seed);

                row[2 * x] = sample & 0xff;
                row[2 * x + 1] = sample >> 8;
            }
        } else {
            for (guint x = 0; x < n_bytes; x++)
                row[x] = picture(plane, x, y, seed);
        }
    }
}

GstClockTime frame_time(guint n)
{
    return gst_util_uint64_scale(n, GST_SECOND, 30);
}

GstBuffer *frame_new(const GstVideoInfo *info, guint padding, guint seed)
{
    gsize offsets[GST_VIDEO_MAX_PLANES] = { 0 }, size = padding;
    gint strides[GST_VIDEO_MAX_PLANES] = { 0 };
    GstBuffer *frame;
    GstMapInfo map;

    for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES(info); i++) {
        strides[i] = padding ? (gint)(plane_row_bytes(info, i) + padding)
                             : GST_VIDEO_INFO_PLANE_STRIDE(info, i);
        offsets[i] = padding ? size : GST_VIDEO_INFO_PLANE_OFFSET(info, i);
        size += (gsize)strides[i] * plane_rows(info, i);
    }
    frame = gst_buffer_new_allocate(NULL, padding ? size : GST_VIDEO_INFO_SIZE(info), NULL);
    fail_unless(gst_buffer_map(frame, &map, GST_MAP_WRITE));
    memset(map.data, GUARD, map.size);
    for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES(info); i++)
        fill_plane(info, map.data + offsets[i], strides[i], i, seed);
    gst_buffer_unmap(frame, &map);
    if (padding)
        gst_buffer_add_video_meta_full(frame, GST_VIDEO_FRAME_FLAG_NONE,
                                       GST_VIDEO_INFO_FORMAT(info), GST_VIDEO_INFO_WIDTH(info),
                                       GST_VIDEO_INFO_HEIGHT(info), GST_VIDEO_INFO_N_PLANES(info),
                                       offsets, strides);
    GST_BUFFER_PTS(frame) = frame_time(seed);
    GST_BUFFER_DURATION(frame) = GST_SECOND / 30;
    return frame;
}

void frame_check_padding(const GstVideoInfo *info, GstBuffer *frame)
{
    GstVideoMeta *meta = gst_buffer_get_video_meta(frame);
    GstMapInfo map;
    guint8 *is_pixel;

    fail_unless(meta != NULL);
    fail_unless(gst_buffer_map(frame, &map, GST_MAP_READ));
    is_pixel = g_malloc0(map.size);
    for (guint i = 0; i < meta->n_planes; i++) {
        for (guint y = 0; y < plane_rows(info, i); y++)
            memset(is_pixel + meta->offset[i] + (gsize)y * meta->stride[i], 1,
                   plane_row_bytes(info, i));
    }
    for (gsize i = 0; i < map.size; i++)
        quick_fail_unless(is_pixel[i] || map.data[i] == GUARD,
                          "guard byte %" G_GSIZE_FORMAT " is %u", i, map.data[i]);
    g_free(is_pixel);
    gst_buffer_unmap(frame, &map);
}

guint8 *frame_bytes(const GstVideoInfo *info, GstBuffer *frame, gsize *size)
{
    GByteArray *bytes = g_byte_array_new();
    GstVideoFrame mapped;

    fail_unless(gst_video_frame_map(&mapped, info, frame, GST_MAP_READ));
    for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES(info); i++) {
        const guint8 *row = GST_VIDEO_FRAME_PLANE_DATA(&mapped, i);

        for (guint y = 0; y < plane_rows(info, i); y++) {
            g_byte_array_append(bytes, row, plane_row_bytes(info, i));
            row += GST_VIDEO_FRAME_PLANE_STRIDE(&mapped, i);
        }
    }
    gst_video_frame_unmap(&mapped);
    if (size)
        *size = bytes->len;
    return g_byte_array_free(bytes, FALSE);
}

GstStructure *seg_structure(GstBuffer *frame)
{
    GstCustomMeta *meta = gst_buffer_get_custom_meta(frame, "GstHrnetSegMeta");

    return meta ? gst_custom_meta_get_structure(meta) : NULL;
}

guint8 *seg_labels(GstBuffer *frame, gint width, gint height)
{
    GstStructure *structure = seg_structure(frame);
    GstBuffer *mask = NULL;
    GstVideoMeta *meta;
    GstVideoInfo info;
    guint8 *labels;

    fail_unless(structure != NULL, "no GstHrnetSegMeta");
    fail_unless(gst_structure_get(structure, "mask", GST_TYPE_BUFFER, &mask, NULL));
    meta = gst_buffer_get_video_meta(mask);
    fail_unless(meta != NULL);
    fail_unless_equals_int(meta->format, GST_VIDEO_FORMAT_GRAY8);
    fail_unless_equals_int(meta->width, width);
    fail_unless_equals_int(meta->height, height);
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_GRAY8, width, height);
    labels = frame_bytes(&info, mask, NULL);
    gst_buffer_unref(mask);
    return labels;
}

guint n_different(const guint8 *a, const guint8 *b, gsize n)
{
    guint different = 0;

    for (gsize i = 0; i < n; i++)
        different += a[i] != b[i];
    return different;
}

guint check_box(const GstStructure *class, const guint8 *labels, guint width, guint height)
{
    guint label, x, y, box_width, box_height;
    guint left = width, top = height, right = 0, bottom = 0, n = 0;

    fail_unless(gst_structure_get(class, "label", G_TYPE_UINT, &label, "x", G_TYPE_UINT, &x, "y",
                                  G_TYPE_UINT, &y, "width", G_TYPE_UINT, &box_width, "height",
                                  G_TYPE_UINT, &box_height, NULL));
    for (guint i = 0; i < width * height; i++) {
        if (labels[i] != label)
            continue;
        left = MIN(left, i % width);
        right = MAX(right, i % width);
        top = MIN(top, i / width);
        bottom = MAX(bottom, i / width);
        n++;
    }
    fail_unless(n > 0);
    fail_unless_equals_int(x, left);
    fail_unless_equals_int(y, top);
    fail_unless_equals_int(box_width, right - left + 1);
    fail_unless_equals_int(box_height, bottom - top + 1);
    return n;
}

guint64 seg_stat(GstElement *element, const gchar *name)
{
    GstStructure *stats = NULL;
    guint64 value = 0;
    guint small;

    g_object_get(element, "stats", &stats, NULL);
    fail_unless(stats != NULL);
    if (!gst_structure_get_uint64(stats, name, &value)) {
        fail_unless(gst_structure_get_uint(stats, name, &small), "no %s in stats", name);
        value = small;
    }
    gst_structure_free(stats);
    return value;
}

gsize resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    fail_unless(file && fscanf(file, "%*u %lu", &pages) == 1);
    fclose(file);
    return pages * (gsize)sysconf(_SC_PAGESIZE);
}

GstMessage *wait_message(GstBus *bus, GstMessageType type)
{
    return gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND, type);
}

gchar *only_message(GstBus *bus, GstMessageType type)
{
    GstMessage *message = gst_bus_pop_filtered(bus, type);
    GError *error = NULL;
    gchar *text;

    fail_unless(message != NULL);
    if (type == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, NULL);
    else
        gst_message_parse_warning(message, &error, NULL);
    text = g_strdup(error->message);
    g_error_free(error);
    gst_message_unref(message);
    fail_unless(gst_bus_pop_filtered(bus, type) == NULL, "another one after \"%s\"", text);
    return text;
}
