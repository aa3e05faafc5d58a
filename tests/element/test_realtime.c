/* Live pipelines whose inferences take 200 ms: what the element adds to the latency as probes on
 * its pads see it, masks' ages, frames that a sink drops, and memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * HRNET_SOAK is the number of seconds that each pipeline runs, 12 if it is not set. */
#include "harness.h"

#include <stdlib.h>

#define INFERENCE       (200 * GST_MSECOND)
#define SINK_DEADLINE   (20 * GST_MSECOND) /* that sinks add to the latency by default */
#define MOST_RECORDS    (1 << 16)
#define DEFAULT_SECONDS 12

/* Times in order. Static: growing arrays are not to be taken for a leak. */
typedef struct {
    guint n;
    GstClockTime times[MOST_RECORDS];
} Series;

static GMutex lock;
static Series entries;   /* when frames came to the element */
static Series latencies; /* how long each was in there */
static Series ages;      /* of masks, by the metadata of frames before the sink */

/* What a probe has seen before the sink. */
typedef struct {
    GstElement *seg;
    guint n_frames, n_wrong_ages;
    GstClockTime first, last; /* when the first and the last frame came */
} Seen;

static void note(Series *series, GstClockTime time)
{
    if (series->n < MOST_RECORDS)
        series->times[series->n++] = time;
}

/* Frames leave the element in the order in which they came, and each of them does. */
static GstPadProbeReturn note_entry(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    g_mutex_lock(&lock);
    note(&entries, gst_util_get_timestamp());
    g_mutex_unlock(&lock);
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn note_exit(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    const GstClockTime now = gst_util_get_timestamp();

    g_mutex_lock(&lock);
    if (latencies.n < entries.n)
        note(&latencies, now - entries.times[latencies.n]);
    g_mutex_unlock(&lock);
    return GST_PAD_PROBE_OK;
}

static void probe(GstElement *element, const gchar *pad_name, GstPadProbeCallback callback,
                  gpointer user_data)
{
    GstPad *pad = gst_element_get_static_pad(element, pad_name);

    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, callback, user_data, NULL);
    gst_object_unref(pad);
}

/* The age of a frame's mask is that of its metadata and of the statistics alike. */
static GstPadProbeReturn on_frame(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    GstBuffer *frame = gst_pad_probe_info_get_buffer(info);
    GstStructure *structure = seg_structure(frame);
    Seen *seen = user_data;
    GstClockTime age;
    guint64 pts;

    seen->last = gst_util_get_timestamp();
    if (seen->n_frames++ == 0)
        seen->first = seen->last;
    if (!structure || !gst_structure_get_uint64(structure, "pts", &pts))
        return GST_PAD_PROBE_OK;
    age = GST_BUFFER_PTS(frame) - pts;
    seen->n_wrong_ages += seg_stat(seen->seg, "mask-age-ns") != age;
    note(&ages, age);
    return GST_PAD_PROBE_OK;
}

static guint n_seconds(void)
{
    const gchar *wish = g_getenv("HRNET_SOAK");

    return wish ? (guint)atoi(wish) : DEFAULT_SECONDS;
}

static gint compare_times(gconstpointer a, gconstpointer b)
{
    const GstClockTime x = *(const GstClockTime *)a, y = *(const GstClockTime *)b;

    return x < y ? -1 : x > y;
}

/* What `share` of some times stay below. */
static GstClockTime quantile_of(const GstClockTime *times, guint n, gdouble share)
{
    g_autofree GstClockTime *sorted = g_memdup2(times, n * sizeof times[0]);

    fail_unless(n > 0);
    qsort(sorted, n, sizeof sorted[0], compare_times);
    return sorted[MIN((guint)(share * n), n - 1)];
}

static GstClockTime quantile(const Series *series, gdouble share)
{
    return quantile_of(series->times, series->n, share);
}

/* The medians of the first and of the last third of the latencies. */
static GstClockTime median_at_first(void)
{
    return quantile_of(latencies.times, latencies.n / 3, 0.5);
}

static GstClockTime median_at_last(void)
{
    return quantile_of(latencies.times + latencies.n / 3 * 2, latencies.n / 3, 0.5);
}

/* A live source of that many frames a second, segmented, before a sink that drops what is late. */
static GstElement *live_pipeline(guint fps, const gchar *sync_mode)
{
    gchar *line = g_strdup_printf("videotestsrc is-live=true pattern=ball num-buffers=%u ! "
                                  "video/x-raw,format=I420,width=640,height=360,framerate=%u/1 ! "
                                  "hrnetseg name=seg model=test sync-mode=%s ! "
                                  "fakesink name=sink sync=true qos=true max-lateness=20000000",
                                  fps * n_seconds(), fps, sync_mode);
    GstElement *pipeline = gst_parse_launch(line, NULL);

    g_free(line);
    fail_unless(pipeline != NULL);
    return pipeline;
}

static void follow_latency(GstElement *pipeline, GstClockTime *least, GstClockTime *most)
{
    GstQuery *query = gst_query_new_latency();
    GstClockTime min;
    gboolean live;

    fail_unless(gst_element_query(pipeline, query));
    gst_query_parse_latency(query, &live, &min, NULL);
    fail_unless(live);
    *least = MIN(*least, min);
    *most = MAX(*most, min);
    gst_query_unref(query);
}

/* What a run has come to. */
typedef struct {
    Seen seen;
    guint64 rendered, dropped;
    GstClockTime least_told, most_told; /* latency of the pipeline, from the third second on */
    guint64 early_bytes, late_bytes;    /* resident, after a quarter of the time and at the end */
} Outcome;

static void run(GstElement *pipeline, Outcome *outcome)
{
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    GstBus *bus = gst_element_get_bus(pipeline);
    GstStructure *stats = NULL;
    gboolean ended = FALSE;

    *outcome = (Outcome){ .least_told = GST_CLOCK_TIME_NONE };
    outcome->seen.seg = gst_bin_get_by_name(GST_BIN(pipeline), "seg");
    probe(outcome->seen.seg, "sink", note_entry, NULL);
    probe(outcome->seen.seg, "src", note_exit, NULL);
    probe(sink, "sink", on_frame, &outcome->seen);
    entries.n = latencies.n = ages.n = 0;
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    for (guint second = 0; !ended; second++) {
        const GstClockTime until = gst_util_get_timestamp() + GST_SECOND;
        GstMessage *message;

        while (!ended && gst_util_get_timestamp() < until) {
            message = gst_bus_timed_pop(bus, 50 * GST_MSECOND);
            if (!message)
                continue;
            fail_if(GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR);
            if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY)
                gst_bin_recalculate_latency(GST_BIN(pipeline));
            ended = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
            gst_message_unref(message);
        }
        if (!ended && second > 2)
            follow_latency(pipeline, &outcome->least_told, &outcome->most_told);
        if (second == MAX(n_seconds() / 4, 3))
            outcome->early_bytes = resident_bytes();
        fail_unless(second < n_seconds() * 2 + 20, "no end");
    }
    outcome->late_bytes = resident_bytes();
    g_object_get(sink, "stats", &stats, NULL);
    gst_structure_get_uint64(stats, "rendered", &outcome->rendered);
    gst_structure_get_uint64(stats, "dropped", &outcome->dropped);
    gst_structure_free(stats);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(outcome->seen.seg);
    gst_object_unref(bus);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
}

#define MS(time) ((gdouble)(time) / (gdouble)GST_MSECOND)

static gdouble frames_per_second(const Seen *seen)
{
    return (gdouble)(seen->n_frames - 1) * (gdouble)GST_SECOND /
           (gdouble)(seen->last - seen->first);
}

static void tell(const gchar *name, const Outcome *outcome)
{
    g_print("# %s: %u frames in %u s, %.3f a second, %" G_GUINT64_FORMAT
            " rendered, %" G_GUINT64_FORMAT " dropped by the sink\n",
            name, outcome->seen.n_frames, n_seconds(), frames_per_second(&outcome->seen),
            outcome->rendered, outcome->dropped);
    g_print("# added latency, ms: median %.2f, 99th percentile %.2f, most %.2f "
            "(%u frames); median of the first third %.2f, of the last %.2f\n",
            MS(quantile(&latencies, 0.5)), MS(quantile(&latencies, 0.99)),
            MS(quantile(&latencies, 1)), latencies.n, MS(median_at_first()), MS(median_at_last()));
    g_print("# latency told, ms: %.1f to %.1f; age of masks, ms: %.0f to %.0f, median %.0f; "
            "resident, MB: %.2f, then %.2f\n",
            MS(outcome->least_told), MS(outcome->most_told), MS(quantile(&ages, 0)),
            MS(quantile(&ages, 1)), MS(quantile(&ages, 0.5)), (gdouble)outcome->early_bytes / 1e6,
            (gdouble)outcome->late_bytes / 1e6);
}

/* What holds for both: every frame comes through, at the source's rate, the ages of masks are the
 * same everywhere, and neither latency nor memory grows. A leak of 1 KB a frame at 4 frames a
 * second is 1.8 MB in seven and a half minutes. */
static void check(const Outcome *outcome, guint fps)
{
    const guint n_frames = fps * n_seconds();
    const GstClockTime took = outcome->seen.last - outcome->seen.first;
    const GstClockTime expected = (n_frames - 1) * GST_SECOND / fps;

    fail_unless_equals_int(outcome->seen.n_frames, (gint)n_frames);
    /* The first frame waits less than others, for it comes before the sink waits. */
    fail_unless(took <= expected + expected / 100 + outcome->most_told);
    fail_unless_equals_int(outcome->seen.n_wrong_ages, 0);
    fail_unless_equals_int(latencies.n, (gint)n_frames);
    fail_unless(median_at_last() < median_at_first() * 3 / 2 + GST_MSECOND);
    fail_unless(outcome->late_bytes < outcome->early_bytes + 1000000);
}

GST_START_TEST(test_latest_at_30)
{
    const GstClockTime frame = GST_SECOND / 30;
    Outcome outcome;

    run(live_pipeline(30, "latest"), &outcome);
    tell("latest, 30 frames a second", &outcome);
    check(&outcome, 30);
    fail_unless(quantile(&latencies, 0.5) < 5 * GST_MSECOND);
    fail_unless(quantile(&latencies, 0.99) < 15 * GST_MSECOND);
    /* Nothing is told but what the source has, which is a frame. */
    fail_unless(outcome.most_told <= frame + SINK_DEADLINE + GST_MSECOND);
    /* A mask is as old as its inference took when it comes, and as two when the next one does. */
    fail_unless(ages.n > outcome.seen.n_frames * 9 / 10);
    fail_unless(quantile(&ages, 0.5) >= INFERENCE);
    fail_unless(quantile(&ages, 0.5) <= 2 * INFERENCE + frame);
}
GST_END_TEST

GST_START_TEST(test_exact_at_4)
{
    const GstClockTime others = GST_SECOND / 4 + SINK_DEADLINE;
    Outcome outcome;

    run(live_pipeline(4, "exact"), &outcome);
    tell("exact, 4 frames a second", &outcome);
    check(&outcome, 4);
    fail_unless_equals_uint64(outcome.rendered, outcome.seen.n_frames);
    fail_unless_equals_uint64(outcome.dropped, 0);
    fail_unless_equals_int(ages.n, outcome.seen.n_frames);
    fail_unless_equals_uint64(quantile(&ages, 1), 0);
    /* What is told beyond the source's frame and the sink's deadline covers what frames take, by a
     * quarter more or less. */
    fail_unless(quantile(&latencies, 0.5) >= INFERENCE);
    fail_unless(outcome.least_told >= others + quantile(&latencies, 0.5) * 3 / 4);
    fail_unless(outcome.most_told <= others + quantile(&latencies, 1) * 4 / 3);
}
GST_END_TEST

static Suite *realtime_suite(void)
{
    Suite *suite = suite_create("hrnetseg-realtime");
    TCase *chain = tcase_create("realtime");

    tcase_set_timeout(chain, n_seconds() * 2 + 60);
    tcase_add_test(chain, test_latest_at_30);
    tcase_add_test(chain, test_exact_at_4);
    suite_add_tcase(suite, chain);
    return suite;
}

int main(int argc, char **argv)
{
    g_setenv("HRNET_FAULT", "slow:200", TRUE);
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(realtime_suite(), "realtime", __FILE__);
}
