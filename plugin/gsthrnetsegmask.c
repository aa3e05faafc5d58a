/* hrnetseg: how a frame comes by its mask.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetimage.h"
#include "gsthrnetreport.h"
#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

/* Masks that are renewed less often than this trail what moves; it is what an automatic size is
 * made for where `target-fps` does not say. */
#define ALLOWED_TIME (GST_SECOND / 15)

static GstClockTime running_time(GstHrnetSeg *self, GstBuffer *buffer)
{
    return gst_hrnet_seg_running_time(self, GST_BUFFER_PTS(buffer));
}

void gst_hrnet_seg_mask_open(GstHrnetSeg *self)
{
    self->latest = self->failed = self->warned = FALSE;
    self->restarts = TRUE;
    self->outdated = FALSE;
    self->has_had_mask = self->carried = self->job_carried = FALSE;
    self->confirmed_pts = self->reported_at = GST_CLOCK_TIME_NONE;
    self->slowest = self->usual = 0;
    self->inferred_at = GST_CLOCK_TIME_NONE;
    self->motion.valid = FALSE;
}

void gst_hrnet_seg_mask_close(GstHrnetSeg *self)
{
    g_clear_pointer(&self->worker, gst_hrnet_worker_free);
    g_clear_pointer(&self->result, gst_hrnet_result_free);
}

/* The next frame is to be segmented, as the first of its kind. */
static void begin_anew(GstHrnetSeg *self)
{
    self->inferred_at = GST_CLOCK_TIME_NONE;
    self->restarts = self->outdated = TRUE;
    self->motion.valid = FALSE;
}

void gst_hrnet_seg_mask_reset(GstHrnetSeg *self)
{
    if (self->worker)
        gst_hrnet_worker_forget(self->worker);
    g_clear_pointer(&self->result, gst_hrnet_result_free);
    begin_anew(self);
}

void gst_hrnet_seg_mask_cross(GstHrnetSeg *self)
{
    if (!self->latest) {
        gst_hrnet_seg_mask_reset(self);
        return;
    }
    begin_anew(self);
    self->carried = self->job_carried = TRUE;
}

void gst_hrnet_seg_mask_turn(GstHrnetSeg *self)
{
    if (self->latest)
        begin_anew(self);
    else
        gst_hrnet_seg_mask_reset(self);
}

/* Whether the newest mask is of a frame at most `max-mask-age` away, across segments too. */
static gboolean is_young(GstHrnetSeg *self, GstBuffer *buffer)
{
    const GstClockTime now = running_time(self, buffer), then = self->result->running_time;

    return GST_CLOCK_TIME_IS_VALID(now) && GST_CLOCK_TIME_IS_VALID(then) &&
           MAX(now, then) - MIN(now, then) <= self->now.max_mask_age * GST_MSECOND;
}

/* Where frames do not wait, the mask of another size or of the segment before does until the next
 * one comes. */
static void carry_over(GstHrnetSeg *self, GstBuffer *buffer)
{
    const guint width = GST_VIDEO_INFO_WIDTH(&self->in_info),
                height = GST_VIDEO_INFO_HEIGHT(&self->in_info);
    GstHrnetResult *former;

    if (self->result && self->carried && !is_young(self, buffer))
        g_clear_pointer(&self->result, gst_hrnet_result_free);
    if (!self->result || gst_hrnet_result_fits(self->result, width, height))
        return;
    former = self->result;
    self->result = self->latest ? gst_hrnet_result_scale(former, width, height) : NULL;
    gst_hrnet_result_free(former);
    begin_anew(self);
}

/* Whether `target-fps` has had its inference for this time. Half a millisecond is for timestamps
 * that are rounded. */
static gboolean is_too_soon(GstHrnetSeg *self, GstClockTime time)
{
    const gdouble interval = self->now.target_fps > 0 ? GST_SECOND / self->now.target_fps : 0;

    return interval > 0 && GST_CLOCK_TIME_IS_VALID(self->inferred_at) &&
           time >= self->inferred_at && time - self->inferred_at + GST_MSECOND / 2 < interval;
}

/* Why the mask that there is will do, as far as flags and times tell; NULL where it does not. What
 * fills a gap is no picture of anything, or the one before it again. */
static const gchar *keeps_mask(GstHrnetSeg *self, GstBuffer *buffer)
{
    const GstClockTime time = running_time(self, buffer);

    if (!self->result || self->outdated)
        return NULL;
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP))
        return "it fills a gap";
    if (GST_BUFFER_IS_DISCONT(buffer) || !GST_CLOCK_TIME_IS_VALID(time))
        return NULL;
    if (is_too_soon(self, time))
        return "target-fps has had its inference";
    return !self->latest && gst_hrnet_seg_qos_is_late(self, time)
               ? "downstream says that it is late"
               : NULL;
}

/* Whether the picture is still that of the mask. Where it is not, it is noted as the next mask's.
 */
static gboolean is_static(GstHrnetSeg *self, const GstVideoFrame *frame)
{
    GstHrnetMotion now;

    if (self->now.static_threshold == 0) {
        self->motion.valid = FALSE;
        return FALSE;
    }
    gst_hrnet_motion_look(&now, frame);
    if (self->result &&
        gst_hrnet_motion_difference(&now, &self->motion) <= self->now.static_threshold) {
        self->confirmed_pts = GST_BUFFER_PTS(frame->buffer);
        self->confirmed = TRUE;
        self->why = "it looks as the mask's frame did";
        return TRUE;
    }
    self->motion = now;
    return FALSE;
}

/* Of the network, which is not the worker's at that time. */
static void count_inference(GstHrnetSeg *self, GstClockTime elapsed)
{
    const guint n_masks = hrnet_session_get_n_masks(self->network->session);

    GST_OBJECT_LOCK(self);
    self->stats.n_inferences++;
    self->stats.inference_ns += elapsed;
    self->stats.n_masks = n_masks;
    self->stats.inference_height = self->network->shape.height;
    self->stats.inference_width = self->network->shape.width;
    self->stats.precision = hrnet_session_get_precision(self->network->session);
    GST_OBJECT_UNLOCK(self);
}

/* Whether `message-interval` asks for a report of this frame; if so the next one is due an interval
 * later. */
static gboolean wants_report(GstHrnetSeg *self, GstBuffer *buffer)
{
    const GstClockTime time = running_time(self, buffer);
    const GstClockTime interval = self->now.message_interval * GST_MSECOND;

    if (interval == 0)
        return FALSE;
    if (GST_CLOCK_TIME_IS_VALID(time) && GST_CLOCK_TIME_IS_VALID(self->reported_at) &&
        time >= self->reported_at && time - self->reported_at < interval)
        return FALSE;
    self->reported_at = time;
    return TRUE;
}

static void post_report(GstHrnetSeg *self, const GstHrnetResult *result)
{
    GstStructure *report = gst_structure_new(
        GST_HRNET_REPORT_NAME, "timestamp", G_TYPE_UINT64, result->pts, "stream-time",
        G_TYPE_UINT64, gst_hrnet_seg_stream_time(self, result->pts), "running-time", G_TYPE_UINT64,
        result->running_time, NULL);

    gst_structure_set_value(report, "classes", &result->report);
    gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), report));
}

static void take_result(GstHrnetSeg *self, GstHrnetResult *result)
{
    g_clear_pointer(&self->result, gst_hrnet_result_free);
    self->result = result;
    self->confirmed_pts = result->pts;
    self->failed = self->carried = FALSE;
    self->has_had_mask = TRUE;
    if (G_IS_VALUE(&result->report))
        post_report(self, result);
}

/* What is asked of the inference that is about to begin. */
static GstHrnetInference next_inference(GstHrnetSeg *self, GstBuffer *buffer)
{
    const GstHrnetInference inference = {
        .running_time = running_time(self, buffer),
        .reports = wants_report(self, buffer),
        .smoothing_ms = self->now.smoothing,
        .edge_refine = self->now.edge_refine,
        .restarts = self->restarts,
        .orientation = self->orientation,
    };

    self->restarts = self->outdated = FALSE;
    self->inferred_at = inference.running_time;
    return inference;
}

/* Segments a frame, and tells how long that took. */
static GstHrnetResult *segment(GstHrnetSeg *self, const GstVideoFrame *frame,
                               const GstHrnetInference *inference, GstClockTime *elapsed,
                               GError **error)
{
    const GstClockTime start = gst_util_get_timestamp();
    GstHrnetResult *result = gst_hrnet_result_segment(self->network, frame, inference, error);

    *elapsed = gst_util_get_timestamp() - start;
    return result;
}

static gboolean infer(GstHrnetSeg *self, const GstVideoFrame *frame, GError **error)
{
    GstHrnetInference inference = next_inference(self, frame->buffer);
    GstClockTime elapsed;
    GstHrnetResult *result = segment(self, frame, &inference, &elapsed, error);

    if (!result)
        return FALSE;
    if (gst_hrnet_seg_qos_doubts(self, elapsed)) {
        GstHrnetResult *again;

        inference.restarts = TRUE;
        again = segment(self, frame, &inference, &elapsed, NULL);
        if (again) {
            gst_hrnet_result_free(result);
            result = again;
        }
    }
    take_result(self, result);
    self->confirmed = TRUE;
    self->why = "it is segmented";
    count_inference(self, elapsed);
    gst_hrnet_seg_latency_note(self, elapsed);
    return TRUE;
}

/* An automatic size goes by how long inferences take. The next job has the new one. */
static void note_load(GstHrnetSeg *self, GstClockTime elapsed)
{
    const GstClockTime allowed =
        self->now.target_fps > 0 ? (GstClockTime)(GST_SECOND / self->now.target_fps) : ALLOWED_TIME;

    if (!self->adapts || !gst_hrnet_load_note(&self->load, elapsed, allowed))
        return;
    GST_INFO_OBJECT(self, "the network is %u eighths smaller from now on", self->load.n_shrunk);
    GST_OBJECT_LOCK(self);
    self->changes |= GST_HRNET_CHANGED_SESSION;
    GST_OBJECT_UNLOCK(self);
}

/* Takes the worker's mask, if it has a new one. */
static gboolean collect(GstHrnetSeg *self, GError **error)
{
    GstHrnetOutcome outcome;

    if (!self->worker || !gst_hrnet_worker_take(self->worker, &outcome))
        return TRUE;
    if (!outcome.result) {
        g_propagate_error(error, outcome.error);
        return FALSE;
    }
    if (outcome.error) {
        gst_hrnet_seg_model_keep_shape(self, outcome.error);
        g_clear_error(&outcome.error);
    }
    take_result(self, outcome.result);
    self->carried = self->job_carried;
    count_inference(self, outcome.elapsed);
    note_load(self, outcome.elapsed);
    return TRUE;
}

/* Has the frame segmented by the worker, which is idle. */
static gboolean hand_to_worker(GstHrnetSeg *self, const GstVideoInfo *info,
                               const GstVideoFrame *frame, GError **error)
{
    GstHrnetJob job = { .network = self->network, .shape = self->shape };

    if (is_static(self, frame))
        return TRUE;
    job.inference = next_inference(self, frame->buffer);
    if (!self->worker)
        self->worker = gst_hrnet_worker_new(error);
    if (!self->worker)
        return FALSE;
    if (gst_hrnet_worker_begin(self->worker, &job, info, frame)) {
        self->job_carried = FALSE;
        self->why = "its inference has begun";
        return TRUE;
    }
    g_set_error_literal(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY, "no memory for a frame's copy");
    return FALSE;
}

/* info: without what the frame's own memory says. */
static gboolean look_at_frame(GstHrnetSeg *self, const GstVideoInfo *info,
                              const GstVideoFrame *frame, GError **error)
{
    if (self->latest)
        return hand_to_worker(self, info, frame, error);
    return is_static(self, frame) || infer(self, frame, error);
}

static gboolean look_at_pixels(GstHrnetSeg *self, GstBuffer *buffer, GError **error)
{
    GstVideoFrame frame, readable;
    gboolean ok;

    if (!gst_hrnet_image_map(&frame, &self->in_info, buffer, GST_MAP_READ, error)) {
        self->unreadable = TRUE;
        return FALSE;
    }
    self->unproven = FALSE;
    if (gst_hrnet_image_is_native(GST_VIDEO_INFO_FORMAT(&self->in_info))) {
        ok = look_at_frame(self, &self->in_info, &frame, error);
    } else {
        ok = gst_hrnet_foreign_read(&self->foreign, &frame, &readable, error);
        if (ok) {
            ok = look_at_frame(self, &self->foreign.to, &readable, error);
            gst_video_frame_unmap(&readable);
        }
    }
    gst_video_frame_unmap(&frame);
    return ok;
}

static void note_mask(GstHrnetSeg *self, GstBuffer *buffer)
{
    const GstClockTime now = GST_BUFFER_PTS(buffer), then = self->result->pts;
    const gboolean known = GST_CLOCK_TIME_IS_VALID(now) && GST_CLOCK_TIME_IS_VALID(then);

    GST_OBJECT_LOCK(self);
    self->stats.n_reused += known && now != then;
    self->stats.mask_age_ns = known ? MAX(now, then) - MIN(now, then) : 0;
    GST_OBJECT_UNLOCK(self);
}

/* Whether the newest mask still tells what is where in a frame. */
static gboolean is_fresh(GstHrnetSeg *self, GstBuffer *buffer)
{
    const GstClockTime now = GST_BUFFER_PTS(buffer), then = self->confirmed_pts;

    if (!self->result || self->failed)
        return FALSE;
    /* Times of the stream begin anew with a segment: see carry_over(). */
    if (self->carried)
        return TRUE;
    if (!GST_CLOCK_TIME_IS_VALID(now) || !GST_CLOCK_TIME_IS_VALID(then))
        return self->confirmed;
    return MAX(now, then) - MIN(now, then) <= self->now.max_mask_age * GST_MSECOND;
}

/* Hides the frame where there is no mask to go by. One warning is posted for frames in a row; none
 * where the stream's first mask is simply not ready yet. */
static void fail_closed(GstHrnetSeg *self, GstBuffer *buffer, const GError *error)
{
    const gboolean begins = !self->has_had_mask && !self->failed;

    const gchar *why = error          ? error->message
                       : self->result ? "the last mask is too old"
                                      : "there is no mask yet";

    self->hides_all = !is_fresh(self, buffer);
    if (self->hides_all && !self->warned && !begins)
        GST_ELEMENT_WARNING(self, STREAM, FAILED, ("Frames are hidden: %s", why), (NULL));
    self->warned = self->hides_all && !begins;
}

/* What became of each frame, and why. */
static void log_frame(GstHrnetSeg *self, GstBuffer *buffer)
{
    const GstClockTime now = GST_BUFFER_PTS(buffer);
    const GstClockTime then = self->result ? self->result->pts : GST_CLOCK_TIME_NONE;
    const gchar *outcome = self->hides_all                  ? "hidden as a whole"
                           : !self->result                  ? "bare"
                           : self->confirmed && now == then ? "segmented"
                                                            : "with a kept mask";

    GST_LOG_OBJECT(self, "frame %" GST_TIME_FORMAT " is %s: %s; mask of %" GST_TIME_FORMAT,
                   GST_TIME_ARGS(now), outcome, self->why, GST_TIME_ARGS(then));
}

void gst_hrnet_seg_mask_skip(GstHrnetSeg *self, GstBuffer *buffer)
{
    g_autoptr(GError) error = NULL;

    if (!collect(self, &error))
        GST_DEBUG_OBJECT(self, "nobody misses the mask of an inference: %s", error->message);
    if (self->result && !is_young(self, buffer)) {
        g_clear_pointer(&self->result, gst_hrnet_result_free);
        begin_anew(self);
    }
    GST_LOG_OBJECT(self, "frame %" GST_TIME_FORMAT " is bare: nobody would see a mask",
                   GST_TIME_ARGS(GST_BUFFER_PTS(buffer)));
}

gboolean gst_hrnet_seg_mask_update(GstHrnetSeg *self, GstBuffer *buffer)
{
    /* Asked before taking what it has done: then what is here is all there is, and a frame that
     * looks like its picture may be said to. */
    const gboolean busy = self->worker && !gst_hrnet_worker_is_idle(self->worker);
    g_autoptr(GError) error = NULL;
    gboolean ok;

    self->confirmed = FALSE;
    /* Others may have been lost in between: what looks alike need not be the same scene. */
    if (GST_BUFFER_IS_DISCONT(buffer)) {
        self->motion.valid = FALSE;
        self->restarts = TRUE;
    }
    ok = collect(self, &error);
    carry_over(self, buffer);
    self->why = busy ? "an inference is under way" : keeps_mask(self, buffer);
    if (ok && !self->why)
        ok = look_at_pixels(self, buffer, &error);
    if (!ok) {
        self->why = error->message;
        self->failed = TRUE;
        self->motion.valid = FALSE;
        self->inferred_at = GST_CLOCK_TIME_NONE;
        if (!gst_hrnet_seg_failure_note(self, "Cannot segment a frame", error))
            return FALSE;
    }
    if (self->now.fail_closed)
        fail_closed(self, buffer, error);
    if (self->result)
        note_mask(self, buffer);
    log_frame(self, buffer);
    return TRUE;
}
