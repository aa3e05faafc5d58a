/* Frames that cannot be read, segmented or drawn on, among others that can: the stream goes on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"
#include "support/unfinite.h"

#include <glib/gstdio.h>

#include <string.h>

#define WIDTH  64
#define HEIGHT 48

/* The mode, and the output's format where that is not the input's. */
static const gchar *const modes[][2] = {
    { "overlay", NULL }, { "mask", "GRAY8" }, { "meta", NULL },     { "blur", NULL },
    { "fill", NULL },    { "alpha", "RGBA" }, { "pixelate", NULL },
};
#define N_ALL_MODES 7

/* What is wrong with a frame. */
typedef enum { SHORT, EMPTY, LARGER, CLOSED, N_FLAWS } Flaw;

/* Memory that nobody may look into, as that of secure video. */
static gpointer refuse_map(GstMemory *memory, gsize size, GstMapFlags flags)
{
    return NULL;
}

static void free_memory(GstAllocator *allocator, GstMemory *memory)
{
    g_free(memory);
}

typedef GstAllocator Closed;
typedef GstAllocatorClass ClosedClass;

GType closed_get_type(void);
G_DEFINE_TYPE(Closed, closed, GST_TYPE_ALLOCATOR)

static void closed_class_init(ClosedClass *klass)
{
    klass->free = free_memory;
}

static void closed_init(Closed *allocator)
{
    allocator->mem_type = "closed";
    allocator->mem_map = refuse_map;
    GST_OBJECT_FLAG_SET(allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

static GstBuffer *closed_frame(gsize size)
{
    GstAllocator *allocator = g_object_new(closed_get_type(), NULL);
    GstMemory *memory = g_new0(GstMemory, 1);
    GstBuffer *buffer = gst_buffer_new();

    gst_memory_init(memory, GST_MEMORY_FLAG_NO_SHARE, allocator, NULL, size, 0, 0, size);
    gst_buffer_append_memory(buffer, memory);
    gst_object_unref(allocator);
    return buffer;
}

static GstBuffer *flawed(Flaw flaw, const GstVideoInfo *info, guint n)
{
    GstVideoInfo large;
    GstBuffer *buffer;

    switch (flaw) {
    case SHORT:
        buffer = frame_new(info, 0, n);
        gst_buffer_set_size(buffer, 100);
        break;
    case EMPTY:
        buffer = gst_buffer_new();
        break;
    case CLOSED:
        buffer = closed_frame(GST_VIDEO_INFO_SIZE(info));
        break;
    default: /* larger than the caps, as of decoders that leave cropping to the sink */
        gst_video_info_set_format(&large, GST_VIDEO_INFO_FORMAT(info), WIDTH + 32, HEIGHT + 32);
        buffer = frame_new(&large, 16, n);
        break;
    }
    GST_BUFFER_PTS(buffer) = frame_time(n);
    return buffer;
}

static GstHarness *start(guint mode, const gchar *properties, GstVideoInfo *info, GstBus **bus)
{
    gchar *description =
        g_strdup_printf("hrnetseg model=test mode=%s %s", modes[mode][0], properties);
    GstHarness *h = harness_new(description);

    *bus = harness_add_bus(h);
    if (modes[mode][1])
        gst_harness_set_sink_caps(h, frame_caps(modes[mode][1], WIDTH, HEIGHT, ""));
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", info);
    g_free(description);
    return h;
}

static guint n_messages(GstBus *bus, GstMessageType type)
{
    GstMessage *message;
    guint n = 0;

    for (; (message = gst_bus_pop_filtered(bus, type)) != NULL; n++)
        gst_message_unref(message);
    return n;
}

/* The memory and the bytes of a frame that passed as it came are the same. */
static void check_untouched(GstBuffer *in, GstBuffer *out)
{
    fail_unless(gst_buffer_get_size(out) == gst_buffer_get_size(in));
    fail_unless_equals_int(gst_buffer_n_memory(out), gst_buffer_n_memory(in));
    for (guint i = 0; i < gst_buffer_n_memory(in); i++)
        fail_unless(gst_buffer_peek_memory(out, i) == gst_buffer_peek_memory(in, i));
    fail_unless(seg_structure(out) == NULL);
}

/* One frame among ten that is none: a warning, and it passes as it came where it can. */
GST_START_TEST(test_one_among_ten)
{
    const guint mode = (guint)__i__ / N_FLAWS;
    const Flaw flaw = (Flaw)(__i__ % N_FLAWS);
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = start(mode, "sync-mode=exact", &info, &bus);

    for (guint n = 0; n < 10; n++) {
        GstBuffer *in = n == 5 ? flawed(flaw, &info, n) : frame_new(&info, 0, n), *out;

        gst_buffer_ref(in);
        fail_unless_equals_int(gst_harness_push(h, in), GST_FLOW_OK);
        out = gst_harness_try_pull(h);
        if (n != 5)
            fail_unless(out != NULL && seg_structure(out) != NULL);
        else if (modes[mode][1] == NULL)
            check_untouched(in, out);
        else /* there is a mask of it, the last, but no picture to cut out */
            fail_unless_equals_int(out != NULL, g_str_equal(modes[mode][0], "mask"));
        gst_clear_buffer(&out);
        gst_buffer_unref(in);
    }
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_WARNING), 1);
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_ERROR), 0);
    fail_unless_equals_uint64(seg_stat(h->element, "inferences"), 9);
    harness_close(h, bus);
}
GST_END_TEST

/* With fail-closed it is dropped, as it cannot be hidden. */
GST_START_TEST(test_one_among_ten_closed)
{
    const guint mode = (guint)__i__ / N_FLAWS;
    const Flaw flaw = (Flaw)(__i__ % N_FLAWS);
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = start(mode, "fail-closed=true sync-mode=exact", &info, &bus);

    for (guint n = 0; n < 10; n++) {
        GstBuffer *out;

        fail_unless_equals_int(
            gst_harness_push(h, n == 5 ? flawed(flaw, &info, n) : frame_new(&info, 0, n)),
            GST_FLOW_OK);
        out = gst_harness_try_pull(h);
        fail_unless_equals_int(out == NULL, n == 5);
        gst_clear_buffer(&out);
    }
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_WARNING), 1);
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_ERROR), 0);
    harness_close(h, bus);
}
GST_END_TEST

/* Where frames do not wait, one that cannot be drawn on is let through all the same. */
GST_START_TEST(test_one_among_many_of_latest)
{
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = start((guint)__i__, "sync-mode=latest", &info, &bus);
    guint n = 0;

    for (; n < 1000 && seg_stat(h->element, "inferences") == 0; n++) {
        gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, n)));
        g_usleep(2000);
    }
    for (guint k = 0; k < 20; k++, n++) {
        GstBuffer *in = k % 10 == 5 ? flawed(SHORT, &info, n) : frame_new(&info, 0, n), *out;

        fail_unless_equals_int(gst_harness_push(h, in), GST_FLOW_OK);
        out = gst_harness_try_pull(h);
        if (k % 10 != 5)
            fail_unless(out != NULL);
        gst_clear_buffer(&out);
        g_usleep(10000);
    }
    fail_unless(n_messages(bus, GST_MESSAGE_WARNING) <= 2);
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_ERROR), 0);
    harness_close(h, bus);
}
GST_END_TEST

/* An inference that fails is a warning too, and its frame has the mask before. */
GST_START_TEST(test_failed_inference)
{
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h;

    g_setenv("HRNET_FAULT", "run:4", TRUE);
    h = start((guint)__i__, "sync-mode=exact", &info, &bus);
    for (guint n = 0; n < 10; n++) {
        GstBuffer *out = gst_harness_push_and_pull(h, frame_new(&info, 0, n));
        guint64 pts;

        fail_unless(gst_structure_get_uint64(seg_structure(out), "pts", &pts));
        fail_unless_equals_uint64(pts, frame_time(n == 3 ? 2 : n));
        gst_buffer_unref(out);
    }
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_WARNING), 1);
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_ERROR), 0);
    harness_close(h, bus);
}
GST_END_TEST

/* Scores that are no numbers are such a failure: no frame leaves bare with fail-closed. */
GST_START_TEST(test_unfinite_scores)
{
    gchar *from = g_build_filename(g_getenv("HRNET_MODEL_PATH"), "test.safetensors", NULL);
    gchar *path = unfinite_model_new(from);
    gchar *description =
        g_strdup_printf("hrnetseg model=%s mode=fill fail-closed=true sync-mode=exact", path);
    GstHarness *h = harness_new(description);
    GstBus *bus = harness_add_bus(h);
    GstVideoInfo info;

    harness_set_frame_caps(h, "GRAY8", WIDTH, HEIGHT, "", &info);
    for (guint n = 0; n < 5; n++) {
        GstBuffer *out = gst_harness_push_and_pull(h, frame_new(&info, 0, n));
        GstMapInfo map;

        fail_unless(seg_structure(out) == NULL);
        gst_buffer_map(out, &map, GST_MAP_READ);
        for (gsize i = 1; i < WIDTH; i++)
            quick_fail_unless_equals_int(map.data[i], map.data[0]);
        gst_buffer_unmap(out, &map);
        gst_buffer_unref(out);
    }
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_WARNING), 1);
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_ERROR), 0);
    harness_close(h, bus);
    g_unlink(path);
    g_free(path);
    g_free(from);
    g_free(description);
}
GST_END_TEST

/* The same beside the stream. */
GST_START_TEST(test_failed_inference_of_latest)
{
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h;

    g_setenv("HRNET_FAULT", "run:2", TRUE);
    h = start((guint)__i__, "sync-mode=latest", &info, &bus);
    for (guint n = 0; n < 2000 && seg_stat(h->element, "inferences") < 4; n++) {
        gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, n)));
        g_usleep(2000);
    }
    fail_unless(seg_stat(h->element, "inferences") >= 4);
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_WARNING), 1);
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_ERROR), 0);
    harness_close(h, bus);
}
GST_END_TEST

/* One warning for each run of failures; a hundred in a row are an error, one less is none. */
GST_START_TEST(test_runs)
{
    const gboolean closed_too = __i__ % 2;
    const guint mode = (guint)__i__ / 2;
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = start(mode, closed_too ? "fail-closed=true sync-mode=exact" : "sync-mode=exact",
                          &info, &bus);
    guint n = 0;

    for (guint run = 0; run < 2; run++) {
        gst_harness_push(h, frame_new(&info, 0, n++));
        for (guint k = 0; k < 99; k++)
            fail_unless_equals_int(gst_harness_push(h, flawed(SHORT, &info, n++)), GST_FLOW_OK);
    }
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_WARNING), 2);
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_ERROR), 0);
    fail_unless_equals_int(gst_harness_push(h, flawed(SHORT, &info, n++)), GST_FLOW_ERROR);
    fail_unless_equals_int(n_messages(bus, GST_MESSAGE_ERROR), 1);
    harness_close(h, bus);
}
GST_END_TEST

static Suite *recovery_suite(void)
{
    Suite *suite = suite_create("hrnetseg-recovery");
    TCase *chain = tcase_create("recovery");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_one_among_ten, 0, N_ALL_MODES * N_FLAWS);
    tcase_add_loop_test(chain, test_one_among_ten_closed, 0, N_ALL_MODES * N_FLAWS);
    tcase_add_loop_test(chain, test_one_among_many_of_latest, 0, N_ALL_MODES);
    tcase_add_loop_test(chain, test_failed_inference, 0, N_ALL_MODES);
    tcase_add_loop_test(chain, test_failed_inference_of_latest, 0, N_ALL_MODES);
    tcase_add_test(chain, test_unfinite_scores);
    tcase_add_loop_test(chain, test_runs, 0, N_ALL_MODES * 2);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(recovery)
