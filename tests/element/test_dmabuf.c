/* Frames in memory:DMABuf: mapped where they can be, refused with a hint where not.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <gst/allocators/allocators.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WIDTH  64
#define HEIGHT 48

/* Whose memory may be what. */
typedef enum { WRITABLE, READABLE, UNMAPPABLE } Access;

static const gchar *const modes[][2] = {
    { "overlay", "NV12" }, { "mask", "GRAY8" }, { "meta", "NV12" },
    { "fill", "NV12" },    { "alpha", "RGBA" }, { "blur", "NV12" },
};
#define N_ALL_MODES 6

/* A frame of system memory as one of a file descriptor, as drivers give them. */
static GstBuffer *export_frame(GstBuffer *frame, Access access)
{
    GstAllocator *allocator = gst_fd_allocator_new();
    const gsize size = gst_buffer_get_size(frame);
    GstBuffer *exported = gst_buffer_new();
    gint file = memfd_create("frame", 0);
    GstMapInfo map;

    fail_unless(file >= 0 && gst_buffer_map(frame, &map, GST_MAP_READ));
    fail_unless(write(file, map.data, map.size) == (gssize)map.size);
    gst_buffer_unmap(frame, &map);
    if (access == READABLE) {
        gchar *path = g_strdup_printf("/proc/self/fd/%d", file);
        const gint readable = open(path, O_RDONLY);

        close(file);
        file = readable;
        g_free(path);
    } else if (access == UNMAPPABLE) {
        close(file);
        file = open("/proc/self/cmdline", O_RDONLY);
    }
    fail_unless(file >= 0);
    gst_buffer_append_memory(
        exported, gst_fd_allocator_alloc(allocator, file, size, GST_FD_MEMORY_FLAG_NONE));
    gst_object_unref(allocator);
    gst_buffer_copy_into(exported, frame, GST_BUFFER_COPY_METADATA, 0, -1);
    gst_buffer_unref(frame);
    return exported;
}

static GstHarness *start(guint mode, gboolean dmabuf, GstVideoInfo *info)
{
    gchar *description =
        g_strdup_printf("hrnetseg model=test mode=%s sync-mode=exact", modes[mode][0]);
    GstHarness *h = harness_new(description);
    GstCaps *caps = frame_caps("NV12", WIDTH, HEIGHT, "");

    fail_unless(gst_video_info_from_caps(info, caps));
    if (dmabuf)
        gst_caps_set_features_simple(caps, gst_caps_features_new("memory:DMABuf", NULL));
    gst_harness_set_sink_caps(h, frame_caps(modes[mode][1], WIDTH, HEIGHT, ""));
    gst_harness_set_src_caps(h, caps);
    g_free(description);
    return h;
}

/* The pixels that leave are those that leave of system memory, and what may only be read is not
 * written. */
GST_START_TEST(test_mapped)
{
    const guint mode = (guint)__i__ / 2;
    const Access access = __i__ % 2 ? READABLE : WRITABLE;
    GstVideoInfo info, out_info;
    GstHarness *h = start(mode, TRUE, &info), *other = start(mode, FALSE, &info);
    GstCaps *caps;

    for (guint n = 0; n < 3; n++) {
        GstBuffer *in = export_frame(frame_new(&info, 0, n), access);
        GstBuffer *out, *expected;
        gsize size, same_size;
        guint8 *bytes, *same;

        out = gst_harness_push_and_pull(h, in);
        expected = gst_harness_push_and_pull(other, frame_new(&info, 0, n));
        fail_unless(out != NULL && expected != NULL);
        fail_unless(seg_structure(out) != NULL);
        caps = gst_pad_get_current_caps(h->sinkpad);
        fail_unless(gst_caps_features_is_equal(gst_caps_get_features(caps, 0),
                                               GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY));
        fail_unless(gst_video_info_from_caps(&out_info, caps));
        gst_caps_unref(caps);
        bytes = frame_bytes(&out_info, out, &size);
        same = frame_bytes(&out_info, expected, &same_size);
        fail_unless(size == same_size && memcmp(bytes, same, size) == 0);
        g_free(bytes);
        g_free(same);
        gst_buffer_unref(out);
        gst_buffer_unref(expected);
    }
    gst_harness_teardown(h);
    gst_harness_teardown(other);
}
GST_END_TEST

/* One error at the first frame, which tells what helps. */
GST_START_TEST(test_unmappable)
{
    GstVideoInfo info;
    GstHarness *h = start((guint)__i__, TRUE, &info);
    GstBus *bus = harness_add_bus(h);
    gchar *text;

    fail_unless_equals_int(gst_harness_push(h, export_frame(frame_new(&info, 0, 0), UNMAPPABLE)),
                           GST_FLOW_ERROR);
    text = only_message(bus, GST_MESSAGE_ERROR);
    fail_unless(strstr(text, "vapostproc") && strstr(text, "gldownload"), "%s", text);
    g_free(text);
    harness_close(h, bus);
}
GST_END_TEST

/* Upstream may choose, and is told of system memory first. */
GST_START_TEST(test_caps)
{
    GstHarness *h = harness_new("hrnetseg model=test");
    GstCaps *taken = gst_pad_peer_query_caps(h->srcpad, NULL);

    fail_unless(gst_caps_features_is_equal(gst_caps_get_features(taken, 0),
                                           GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY));
    fail_unless(gst_caps_features_contains(
        gst_caps_get_features(taken, gst_caps_get_size(taken) - 1), "memory:DMABuf"));
    gst_caps_unref(taken);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Memory that is not taken is refused with a word on what helps; caps that are refused for another
 * reason without. */
GST_START_TEST(test_hints)
{
    static const gchar *const cases[][2] = {
        { "video/x-raw(memory:GLMemory), format=RGBA", "gldownload" },
        { "video/x-raw(memory:VAMemory), format=NV12", "vapostproc" },
        { "video/x-raw(memory:CUDAMemory), format=NV12", "cudadownload" },
        { "video/x-raw(memory:DMABuf), format=DMA_DRM, drm-format=(string)NV12:0x0100000000000002",
          "vapostproc" },
        { "video/x-raw(memory:DMABuf), format=DMA_DRM, drm-format=(string)NV12", "gldownload" },
        { "video/x-raw, format=v210", NULL },
        { "video/x-raw(memory:DMABuf), format=v210", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GstHarness *h = harness_new("hrnetseg model=test");
        GstBus *bus = harness_add_bus(h);
        gchar *description =
            g_strdup_printf("%s, width=64, height=48, framerate=30/1", cases[i][0]);
        GstCaps *caps = gst_caps_from_string(description);
        gchar *text = NULL;

        fail_if(gst_pad_peer_query_accept_caps(h->srcpad, caps), "%s", description);
        if (cases[i][1])
            text = only_message(bus, GST_MESSAGE_WARNING);
        else
            fail_if(gst_bus_have_pending(bus), "%s", description);
        fail_unless(!text || strstr(text, cases[i][1]), "%s: %s", description, text);
        g_free(text);
        g_free(description);
        gst_caps_unref(caps);
        harness_close(h, bus);
    }
}
GST_END_TEST

static Suite *dmabuf_suite(void)
{
    Suite *suite = suite_create("hrnetseg-dmabuf");
    TCase *chain = tcase_create("dmabuf");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_mapped, 0, N_ALL_MODES * 2);
    tcase_add_loop_test(chain, test_unmappable, 0, N_ALL_MODES);
    tcase_add_test(chain, test_caps);
    tcase_add_test(chain, test_hints);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(dmabuf)
