/* Memory, strides, caps and time: how frames pass through the element.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <string.h>

#define WIDTH  83
#define HEIGHT 46

/* What a frame of the same picture looks like when it leaves, from plain buffers. */
static guint8 *plain_output(const gchar *description, const gchar *format, guint seed, gsize *size)
{
    GstHarness *h = harness_new(description);
    GstVideoInfo info, out_info;
    GstCaps *caps;
    GstBuffer *out;
    guint8 *bytes;

    harness_set_frame_caps(h, format, WIDTH, HEIGHT, "", &info);
    out = gst_harness_push_and_pull(h, frame_new(&info, 0, seed));
    caps = gst_pad_get_current_caps(h->sinkpad);
    fail_unless(gst_video_info_from_caps(&out_info, caps));
    bytes = frame_bytes(&out_info, out, size);
    gst_caps_unref(caps);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
    return bytes;
}

/* Rows of odd strides come out as dense ones do, and no byte between them is written. */
GST_START_TEST(test_padded)
{
    const gchar *format = all_formats[__i__ / N_MODES], *mode = all_modes[__i__ % N_MODES];
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s opacity=0.8", mode);
    GstHarness *h = harness_new(description);
    const gboolean mask = g_str_equal(mode, "mask");
    guint8 *expected, *bytes;
    GstVideoInfo info, out_info;
    GstBuffer *out;
    GstCaps *caps;
    gsize size, n;

    gst_harness_add_propose_allocation_meta(h, GST_VIDEO_META_API_TYPE, NULL);
    expected = plain_output(description, format, 3, &size);
    harness_set_frame_caps(h, format, WIDTH, HEIGHT, "", &info);
    out = gst_harness_push_and_pull(h, frame_new(&info, 13, 3));
    caps = gst_pad_get_current_caps(h->sinkpad);
    fail_unless(gst_video_info_from_caps(&out_info, caps));
    bytes = frame_bytes(&out_info, out, &n);
    fail_unless_equals_int(n, size);
    fail_unless(memcmp(bytes, expected, n) == 0);
    if (!mask)
        frame_check_padding(&info, out);

    gst_caps_unref(caps);
    g_free(bytes);
    g_free(expected);
    g_free(description);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Where downstream knows no GstVideoMeta, an overlay leaves in the caps' own layout. */
GST_START_TEST(test_repacked)
{
    const gchar *description = "hrnetseg model=test";
    GstHarness *h = harness_new(description);
    GstVideoInfo info;
    GstBuffer *out;
    GstMapInfo map;
    guint8 *expected, *bytes;
    gsize size;

    expected = plain_output(description, "I420", 3, &size);
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    out = gst_harness_push_and_pull(h, frame_new(&info, 13, 3));
    fail_unless_equals_int(gst_buffer_get_size(out), GST_VIDEO_INFO_SIZE(&info));
    gst_buffer_map(out, &map, GST_MAP_READ);
    for (guint y = 0, row = 0; y < HEIGHT; y++, row += GST_VIDEO_INFO_PLANE_STRIDE(&info, 0))
        fail_unless(memcmp(map.data + row, expected + y * WIDTH, WIDTH) == 0);
    gst_buffer_unmap(out, &map);
    bytes = frame_bytes(&info, out, NULL);
    fail_unless(memcmp(bytes, expected, size) == 0);
    g_free(bytes);
    g_free(expected);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Answers ALLOCATION queries with a pool, as a sink does. */
static GstPadProbeReturn answer_with_pool(GstPad *pad, GstPadProbeInfo *probe, gpointer pool)
{
    GstQuery *query = GST_PAD_PROBE_INFO_QUERY(probe);
    GstStructure *config;
    guint size;

    (void)pad;
    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION)
        return GST_PAD_PROBE_OK;
    config = gst_buffer_pool_get_config(pool);
    gst_buffer_pool_config_get_params(config, NULL, &size, NULL, NULL);
    gst_query_add_allocation_pool(query, pool, size, 2, 0);
    gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
    gst_structure_free(config);
    return GST_PAD_PROBE_HANDLED;
}

static GstBufferPool *aligned_pool(GstCaps *caps, const GstVideoInfo *info)
{
    GstBufferPool *pool = gst_video_buffer_pool_new();
    GstStructure *config = gst_buffer_pool_get_config(pool);
    GstVideoAlignment align;

    gst_video_alignment_reset(&align);
    align.padding_left = 8;
    align.padding_right = 24;
    align.padding_top = 2;
    gst_buffer_pool_config_set_params(config, caps, GST_VIDEO_INFO_SIZE(info), 2, 0);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT);
    gst_buffer_pool_config_set_video_alignment(config, &align);
    fail_unless(gst_buffer_pool_set_config(pool, config));
    return pool;
}

/* Downstream's pool is used, and written by its own strides. */
GST_START_TEST(test_downstream_pool)
{
    const gchar *description = __i__ ? "hrnetseg model=test mode=mask" : "hrnetseg model=test";
    GstHarness *h = harness_new(description);
    GstCaps *caps = frame_caps(__i__ ? "GRAY8" : "I420", WIDTH, HEIGHT, "");
    GstBuffer *in, *out;
    GstVideoInfo info, out_info;
    GstBufferPool *pool;
    guint8 *expected, *bytes;
    gsize size;

    fail_unless(gst_video_info_from_caps(&out_info, caps));
    pool = aligned_pool(caps, &out_info);
    gst_pad_add_probe(h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer_with_pool, pool,
                      NULL);
    expected = plain_output(description, "I420", 9, &size);
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 9);
    /* A second holder, so that the overlay is not drawn in place. */
    out = gst_harness_push_and_pull(h, gst_buffer_ref(in));
    fail_unless(out->pool == pool);
    bytes = frame_bytes(&out_info, out, NULL);
    fail_unless(memcmp(bytes, expected, size) == 0);
    g_free(bytes);
    g_free(expected);
    gst_buffer_unref(in);
    gst_buffer_unref(out);
    gst_caps_unref(caps);
    gst_harness_teardown(h);
    gst_object_unref(pool);
}
GST_END_TEST

static gpointer frame_memory(GstBuffer *buffer)
{
    return gst_buffer_peek_memory(buffer, 0);
}

/* A frame of our own is drawn on where it is; one that others hold is left as it is. */
GST_START_TEST(test_in_place)
{
    GstHarness *h = harness_new("hrnetseg model=test");
    GstVideoInfo info;
    GstBuffer *in, *out;
    guint8 *before, *after;
    gpointer memory;
    gsize size;

    harness_set_frame_caps(h, "NV12", WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 1);
    memory = frame_memory(in);
    out = gst_harness_push_and_pull(h, in);
    fail_unless(out == in);
    fail_unless(frame_memory(out) == memory);
    gst_buffer_unref(out);

    in = frame_new(&info, 0, 2);
    before = frame_bytes(&info, in, &size);
    out = gst_harness_push_and_pull(h, gst_buffer_ref(in));
    fail_unless(frame_memory(out) != frame_memory(in));
    after = frame_bytes(&info, in, NULL);
    fail_unless(memcmp(before, after, size) == 0);
    fail_unless(seg_structure(in) == NULL);
    fail_unless(seg_structure(out) != NULL);
    g_free(before);
    g_free(after);
    gst_buffer_unref(in);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Memory that must not be written is not, in any mode. */
GST_START_TEST(test_read_only)
{
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s", all_modes[__i__]);
    GstHarness *h = harness_new(description);
    GstBuffer *in, *out;
    GstVideoInfo info;
    guint8 *before, *after;
    gsize size;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 1);
    GST_MINI_OBJECT_FLAG_SET(gst_buffer_peek_memory(in, 0), GST_MEMORY_FLAG_READONLY);
    before = frame_bytes(&info, in, &size);
    gst_buffer_ref(in);
    out = gst_harness_push_and_pull(h, in);
    fail_unless(out != NULL);
    after = frame_bytes(&info, in, NULL);
    fail_unless(memcmp(before, after, size) == 0);
    if (g_str_equal(all_modes[__i__], "meta"))
        fail_unless(frame_memory(out) == frame_memory(in));
    g_free(before);
    g_free(after);
    g_free(description);
    gst_buffer_unref(in);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* A writable buffer around read-only memory: the metadata goes on it, the overlay on a copy. */
GST_START_TEST(test_read_only_memory)
{
    GstHarness *h = harness_new(__i__ ? "hrnetseg model=test mode=meta" : "hrnetseg model=test");
    GstVideoInfo info;
    GstBuffer *in, *out;
    gpointer memory;

    harness_set_frame_caps(h, "RGB", WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 1);
    GST_MINI_OBJECT_FLAG_SET(gst_buffer_peek_memory(in, 0), GST_MEMORY_FLAG_READONLY);
    memory = gst_memory_ref(gst_buffer_peek_memory(in, 0));
    out = gst_harness_push_and_pull(h, in);
    fail_unless_equals_int(frame_memory(out) == memory, __i__);
    gst_memory_unref(memory);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* With nothing to show and nothing to attach a frame passes as it is, and nothing is computed. */
GST_START_TEST(test_nobody_looks)
{
    static const gchar *const idle[] = {
        "hrnetseg model=test attach-meta=false opacity=0",
        "hrnetseg model=test attach-meta=false mode=meta",
    };
    GstHarness *h = harness_new(idle[__i__]);
    GstVideoInfo info;
    GstBuffer *in, *out;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 1);
    out = gst_harness_push_and_pull(h, gst_buffer_ref(in));
    fail_unless(out == in);
    fail_unless(seg_structure(out) == NULL);
    fail_unless_equals_uint64(seg_stat(h->element, "frames"), 1);
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 0);
    gst_buffer_unref(in);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

GST_START_TEST(test_opacity_zero_keeps_pixels)
{
    GstHarness *h = harness_new("hrnetseg model=test opacity=0");
    GstVideoInfo info;
    GstBuffer *in, *out;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 1);
    out = gst_harness_push_and_pull(h, gst_buffer_ref(in));
    fail_unless(frame_memory(out) == frame_memory(in));
    fail_unless(seg_structure(out) != NULL);
    fail_unless(seg_structure(in) == NULL);
    gst_buffer_unref(in);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

/* Times, offsets and flags of every frame, of all modes and of frames held elsewhere. */
GST_START_TEST(test_timestamps_and_flags)
{
    gchar *description = g_strdup_printf("hrnetseg model=test mode=%s", all_modes[__i__ / 2]);
    const GstBufferFlags flags = GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_MARKER |
                                 GST_BUFFER_FLAG_GAP | GST_BUFFER_FLAG_DELTA_UNIT;
    GstHarness *h = harness_new(description);
    GstVideoInfo info;
    GstBuffer *in, *out, *held = NULL;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 0);
    GST_BUFFER_PTS(in) = 12345;
    GST_BUFFER_DTS(in) = 12340;
    GST_BUFFER_DURATION(in) = 77;
    GST_BUFFER_OFFSET(in) = 5;
    GST_BUFFER_OFFSET_END(in) = 6;
    GST_BUFFER_FLAG_SET(in, flags);
    if (__i__ % 2)
        held = gst_buffer_ref(in);
    out = gst_harness_push_and_pull(h, in);
    fail_unless_equals_uint64(GST_BUFFER_PTS(out), 12345);
    fail_unless_equals_uint64(GST_BUFFER_DTS(out), 12340);
    fail_unless_equals_uint64(GST_BUFFER_DURATION(out), 77);
    fail_unless_equals_uint64(GST_BUFFER_OFFSET(out), 5);
    fail_unless_equals_uint64(GST_BUFFER_OFFSET_END(out), 6);
    fail_unless_equals_int(GST_BUFFER_FLAGS(out) & flags, flags);
    gst_buffer_unref(out);
    gst_clear_buffer(&held);
    g_free(description);
    gst_harness_teardown(h);
}
GST_END_TEST

/* A frame without timestamps is segmented all the same. */
GST_START_TEST(test_no_timestamps)
{
    GstHarness *h = harness_new("hrnetseg model=test mode=meta");
    GstVideoInfo info;
    GstBuffer *in, *out;
    guint64 pts = 0;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    in = frame_new(&info, 0, 0);
    GST_BUFFER_PTS(in) = GST_CLOCK_TIME_NONE;
    out = gst_harness_push_and_pull(h, in);
    fail_unless(gst_structure_get_uint64(seg_structure(out), "pts", &pts));
    fail_unless_equals_uint64(pts, GST_CLOCK_TIME_NONE);
    gst_buffer_unref(out);
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *frames_suite(void)
{
    Suite *suite = suite_create("hrnetseg-frames");
    TCase *chain = tcase_create("memory");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_padded, 0, N_FORMATS * N_MODES);
    tcase_add_test(chain, test_repacked);
    tcase_add_loop_test(chain, test_downstream_pool, 0, 2);
    tcase_add_test(chain, test_in_place);
    tcase_add_loop_test(chain, test_read_only, 0, N_MODES);
    tcase_add_loop_test(chain, test_read_only_memory, 0, 2);
    tcase_add_loop_test(chain, test_nobody_looks, 0, 2);
    tcase_add_test(chain, test_opacity_zero_keeps_pixels);
    tcase_add_loop_test(chain, test_timestamps_and_flags, 0, N_MODES * 2);
    tcase_add_test(chain, test_no_timestamps);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(frames)
