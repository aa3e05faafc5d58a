/* A long life: changes of any kind while frames flow, for HRNET_SOAK seconds (15 if it is not set),
 * and what the process has of memory, files and threads each time that it is as it was at first.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "any_change.h"

#include <stdio.h>
#include <stdlib.h>

#define WIDTH       64
#define HEIGHT      48
#define N_CHANGES   40 /* between two samples */
#define N_SETTLING  50 /* frames before a sample, 10 ms between them */
#define KEPT_BYTES  (20 << 20)
#define MAX_SAMPLES 20000

typedef struct {
    gdouble seconds;
    gsize memory_bytes;
    guint n_files, n_threads;
} Sample;

static guint n_entries(const gchar *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    guint n = 0;

    fail_unless(dir != NULL);
    while (g_dir_read_name(dir))
        n++;
    g_dir_close(dir);
    return n;
}

/* A harness keeps what events come, in either direction, until somebody takes them. */
static void drop_events(GstHarness *h)
{
    GstEvent *event;

    while ((event = gst_harness_try_pull_event(h)) != NULL ||
           (event = gst_harness_try_pull_upstream_event(h)) != NULL)
        gst_event_unref(event);
}

/* Of an element that is as it was at first, with its model loaded and nothing at work. */
static Sample take_sample(GstHarness *h, guint *n, GTimer *timer)
{
    GstVideoInfo info;

    set_what_is_valid(h->element);
    g_object_set(h->element, "threads", 1, "static-threshold", 0.0, "target-fps", 0.0, "smoothing",
                 0, "edge-refine", FALSE, "fail-closed", FALSE, "attach-meta", TRUE, NULL);
    gst_util_set_object_arg(G_OBJECT(h->element), "mode", "overlay");
    gst_util_set_object_arg(G_OBJECT(h->element), "sync-mode", "exact");
    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    for (guint i = 0; i < N_SETTLING; i++) {
        gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, (*n)++)));
        g_usleep(10000);
    }
    drop_events(h);
    return (Sample){ g_timer_elapsed(timer, NULL), resident_bytes(), n_entries("/proc/self/fd"),
                     n_entries("/proc/self/task") };
}

static int order(const void *a, const void *b)
{
    const gsize first_bytes = *(const gsize *)a, second_bytes = *(const gsize *)b;

    return first_bytes < second_bytes ? -1 : first_bytes > second_bytes;
}

/* The middle of what they have of memory, the most of the others: a sample may be taken while a
 * model is still on its way. */
static Sample middle(const Sample *samples, guint n)
{
    gsize *bytes = g_new(gsize, n);
    Sample sample = { 0 };

    for (guint i = 0; i < n; i++) {
        bytes[i] = samples[i].memory_bytes;
        sample.n_files = MAX(sample.n_files, samples[i].n_files);
        sample.n_threads = MAX(sample.n_threads, samples[i].n_threads);
    }
    qsort(bytes, n, sizeof *bytes, order);
    sample.memory_bytes = bytes[n / 2];
    g_free(bytes);
    return sample;
}

/* Bytes a second, of the line that is nearest to the samples by least squares. */
static gdouble memory_slope(const Sample *samples, guint n)
{
    gdouble time = 0, bytes = 0, product = 0, square = 0;

    for (guint i = 0; i < n; i++) {
        time += samples[i].seconds / n;
        bytes += (gdouble)samples[i].memory_bytes / n;
    }
    for (guint i = 0; i < n; i++) {
        product += (samples[i].seconds - time) * ((gdouble)samples[i].memory_bytes - bytes);
        square += (samples[i].seconds - time) * (samples[i].seconds - time);
    }
    return square > 0 ? product / square : 0;
}

/* Threads that wait for work, and memory that is kept for the next time, are there by the end of
 * the first quarter; in the last one there are not more. */
static void check_samples(const Sample *samples, guint n, guint n_changes)
{
    const guint quarter = n / 4;
    const Sample early = middle(samples, quarter), late = middle(samples + n - quarter, quarter);
    const gdouble slope = memory_slope(samples + quarter, n - quarter);

    printf("# %.0f s, %u changes, %u samples: %.1f MB in the first quarter, %.1f in the last "
           "(%+.1f KB a "
           "minute); %u and %u files, %u and %u threads\n",
           samples[n - 1].seconds, n_changes, n, (gdouble)early.memory_bytes / 1e6,
           (gdouble)late.memory_bytes / 1e6, slope * 60 / 1e3, early.n_files, late.n_files,
           early.n_threads, late.n_threads);
    fflush(stdout);
    fail_unless(late.memory_bytes <= early.memory_bytes + KEPT_BYTES);
    fail_unless(late.n_files <= early.n_files);
    fail_unless(late.n_threads <= early.n_threads);
}

GST_START_TEST(test_long_life)
{
    const gchar *wish = g_getenv("HRNET_SOAK");
    const gdouble n_seconds = wish ? g_ascii_strtod(wish, NULL) : 15;
    GstHarness *h = harness_new("hrnetseg model=test threads=1");
    GstBus *bus = harness_add_bus(h);
    GRand *rand = g_rand_new_with_seed(7);
    GTimer *timer = g_timer_new();
    Sample *samples = g_new(Sample, MAX_SAMPLES);
    guint n = 0, n_samples = 0, n_changes = 0;
    GstVideoInfo info;

    while (n_samples < MAX_SAMPLES && (n_samples < 8 || g_timer_elapsed(timer, NULL) < n_seconds)) {
        harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
        for (guint i = 0; i < N_CHANGES; i++, n_changes++) {
            change_anything(h, rand, &info, n);
            gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, n++)));
            expect_no_error(bus);
        }
        samples[n_samples++] = take_sample(h, &n, timer);
    }
    check_samples(samples, n_samples, n_changes);
    g_free(samples);
    g_timer_destroy(timer);
    g_rand_free(rand);
    harness_close(h, bus);
}
GST_END_TEST

static Suite *soak_suite(void)
{
    Suite *suite = suite_create("hrnetseg-soak");
    TCase *chain = tcase_create("soak");

    tcase_set_timeout(chain, 0);
    tcase_add_test(chain, test_long_life);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(soak)
