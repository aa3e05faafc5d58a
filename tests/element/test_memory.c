/* Memory that runs out, how much is asked for, and what comes back.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define SIDE   2048
#define PIXELS ((gsize)SIDE * SIDE)

/* Address space of the process. */
static gsize virtual_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    fail_unless(file && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    return pages * (gsize)sysconf(_SC_PAGESIZE);
}

static void limit_bytes(gsize more)
{
    struct rlimit limit;

    fail_unless(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = more == 0 ? limit.rlim_max : virtual_bytes() + more;
    fail_unless(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Frames have gone through in `meta`, so that all is there but what the mode itself takes. */
static GstHarness *start(GstBus **bus, GstVideoInfo *info)
{
    GstHarness *h;

    /* What is freed goes back to the system, and what is asked for counts: there is no other arena
     * with space reserved. */
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_ARENA_MAX, 1);
    h = harness_new("hrnetseg model=test mode=meta threads=1 sync-mode=exact "
                    "inference-size=64x64 classes=1,2,3");
    *bus = harness_add_bus(h);
    gst_harness_set_sink_caps(h, frame_caps("RGBA", SIDE, SIDE, ""));
    harness_set_frame_caps(h, "RGBA", SIDE, SIDE, "", info);
    for (guint n = 0; n < 4; n++)
        gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(info, 0, n)));
    return h;
}

static guint n_warnings(GstBus *bus)
{
    GstMessage *message;
    guint n = 0;

    for (; (message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING)) != NULL; n++)
        gst_message_unref(message);
    return n;
}

/* Where there is no memory for a region or its cells a warning says so, the frame passes, and the
 * process lives; with memory the mode works again. */
GST_START_TEST(test_no_memory)
{
    static const gchar *const modes[] = { "alpha", "blur", "pixelate", "fill" };
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = start(&bus, &info);
    GstBuffer *in = frame_new(&info, 0, 5), *out;

    gst_util_set_object_arg(G_OBJECT(h->element), "mode", modes[__i__]);
    limit_bytes(PIXELS / 2);
    fail_unless_equals_int(gst_harness_push(h, in), GST_FLOW_OK);
    limit_bytes(0);
    gst_buffer_unref(gst_harness_pull(h));
    fail_unless_equals_int(n_warnings(bus), 1);
    out = gst_harness_push_and_pull(h, frame_new(&info, 0, 6));
    fail_unless(out != NULL);
    gst_buffer_unref(out);
    fail_unless_equals_int(n_warnings(bus), 0);
    fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR) == NULL);
    harness_close(h, bus);
}
GST_END_TEST

/* Cutting out takes one array of floats at the frame's size, beside a region's two of bytes. */
GST_START_TEST(test_cut_out_takes_one_array)
{
    GstVideoInfo info;
    GstBus *bus;
    GstHarness *h = start(&bus, &info);
    GstBuffer *in = frame_new(&info, 0, 5);

    gst_util_set_object_arg(G_OBJECT(h->element), "mode", "alpha");
    limit_bytes(PIXELS * 2 + PIXELS * sizeof(gfloat) * 3 / 2);
    fail_unless_equals_int(gst_harness_push(h, in), GST_FLOW_OK);
    limit_bytes(0);
    gst_buffer_unref(gst_harness_pull(h));
    fail_unless_equals_int(n_warnings(bus), 0);
    harness_close(h, bus);
}
GST_END_TEST

#define N_CHANGES  30
#define KEPT_BYTES (20u << 20)

/* Of a frame that has a mask, `unlabelled` among them; 0 for others. */
static guint n_classes(GstBuffer *frame)
{
    return !seg_structure(frame)
               ? 0
               : gst_value_array_get_size(gst_structure_get_value(seg_structure(frame), "classes"));
}

/* Plays with a model of so many other classes; returns once a frame has its mask. */
static void change_to(GstHarness *h, const GstVideoInfo *info, const gchar *name,
                      guint n_classes_then, guint *n)
{
    gchar *path = g_build_filename(HRNET_MODELS, name, NULL);
    gboolean changed = FALSE;

    for (guint tries = 0; tries < 5000 && !changed; tries++) {
        GstBuffer *out = gst_harness_push_and_pull(h, frame_new(info, 0, (*n)++));

        if (tries == 0)
            g_object_set(h->element, "model", path, NULL);
        changed = n_classes(out) == n_classes_then;
        gst_buffer_unref(out);
        g_usleep(2000);
    }
    fail_unless(changed, "%s is not there", name);
    g_free(path);
}

/* Models that come and go leave no memory behind, whichever thread took it. */
GST_START_TEST(test_memory_comes_back)
{
    GstHarness *h = harness_new("hrnetseg model=test sync-mode=latest max-mask-age=100000 "
                                "inference-size=512x896");
    GstVideoInfo info;
    gsize before, after;
    guint n = 0;

    harness_set_frame_caps(h, "I420", 64, 48, "", &info);
    change_to(h, &info, "street.safetensors", 12, &n);
    change_to(h, &info, "people.safetensors", 3, &n);
    before = resident_bytes();
    for (guint i = 0; i < N_CHANGES; i++)
        change_to(h, &info, i % 2 ? "people.safetensors" : "street.safetensors", i % 2 ? 3 : 12,
                  &n);
    after = resident_bytes();
    GST_INFO("%" G_GSIZE_FORMAT " bytes before, %" G_GSIZE_FORMAT " after", before, after);
    fail_unless(after <= before + KEPT_BYTES, "%" G_GSIZE_FORMAT " bytes more", after - before);
    gst_harness_teardown(h);
}
GST_END_TEST

static Suite *memory_suite(void)
{
    Suite *suite = suite_create("hrnetseg-memory");
    TCase *chain = tcase_create("memory");

    tcase_set_timeout(chain, 120);
    tcase_add_test(chain, test_memory_comes_back);
    tcase_add_loop_test(chain, test_no_memory, 0, 4);
    tcase_add_test(chain, test_cut_out_takes_one_array);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(memory)
