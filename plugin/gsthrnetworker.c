/* Inference beside the stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetworker.h"

#include "gsthrnetimage.h"

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

/* Added to the niceness that the thread has from the stream's own, which come first. */
#define NICENESS 5

struct GstHrnetWorker {
    GThread *thread;
    GMutex lock;
    GCond changed;

    /* under the lock */
    gboolean busy, done, forgotten, quit;
    GstHrnetOutcome outcome;

    /* of the job, the thread's while busy */
    GstHrnetJob job;
    GstVideoInfo info;
    GstBuffer *copy;
};

static void lower_priority(void)
{
#ifdef __linux__
    const id_t thread = (id_t)syscall(SYS_gettid);
    const int niceness = getpriority(PRIO_PROCESS, thread);

    if (setpriority(PRIO_PROCESS, thread, niceness + NICENESS) != 0)
        GST_DEBUG("the priority of the inference thread stays as it is");
#endif
}

static GstHrnetOutcome segment(GstHrnetWorker *worker)
{
    const GstClockTime start = gst_util_get_timestamp();
    const GstHrnetJob *job = &worker->job;
    GstHrnetOutcome outcome = { NULL };
    GError *error = NULL;
    GstVideoFrame frame;

    gst_hrnet_network_prepare(job->network, &job->shape, &outcome.error);
    if (!job->network->session) {
        /* There is no former one either, and the error says why. */
    } else if (gst_video_frame_map(&frame, &worker->info, worker->copy, GST_MAP_READ)) {
        outcome.result = gst_hrnet_result_segment(job->network, &frame, &job->inference, &error);
        gst_video_frame_unmap(&frame);
    } else {
        error = g_error_new_literal(HRNET_ERROR, HRNET_ERROR_NO_MEMORY,
                                    "a frame's copy cannot be read");
    }
    if (error) {
        g_clear_error(&outcome.error);
        outcome.error = error;
    }
    outcome.elapsed = gst_util_get_timestamp() - start;
    return outcome;
}

static void drop(GstHrnetOutcome *outcome)
{
    g_clear_pointer(&outcome->result, gst_hrnet_result_free);
    g_clear_error(&outcome->error);
}

static gpointer run(gpointer data)
{
    GstHrnetWorker *worker = data;

    lower_priority();
    g_mutex_lock(&worker->lock);
    for (;;) {
        GstHrnetOutcome outcome;

        while (!worker->busy && !worker->quit)
            g_cond_wait(&worker->changed, &worker->lock);
        if (worker->quit)
            break;
        g_mutex_unlock(&worker->lock);
        outcome = segment(worker);
        g_mutex_lock(&worker->lock);
        drop(&worker->outcome);
        worker->outcome = outcome;
        worker->done = !worker->forgotten;
        worker->busy = worker->forgotten = FALSE;
        if (!worker->done)
            drop(&worker->outcome);
    }
    g_mutex_unlock(&worker->lock);
    return NULL;
}

GstHrnetWorker *gst_hrnet_worker_new(GError **error)
{
    GstHrnetWorker *worker = g_new0(GstHrnetWorker, 1);

    g_mutex_init(&worker->lock);
    g_cond_init(&worker->changed);
    worker->thread = g_thread_try_new("hrnet-infer", run, worker, error);
    if (!worker->thread)
        g_clear_pointer(&worker, gst_hrnet_worker_free);
    return worker;
}

void gst_hrnet_worker_free(GstHrnetWorker *worker)
{
    if (!worker)
        return;
    g_mutex_lock(&worker->lock);
    worker->quit = TRUE;
    g_cond_signal(&worker->changed);
    g_mutex_unlock(&worker->lock);
    g_clear_pointer(&worker->thread, g_thread_join);
    drop(&worker->outcome);
    gst_clear_buffer(&worker->copy);
    g_mutex_clear(&worker->lock);
    g_cond_clear(&worker->changed);
    g_free(worker);
}

gboolean gst_hrnet_worker_is_idle(GstHrnetWorker *worker)
{
    gboolean idle;

    g_mutex_lock(&worker->lock);
    idle = !worker->busy;
    g_mutex_unlock(&worker->lock);
    return idle;
}

/* The last job's memory serves again where it is of the right kind. */
static gboolean copy_frame(GstHrnetWorker *worker, const GstVideoInfo *info,
                           const GstVideoFrame *frame)
{
    GstVideoFrame copy;

    if (!worker->copy || gst_buffer_get_size(worker->copy) != GST_VIDEO_INFO_SIZE(info)) {
        gst_clear_buffer(&worker->copy);
        worker->copy = gst_hrnet_image_buffer_new(GST_VIDEO_INFO_SIZE(info));
    }
    worker->info = *info;
    if (!worker->copy || !gst_video_frame_map(&copy, info, worker->copy, GST_MAP_WRITE))
        return FALSE;
    gst_hrnet_image_copy(&copy, frame);
    gst_video_frame_unmap(&copy);
    GST_BUFFER_PTS(worker->copy) = GST_BUFFER_PTS(frame->buffer);
    return TRUE;
}

gboolean gst_hrnet_worker_begin(GstHrnetWorker *worker, const GstHrnetJob *job,
                                const GstVideoInfo *info, const GstVideoFrame *frame)
{
    if (!copy_frame(worker, info, frame))
        return FALSE;
    worker->job = *job;
    g_mutex_lock(&worker->lock);
    worker->busy = TRUE;
    g_cond_signal(&worker->changed);
    g_mutex_unlock(&worker->lock);
    return TRUE;
}

gboolean gst_hrnet_worker_take(GstHrnetWorker *worker, GstHrnetOutcome *outcome)
{
    gboolean done;

    g_mutex_lock(&worker->lock);
    done = worker->done;
    if (done) {
        *outcome = worker->outcome;
        worker->outcome = (GstHrnetOutcome){ NULL };
        worker->done = FALSE;
    }
    g_mutex_unlock(&worker->lock);
    return done;
}

void gst_hrnet_worker_forget(GstHrnetWorker *worker)
{
    g_mutex_lock(&worker->lock);
    worker->forgotten = worker->busy;
    worker->done = FALSE;
    drop(&worker->outcome);
    g_mutex_unlock(&worker->lock);
}
