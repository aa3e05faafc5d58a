/* hrnetseg: what a sink says of lateness.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A played file whose frames wait for masks longer than they last comes ever later, and a sink that
 * keeps to the clock says so. Where the properties leave the choice, frames then do not wait any
 * more. Each report may cost a dozen frames, as converters on the way to the sink drop whatever
 * comes before twice the lateness has passed; so where the pipeline has a sink that reports, its
 * reports are foreseen. Till the stream has caught up upstream does not hear of it, which would
 * drop frames for a lateness that is none of its making. */
#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

/* What sinks by default drop no frame for. */
#define TOLERATED (20 * GST_MSECOND)

/* Reports in a row that are not an accident. */
#define MIN_REPORTS 2

/* A stream that has not caught up by then is held up by others too. */
#define CATCH_UP_TIME (2 * GST_SECOND)

/* While frames come too late a mask is used again, but not for longer than this: a stream that
 * never catches up would keep its first one. */
#define MAX_REUSE_TIME GST_SECOND

/* Of frames whose rate the caps do not tell. */
#define USUAL_DURATION (GST_SECOND / 30)

void gst_hrnet_seg_qos_reset(GstHrnetSeg *self)
{
    GST_OBJECT_LOCK(self);
    if (self->lateness.lags)
        self->changes |= GST_HRNET_CHANGED_SYNC;
    self->lateness = (GstHrnetLateness){
        .earliest_time = GST_CLOCK_TIME_NONE,
        .catches_up = GST_CLOCK_TIME_NONE,
    };
    GST_OBJECT_UNLOCK(self);
}

/* From the next frame on none waits. */
static void begin_to_lag(GstHrnetSeg *self)
{
    self->lateness.lags = TRUE;
    self->lateness.catches_up = gst_util_get_timestamp();
    self->changes |= GST_HRNET_CHANGED_SYNC;
}

static void tell(GstHrnetSeg *self)
{
    GST_INFO_OBJECT(self, "masks take longer than frames last, and the sink reports lateness: "
                          "frames shall not wait any more");
}

/* Goes over to not waiting where it is high time. */
static void judge(GstHrnetSeg *self, GstClockTimeDiff late)
{
    GstHrnetLateness *lateness = &self->lateness;

    if (late <= (GstClockTimeDiff)TOLERATED) {
        lateness->n_late = 0;
        lateness->catches_up = GST_CLOCK_TIME_NONE;
    } else if (lateness->slow && !lateness->lags && ++lateness->n_late >= MIN_REPORTS) {
        begin_to_lag(self);
    }
}

/* Whether it is for us that frames come late. */
static gboolean is_ours(const GstHrnetLateness *lateness)
{
    if (!lateness->lags)
        return lateness->slow;
    return GST_CLOCK_TIME_IS_VALID(lateness->catches_up) &&
           gst_util_get_timestamp() - lateness->catches_up < CATCH_UP_TIME;
}

gboolean gst_hrnet_seg_qos_event(GstHrnetSeg *self, GstEvent *event)
{
    gboolean lagged, lags, passes = TRUE;
    GstClockTime timestamp;
    GstClockTimeDiff late;
    GstQOSType type;

    gst_event_parse_qos(event, &type, NULL, &late, &timestamp);
    GST_OBJECT_LOCK(self);
    lagged = self->lateness.lags;
    self->lateness.earliest_time = GST_CLOCK_TIME_IS_VALID(timestamp) && late > 0
                                       ? timestamp + (GstClockTime)late
                                       : GST_CLOCK_TIME_NONE;
    if (type != GST_QOS_TYPE_THROTTLE && gst_hrnet_seg_latency_is_free_locked(self)) {
        judge(self, late);
        passes = late <= 0 || !is_ours(&self->lateness);
    }
    lags = self->lateness.lags;
    GST_OBJECT_UNLOCK(self);
    if (lags && !lagged)
        tell(self);
    return passes;
}

static gboolean has_set(GObject *object, const gchar *property)
{
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(object), property);
    gboolean value = FALSE;

    if (spec && G_PARAM_SPEC_VALUE_TYPE(spec) == G_TYPE_BOOLEAN && spec->flags & G_PARAM_READABLE)
        g_object_get(object, property, &value, NULL);
    return value;
}

static gint find_reporting(gconstpointer item, G_GNUC_UNUSED gconstpointer user_data)
{
    GObject *sink = g_value_get_object(item);

    return has_set(sink, "sync") && has_set(sink, "qos") ? 0 : 1;
}

/* Whether the pipeline has a sink that keeps to the clock and reports lateness. */
static gboolean has_reporting_sink(GstHrnetSeg *self)
{
    GstObject *pipeline = gst_object_ref(GST_OBJECT(self));
    GValue found = G_VALUE_INIT;
    gboolean has = FALSE;

    while (pipeline && !GST_IS_PIPELINE(pipeline)) {
        GstObject *parent = gst_object_get_parent(pipeline);

        gst_object_unref(pipeline);
        pipeline = parent;
    }
    if (pipeline) {
        GstIterator *sinks = gst_bin_iterate_sinks(GST_BIN(pipeline));

        has = gst_iterator_find_custom(sinks, find_reporting, &found, NULL);
        if (has)
            g_value_unset(&found);
        gst_iterator_free(sinks);
        gst_object_unref(pipeline);
    }
    return has;
}

static GstClockTime frame_duration(GstHrnetSeg *self)
{
    const gint fps_n = GST_VIDEO_INFO_FPS_N(&self->in_info);

    if (fps_n <= 0)
        return USUAL_DURATION;
    return gst_util_uint64_scale_int(GST_SECOND, GST_VIDEO_INFO_FPS_D(&self->in_info), fps_n);
}

/* Others take their part of the time, too. */
static gboolean is_slow(GstHrnetSeg *self, GstClockTime waited)
{
    return waited > frame_duration(self) * 3 / 4;
}

static gboolean foresees_reports(GstHrnetSeg *self)
{
    gboolean is_free;

    GST_OBJECT_LOCK(self);
    is_free = gst_hrnet_seg_latency_is_free_locked(self);
    GST_OBJECT_UNLOCK(self);
    return is_free && has_reporting_sink(self);
}

gboolean gst_hrnet_seg_qos_doubts(GstHrnetSeg *self, GstClockTime waited)
{
    return self->usual == 0 && is_slow(self, waited) && foresees_reports(self);
}

void gst_hrnet_seg_qos_note(GstHrnetSeg *self, GstClockTime waited)
{
    gboolean slow, foreseen;

    self->usual = self->usual ? (3 * self->usual + waited) / 4 : waited;
    slow = is_slow(self, self->usual);
    foreseen = slow && foresees_reports(self);
    GST_OBJECT_LOCK(self);
    self->lateness.slow = slow;
    if (foreseen)
        begin_to_lag(self);
    GST_OBJECT_UNLOCK(self);
    if (foreseen)
        tell(self);
}

gboolean gst_hrnet_seg_qos_is_late(GstHrnetSeg *self, GstClockTime time)
{
    const GstClockTime then = self->result->running_time;
    GstClockTime earliest;
    gboolean heeds;

    GST_OBJECT_LOCK(self);
    earliest = self->lateness.earliest_time;
    heeds = gst_hrnet_seg_latency_is_free_locked(self);
    GST_OBJECT_UNLOCK(self);
    return heeds && GST_CLOCK_TIME_IS_VALID(then) && GST_CLOCK_TIME_IS_VALID(earliest) &&
           time <= earliest && time >= then && time - then < MAX_REUSE_TIME;
}
