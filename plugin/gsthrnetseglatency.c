/* hrnetseg: whether frames wait for masks, and what that adds to the latency.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetfault.h"
#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

static GstBaseTransformClass *base_class;

/* Only a pipeline has a clock to keep up with. */
static gboolean is_in_pipeline(GstHrnetSeg *self)
{
    GstObject *parent = gst_object_get_parent(GST_OBJECT(self));

    while (parent && !GST_IS_PIPELINE(parent)) {
        GstObject *next = gst_object_get_parent(parent);

        gst_object_unref(parent);
        parent = next;
    }
    if (!parent)
        return FALSE;
    gst_object_unref(parent);
    return TRUE;
}

static gboolean upstream_is_live(GstHrnetSeg *self)
{
    GstQuery *query = gst_query_new_latency();
    gboolean live = FALSE;

    if (gst_pad_peer_query(GST_BASE_TRANSFORM_SINK_PAD(self), query))
        gst_query_parse_latency(query, &live, NULL, NULL);
    gst_query_unref(query);
    return live;
}

gboolean gst_hrnet_seg_latency_is_free_locked(GstHrnetSeg *self)
{
    const GstHrnetSettings *settings = &self->settings;

    /* A mask of before does not hide what has moved since. */
    return settings->sync_mode == GST_HRNET_SYNC_AUTO && !settings->fail_closed &&
           !gst_hrnet_mode_traits((GstHrnetMode)settings->mode)->hides;
}

static gboolean waits(GstHrnetSeg *self, gboolean live)
{
    gboolean is_free, wants, lags;

    GST_OBJECT_LOCK(self);
    is_free = gst_hrnet_seg_latency_is_free_locked(self);
    wants = self->settings.sync_mode != GST_HRNET_SYNC_LATEST;
    lags = self->lateness.lags;
    GST_OBJECT_UNLOCK(self);
    return is_free ? !lags && !(live && is_in_pipeline(self)) : wants;
}

void gst_hrnet_seg_latency_choose(GstHrnetSeg *self)
{
    const gboolean latest = !waits(self, upstream_is_live(self));

    if (latest != self->latest) {
        GST_INFO_OBJECT(self, "frames %s for their masks", latest ? "do not wait" : "wait");
        /* The network is wanted here now, or there. */
        g_clear_pointer(&self->worker, gst_hrnet_worker_free);
        self->latest = latest;
        gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
    }
}

/* The network's time for a picture of its size, 0 where it does not run. The first run only warms
 * it up. */
static GstClockTime measure(HrnetSession *session, guint height, guint width)
{
    guint n_classes, rows, columns;
    gsize n_input = (gsize)3 * height * width, n_logits;
    g_autofree gfloat *input = NULL;
    g_autofree gfloat *logits = NULL;
    GstClockTime start = 0;

    hrnet_session_get_logits_size(session, &n_classes, &rows, &columns);
    n_logits = (gsize)n_classes * rows * columns;
    input = g_try_new0(gfloat, n_input);
    logits = g_try_new(gfloat, n_logits);
    if (!input || !logits)
        return 0;
    for (guint run = 0; run < 2; run++) {
        start = gst_util_get_timestamp();
        if (!hrnet_session_run(session, input, n_input, logits, n_logits, NULL))
            return 0;
        gst_hrnet_fault_delay(start);
    }
    return gst_util_get_timestamp() - start;
}

void gst_hrnet_seg_latency_estimate(GstHrnetSeg *self, const GstHrnetNetworkParams *params)
{
    GstHrnetNetwork *network = self->network;
    GstHrnetShape shape;
    GstClockTime time;
    gboolean exact;

    GST_OBJECT_LOCK(self);
    exact = self->settings.sync_mode == GST_HRNET_SYNC_EXACT;
    GST_OBJECT_UNLOCK(self);
    if (!exact || !gst_hrnet_network_shape(network->model, params, &shape, NULL) ||
        !gst_hrnet_network_prepare(network, &shape, NULL))
        return;
    time = measure(network->session, shape.height, shape.width);
    GST_OBJECT_LOCK(self);
    /* A frame takes more than the network does: conversion and labels. */
    self->latency = time + time / 4;
    GST_OBJECT_UNLOCK(self);
}

void gst_hrnet_seg_latency_note(GstHrnetSeg *self, GstClockTime waited)
{
    GstClockTime told;
    gboolean changed;

    /* The longest of late, which fades by half in about a hundred frames. */
    gst_hrnet_seg_qos_note(self, waited);
    self->slowest = MAX(waited, self->slowest - self->slowest / 128);
    GST_OBJECT_LOCK(self);
    told = self->latency;
    changed = self->slowest > told + told / 4 || self->slowest < told - told / 4;
    if (changed)
        self->latency = self->slowest;
    GST_OBJECT_UNLOCK(self);
    if (changed)
        gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
}

static gboolean query_latency(GstHrnetSeg *self, GstQuery *query)
{
    GstClockTime min, max, own = 0;
    gboolean live;

    if (!gst_pad_peer_query(GST_BASE_TRANSFORM_SINK_PAD(self), query))
        return FALSE;
    gst_query_parse_latency(query, &live, &min, &max);
    if (waits(self, live)) {
        GST_OBJECT_LOCK(self);
        own = self->latency;
        GST_OBJECT_UNLOCK(self);
    }
    GST_DEBUG_OBJECT(self, "upstream has %" GST_TIME_FORMAT ", masks take %" GST_TIME_FORMAT,
                     GST_TIME_ARGS(min), GST_TIME_ARGS(own));
    gst_query_set_latency(query, live, min + own, GST_CLOCK_TIME_IS_VALID(max) ? max + own : max);
    return TRUE;
}

static gboolean query(GstBaseTransform *trans, GstPadDirection direction, GstQuery *request)
{
    if (direction == GST_PAD_SRC && GST_QUERY_TYPE(request) == GST_QUERY_LATENCY)
        return query_latency(GST_HRNET_SEG(trans), request);
    return base_class->query(trans, direction, request);
}

void gst_hrnet_seg_latency_class_init(GstBaseTransformClass *klass)
{
    base_class = g_type_class_peek_parent(klass);
    klass->query = GST_DEBUG_FUNCPTR(query);
}
