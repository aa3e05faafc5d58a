/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "any_change.h"

#include <stdlib.h>

static const gchar *const settings[] = {
    "mode=overlay",
    "mode=mask",
    "mode=meta",
    "mode=alpha",
    "mode=blur",
    "mode=fill",
    "mode=pixelate",
    "sync-mode=exact",
    "sync-mode=latest",
    "sync-mode=auto",
    "opacity=0",
    "opacity=0.3",
    "opacity=1",
    "attach-meta=true",
    "attach-meta=false",
    "classes=",
    "classes=person",
    "classes=1,3",
    "classes=nobody",
    "palette=model",
    "palette=#102030,#405060,#708090",
    "palette=#102030",
    "inference-size=model",
    "inference-size=auto",
    "inference-size=33x47",
    "inference-size=64x64",
    "inference-size=nonsense",
    "threads=0",
    "threads=1",
    "threads=3",
    "precision=fp32",
    "precision=auto",
    "target-fps=0",
    "target-fps=7",
    "static-threshold=0",
    "static-threshold=0.05",
    "invert=true",
    "invert=false",
    "strength=1",
    "strength=100",
    "fill-color=0x80ff0000",
    "margin=0",
    "margin=5",
    "fail-closed=true",
    "fail-closed=false",
    "max-mask-age=0",
    "max-mask-age=10000",
    "class-style=",
    "class-style=car:#ffffff:0.2",
    "message-interval=0",
    "message-interval=50",
    "smoothing=0",
    "smoothing=200",
    "edge-refine=true",
    "edge-refine=false",
    "smoothing=0",
    "smoothing=1",
    "smoothing=300",
    "edge-refine=false",
    "edge-refine=true",
    "model=test",
    "model=no-such-model",
    "model=" HRNET_MODELS "/people.safetensors",
    "model-options=",
    "model-options=align_corners=true",
};

void change_any_property(GstElement *element, GRand *rand)
{
    gchar **pair = g_strsplit(settings[g_rand_int_range(rand, 0, G_N_ELEMENTS(settings))], "=", 2);

    GST_INFO("%s=%s", pair[0], pair[1]);
    if (g_str_equal(pair[0], "fill-color"))
        g_object_set(element, pair[0], (guint)strtoul(pair[1], NULL, 16), NULL);
    else
        gst_util_set_object_arg(G_OBJECT(element), pair[0], pair[1]);
    g_strfreev(pair);
}

static void change_caps(GstHarness *h, GRand *rand, GstVideoInfo *info)
{
    harness_set_frame_caps(h, all_formats[g_rand_int_range(rand, 0, N_FORMATS)],
                           g_rand_int_range(rand, 16, 130), g_rand_int_range(rand, 16, 100), "",
                           info);
}

static void flush(GstHarness *h)
{
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(h, gst_event_new_flush_start());
    gst_harness_push_event(h, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(h, gst_event_new_segment(&segment));
}

void expect_no_error(GstBus *bus)
{
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    GError *error = NULL;

    if (message)
        gst_message_parse_error(message, &error, NULL);
    fail_unless(message == NULL, "%s", error ? error->message : "");
    while ((message = gst_bus_pop(bus)) != NULL)
        gst_message_unref(message);
}

void change_anything(GstHarness *h, GRand *rand, GstVideoInfo *info, guint n)
{
    const gint kind = g_rand_int_range(rand, 0, 20);

    if (kind == 0)
        change_caps(h, rand, info);
    else if (kind == 1)
        flush(h);
    else if (kind == 2)
        gst_harness_push_upstream_event(
            h, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND, frame_time(n)));
    else
        change_any_property(h->element, rand);
}

void set_what_is_valid(GstElement *element)
{
    g_object_set(element, "model", "test", "model-options", "", "classes", "", "class-style", "",
                 "palette", "model", "inference-size", "model", NULL);
}
