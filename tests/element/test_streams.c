/* Eight streams with one model: what the element adds to each one's memory, and that their turns
 * are fair.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <hrnet/hrnet.h>

#define N_STREAMS  8
#define SECONDS    10
#define SIZE       "256x448"
#define SIZE_PIXEL 256, 448

#define SEGMENTED "hrnetseg name=seg model=test inference-size=" SIZE

/* Plays; `filter` says what frames go through. */
static GstElement *stream_new(const gchar *filter)
{
    g_autofree gchar *launch =
        g_strconcat("videotestsrc pattern=ball ! video/x-raw,format=I420,width=320,height=180 ! ",
                    filter, " ! fakesink name=sink", NULL);
    GstElement *pipeline = gst_parse_launch(launch, NULL);

    fail_unless(pipeline != NULL);
    fail_if(gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
    return pipeline;
}

static void stream_free(GstElement *pipeline)
{
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
}

static void wait_for_inferences(GstElement *seg, guint64 n)
{
    for (guint i = 0; seg_stat(seg, "inferences") < n; i++) {
        fail_unless(i < 6000, "no inferences in a minute");
        g_usleep(10000);
    }
}

static void wait_until_playing(GstElement *pipeline)
{
    fail_if(gst_element_get_state(pipeline, NULL, NULL, 60 * GST_SECOND) !=
            GST_STATE_CHANGE_SUCCESS);
}

/* What a stream's source, frames and thread add without the element, all but the first one. The
 * streams stay, so that no memory of theirs is used again. */
static gsize bare_bytes(GstElement **pipelines)
{
    gsize before = 0, added;

    for (guint i = 0; i < N_STREAMS; i++) {
        pipelines[i] = stream_new("identity");
        wait_until_playing(pipelines[i]);
        g_usleep(G_USEC_PER_SEC / 10);
        if (i == 0)
            before = resident_bytes();
    }
    added = resident_bytes() - before;
    for (guint i = 0; i < N_STREAMS; i++)
        gst_element_set_state(pipelines[i], GST_STATE_PAUSED);
    return added;
}

static gsize arena_bytes(void)
{
    HrnetModel *model = hrnet_model_load("test", NULL, NULL);
    HrnetSession *session = hrnet_session_new(model, SIZE_PIXEL, 0, HRNET_PRECISION_FP32, NULL);
    const gsize arena = hrnet_session_get_arena_bytes(session);

    hrnet_session_unref(session);
    hrnet_model_unref(model);
    return arena;
}

static void check_rates(const guint64 *n_frames)
{
    gdouble sum = 0;

    for (guint i = 0; i < N_STREAMS; i++)
        sum += (gdouble)n_frames[i];
    for (guint i = 0; i < N_STREAMS; i++) {
        g_print("stream %u: %.2f fps, the mean %.2f\n", i, (gdouble)n_frames[i] / SECONDS,
                sum / N_STREAMS / SECONDS);
        fail_unless((gdouble)n_frames[i] >= 0.5 * sum / N_STREAMS);
    }
    fail_unless(sum >= 10 * N_STREAMS, "too few frames to tell rates");
}

GST_START_TEST(test_eight_streams)
{
    GstElement *bare_pipelines[N_STREAMS], *pipelines[N_STREAMS], *segs[N_STREAMS];
    guint64 n_frames[N_STREAMS];
    const gsize arena = arena_bytes();
    const gsize bare = bare_bytes(bare_pipelines);
    gsize before, added;

    pipelines[0] = stream_new(SEGMENTED);
    segs[0] = gst_bin_get_by_name(GST_BIN(pipelines[0]), "seg");
    wait_for_inferences(segs[0], 5);
    before = resident_bytes();
    for (guint i = 1; i < N_STREAMS; i++) {
        pipelines[i] = stream_new(SEGMENTED);
        segs[i] = gst_bin_get_by_name(GST_BIN(pipelines[i]), "seg");
    }
    for (guint i = 1; i < N_STREAMS; i++)
        wait_for_inferences(segs[i], 5);

    for (guint i = 0; i < N_STREAMS; i++)
        n_frames[i] = seg_stat(segs[i], "inferences");
    g_usleep(SECONDS * G_USEC_PER_SEC);
    for (guint i = 0; i < N_STREAMS; i++)
        n_frames[i] = seg_stat(segs[i], "inferences") - n_frames[i];
    added = resident_bytes() - before;
    g_print("each stream adds %.2f MB, %.2f MB of them without the element; an arena has %.2f MB\n",
            (gdouble)added / (N_STREAMS - 1) / 1e6, (gdouble)bare / (N_STREAMS - 1) / 1e6,
            (gdouble)arena / 1e6);
    fail_unless((gdouble)added - (gdouble)bare <= 1.1 * (gdouble)arena * (N_STREAMS - 1));
    check_rates(n_frames);
    for (guint i = 0; i < N_STREAMS; i++) {
        stream_free(bare_pipelines[i]);
        stream_free(pipelines[i]);
        gst_object_unref(segs[i]);
    }
}
GST_END_TEST

static Suite *streams_suite(void)
{
    Suite *suite = suite_create("hrnetseg-streams");
    TCase *chain = tcase_create("streams");

    tcase_set_timeout(chain, 180);
    tcase_add_test(chain, test_eight_streams);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(streams)
