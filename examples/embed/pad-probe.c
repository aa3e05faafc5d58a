/* GStreamer: reads the masks that hrnetseg attaches to the frames of a pipeline, in a pad probe.
 *
 *     cc pad-probe.c -o pad-probe $(pkg-config --cflags --libs gstreamer-video-1.0)
 *     ./pad-probe 'v4l2src ! videoconvert ! hrnetseg name=seg mode=meta ! fakesink'
 *
 * The pipeline has to have a hrnetseg of the name `seg`. The program links no plugin: the metadata
 * is a custom one, a GstStructure by the name of `GstHrnetSegMeta`.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>
#include <gst/video/video.h>

/* Pixels of each label in a mask: GRAY8, 0 = unlabelled, k = class k - 1 of the model. */
static gboolean count_labels(GstBuffer *mask, guint64 counts[256], guint64 *n_pixels)
{
    GstVideoMeta *meta = gst_buffer_get_video_meta(mask);
    GstMapInfo map;
    guint8 *pixels;
    gint stride;

    /* The metadata, not the caps of the video, tells a mask's size and stride. */
    if (!meta || !gst_video_meta_map(meta, 0, &map, (gpointer *)&pixels, &stride, GST_MAP_READ))
        return FALSE;
    for (guint y = 0; y < meta->height; y++)
        for (guint x = 0; x < meta->width; x++)
            counts[pixels[(gsize)y * (gsize)stride + x]]++;
    *n_pixels = (guint64)meta->width * meta->height;
    gst_video_meta_unmap(meta, 0, &map);
    return TRUE;
}

static void print_frame(const GstStructure *segmentation)
{
    const GValue *classes = gst_structure_get_value(segmentation, "classes");
    guint64 counts[256] = { 0 }, n_pixels = 0, pts = GST_CLOCK_TIME_NONE;
    g_autoptr(GstBuffer) mask = NULL;

    if (!gst_structure_get(segmentation, "mask", GST_TYPE_BUFFER, &mask, "pts", G_TYPE_UINT64, &pts,
                           NULL) ||
        !count_labels(mask, counts, &n_pixels))
        return;
    g_print("%" GST_TIME_FORMAT, GST_TIME_ARGS(pts));
    for (guint label = 1; label < gst_value_array_get_size(classes); label++)
        if (counts[label])
            g_print("  %s %.1f%%", g_value_get_string(gst_value_array_get_value(classes, label)),
                    100.0 * (gdouble)counts[label] / (gdouble)n_pixels);
    g_print("\n");
}

/* Runs on the streaming thread: what takes long belongs elsewhere, with a reference to the mask. */
static GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    GstBuffer *buffer = gst_pad_probe_info_get_buffer(info);
    GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, "GstHrnetSegMeta");

    (void)pad, (void)user_data;
    if (meta)
        print_frame(gst_custom_meta_get_structure(meta));
    return GST_PAD_PROBE_OK;
}

/* Until the stream ends or fails. Returns the exit status. */
static int wait_for_end(GstElement *pipeline)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
    g_autoptr(GstMessage) message =
        gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    g_autoptr(GError) error = NULL;

    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS)
        return 0;
    gst_message_parse_error(message, &error, NULL);
    g_printerr("%s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
    return 1;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GstElement) pipeline = NULL, seg = NULL;
    g_autoptr(GstPad) pad = NULL;
    int status;

    gst_init(&argc, &argv);
    if (argc != 2) {
        g_printerr("usage: %s PIPELINE, with a hrnetseg name=seg in it\n", argv[0]);
        return 2;
    }
    pipeline = gst_parse_launch(argv[1], &error);
    if (error) {
        g_printerr("%s\n", error->message);
        return 1;
    }
    seg = GST_IS_BIN(pipeline) ? gst_bin_get_by_name(GST_BIN(pipeline), "seg") : NULL;
    if (!seg) {
        g_printerr("no element of the name seg in the pipeline\n");
        return 2;
    }
    pad = gst_element_get_static_pad(seg, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, NULL, NULL);

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    status = wait_for_end(pipeline);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    return status;
}
