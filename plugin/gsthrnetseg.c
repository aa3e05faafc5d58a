/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-hrnetseg
 * @title: hrnetseg
 * @short_description: Semantic segmentation of video with HRNetV2
 *
 * hrnetseg tells for every pixel of every frame which class it belongs to, with an HRNetV2 network
 * on the CPU. What leaves the element is chosen by #GstHrnetSeg:mode: the frame with its classes
 * painted over it, the labels as GRAY8 video, or the frame as it came. In every mode the mask can
 * travel with the frame as metadata.
 *
 * A label is a byte: 0 means unlabelled, k is the network's class k-1.
 *
 * ## Metadata
 *
 * With #GstHrnetSeg:attach-meta each frame carries the custom metadata `GstHrnetSegMeta` (see
 * gst_buffer_get_custom_meta()), a #GstStructure with the fields
 *
 * * `mask`: #GstBuffer with #GstVideoMeta, GRAY8, the labels at the frame's size. It is shared and
 * must not be written
 * * `classes`: #GstValueArray of strings, the names of labels 0 to N
 * * `pts`: #guint64, the timestamp of the frame that was segmented
 * * `model`: #gchararray, the model's name
 *
 * It is copied with the frame, scaled where a scaler says that it scales, and dropped elsewhere.
 *
 * ## Properties while playing
 *
 * All properties may be set in any state. A new #GstHrnetSeg:model is loaded beside the stream,
 * which goes on with the former until the new one is ready; where loading fails a warning is posted
 * and the former stays. In the same way values that mean nothing (an unknown class, a palette too
 * short) are an error when the element starts, and a warning that changes nothing later.
 *
 * ## Late frames
 *
 * Frames are never dropped. One of which a QoS event says that it comes too late is let through
 * with the last mask, unless that is older than a second.
 *
 * Interlaced frames are segmented as if they were progressive.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! hrnetseg ! videoconvert ! autovideosink
 * ]|
 * People in front of a camera, painted.
 * |[
 * gst-launch-1.0 v4l2src ! hrnetseg model=street classes=road,car opacity=0.7 ! autovideosink
 * ]|
 * Two of the street's classes.
 * |[
 * gst-launch-1.0 v4l2src ! hrnetseg mode=mask ! pngenc snapshot=1 ! filesink location=mask.png
 * ]|
 * The labels of a frame themselves, as a picture.
 */

#include "gsthrnetseg.h"

#include "gsthrnetimage.h"

GST_DEBUG_CATEGORY(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

#define DEFAULT_MODEL          "people"
#define DEFAULT_MODE           GST_HRNET_MODE_OVERLAY
#define DEFAULT_ATTACH_META    TRUE
#define DEFAULT_OPACITY        0.5
#define DEFAULT_PALETTE        "model"
#define DEFAULT_INFERENCE_SIZE "model"
#define DEFAULT_THREADS        0
#define MAX_THREADS            64
#define DEFAULT_PRECISION      HRNET_PRECISION_AUTO

enum {
    PROP_0,
    PROP_MODEL,
    PROP_MODEL_OPTIONS,
    PROP_MODE,
    PROP_ATTACH_META,
    PROP_OPACITY,
    PROP_CLASSES,
    PROP_PALETTE,
    PROP_INFERENCE_SIZE,
    PROP_THREADS,
    PROP_PRECISION,
    PROP_STATS,
};

#define CAPS                                                                                       \
    "video/x-raw, format = (string) " GST_HRNET_FORMATS ", width = (int) " GST_HRNET_SIZE_RANGE    \
    ", height = (int) " GST_HRNET_SIZE_RANGE ", framerate = (fraction) [ 0, max ]"

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));

G_DEFINE_TYPE_WITH_CODE(GstHrnetSeg, gst_hrnet_seg, GST_TYPE_BASE_TRANSFORM,
                        GST_DEBUG_CATEGORY_INIT(gst_hrnet_seg_debug, "hrnetseg", 0,
                                                "HRNet segmentation"))
GST_ELEMENT_REGISTER_DEFINE(hrnetseg, "hrnetseg", GST_RANK_NONE, GST_TYPE_HRNET_SEG)

/* Sets a string property. Returns whether it changed. */
static gboolean replace_string(gchar **place, const GValue *value)
{
    if (g_strcmp0(*place, g_value_get_string(value)) == 0)
        return FALSE;
    g_free(*place);
    *place = g_value_dup_string(value);
    return TRUE;
}

/* What a change of a property asks for besides being stored. */
typedef struct {
    guint changes; /* GstHrnetChanges */
    gboolean loads, renegotiates;
} Consequences;

static gboolean set_locked(GstHrnetSettings *settings, guint id, const GValue *value,
                           Consequences *then)
{
    switch (id) {
    case PROP_MODEL:
        then->loads = replace_string(&settings->model, value);
        break;
    case PROP_MODEL_OPTIONS:
        then->loads = replace_string(&settings->model_options, value);
        break;
    case PROP_MODE:
        then->renegotiates = settings->mode != (GstHrnetMode)g_value_get_enum(value);
        settings->mode = g_value_get_enum(value);
        break;
    case PROP_ATTACH_META:
        settings->attach_meta = g_value_get_boolean(value);
        break;
    case PROP_OPACITY:
        settings->opacity = g_value_get_double(value);
        break;
    case PROP_CLASSES:
        then->changes = replace_string(&settings->classes, value) ? GST_HRNET_CHANGED_PAINT : 0;
        break;
    case PROP_PALETTE:
        then->changes = replace_string(&settings->palette, value) ? GST_HRNET_CHANGED_PAINT : 0;
        break;
    case PROP_INFERENCE_SIZE:
        then->changes =
            replace_string(&settings->inference_size, value) ? GST_HRNET_CHANGED_SESSION : 0;
        break;
    case PROP_THREADS:
        settings->n_threads = g_value_get_uint(value);
        then->changes = GST_HRNET_CHANGED_SESSION;
        break;
    case PROP_PRECISION:
        settings->precision = g_value_get_enum(value);
        then->changes = GST_HRNET_CHANGED_SESSION;
        break;
    default:
        return FALSE;
    }
    return TRUE;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    GstHrnetSeg *self = GST_HRNET_SEG(object);
    Consequences then = { 0 };
    gboolean known;

    GST_OBJECT_LOCK(self);
    known = set_locked(&self->settings, id, value, &then);
    self->changes |= then.changes;
    GST_OBJECT_UNLOCK(self);

    if (!known)
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    if (then.loads)
        gst_hrnet_seg_model_reload(self);
    if (then.renegotiates) {
        gst_base_transform_reconfigure_src(GST_BASE_TRANSFORM(self));
        /* A mode has its own answer to the allocation query. */
        gst_base_transform_reconfigure_sink(GST_BASE_TRANSFORM(self));
    }
}

/* (transfer full) */
static GstStructure *stats_locked(const GstHrnetStats *stats)
{
    return gst_structure_new(
        "application/x-hrnetseg-stats", "frames", G_TYPE_UINT64, stats->n_frames, "inferences",
        G_TYPE_UINT64, stats->n_inferences, "reused", G_TYPE_UINT64, stats->n_reused,
        "inference-ns", G_TYPE_UINT64, stats->inference_ns / MAX(stats->n_inferences, 1),
        "render-ns", G_TYPE_UINT64, stats->render_ns / MAX(stats->n_rendered, 1), "mask-age-ns",
        G_TYPE_UINT64, stats->mask_age_ns, "pool-buffers", G_TYPE_UINT, stats->n_masks, NULL);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    GstHrnetSeg *self = GST_HRNET_SEG(object);
    const GstHrnetSettings *settings = &self->settings;

    GST_OBJECT_LOCK(self);
    switch (id) {
    case PROP_MODEL:
        g_value_set_string(value, settings->model);
        break;
    case PROP_MODEL_OPTIONS:
        g_value_set_string(value, settings->model_options);
        break;
    case PROP_MODE:
        g_value_set_enum(value, settings->mode);
        break;
    case PROP_ATTACH_META:
        g_value_set_boolean(value, settings->attach_meta);
        break;
    case PROP_OPACITY:
        g_value_set_double(value, settings->opacity);
        break;
    case PROP_CLASSES:
        g_value_set_string(value, settings->classes);
        break;
    case PROP_PALETTE:
        g_value_set_string(value, settings->palette);
        break;
    case PROP_INFERENCE_SIZE:
        g_value_set_string(value, settings->inference_size);
        break;
    case PROP_THREADS:
        g_value_set_uint(value, settings->n_threads);
        break;
    case PROP_PRECISION:
        g_value_set_enum(value, settings->precision);
        break;
    case PROP_STATS:
        g_value_take_boxed(value, stats_locked(&self->stats));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
    GST_OBJECT_UNLOCK(self);
}

static gboolean start(GstBaseTransform *trans)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);

    GST_OBJECT_LOCK(self);
    self->stats = (GstHrnetStats){ 0 };
    self->earliest_time = GST_CLOCK_TIME_NONE;
    GST_OBJECT_UNLOCK(self);
    return gst_hrnet_seg_model_open(self);
}

static gboolean stop(GstBaseTransform *trans)
{
    gst_hrnet_seg_model_close(GST_HRNET_SEG(trans));
    return TRUE;
}

static void finalize(GObject *object)
{
    GstHrnetSeg *self = GST_HRNET_SEG(object);

    gst_hrnet_network_free(self->pending);
    g_free(self->settings.model);
    g_free(self->settings.model_options);
    g_free(self->settings.classes);
    g_free(self->settings.palette);
    g_free(self->settings.inference_size);
    G_OBJECT_CLASS(gst_hrnet_seg_parent_class)->finalize(object);
}

static void gst_hrnet_seg_init(GstHrnetSeg *self)
{
    GstBaseTransform *trans = GST_BASE_TRANSFORM(self);

    self->settings = (GstHrnetSettings){
        .model = g_strdup(DEFAULT_MODEL),
        .model_options = g_strdup(""),
        .classes = g_strdup(""),
        .palette = g_strdup(DEFAULT_PALETTE),
        .inference_size = g_strdup(DEFAULT_INFERENCE_SIZE),
        .mode = DEFAULT_MODE,
        .attach_meta = DEFAULT_ATTACH_META,
        .opacity = DEFAULT_OPACITY,
        .n_threads = DEFAULT_THREADS,
        .precision = DEFAULT_PRECISION,
    };
    self->earliest_time = GST_CLOCK_TIME_NONE;
    /* Each frame decides for itself whether it is drawn on in place, see prepare_output_buffer().
     */
    gst_base_transform_set_in_place(trans, FALSE);
    gst_base_transform_set_passthrough(trans, FALSE);
    /* Late frames are let through with the last mask: the base class would drop them. */
    gst_base_transform_set_qos_enabled(trans, FALSE);
    gst_base_transform_set_gap_aware(trans, TRUE);
}

#define FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

static void install_model_properties(GObjectClass *object)
{
    g_object_class_install_property(
        object, PROP_MODEL,
        g_param_spec_string("model", "Model",
                            "Path of a model file, or a model's bare name, looked up in "
                            "HRNET_MODEL_PATH and the installed folder",
                            DEFAULT_MODEL, FLAGS));
    g_object_class_install_property(
        object, PROP_MODEL_OPTIONS,
        g_param_spec_string("model-options", "Model options",
                            "Structure whose fields go over the model file's own metadata, such as "
                            "\"options,align_corners=true,classes=<sky,tree>\"",
                            "", FLAGS));
    g_object_class_install_property(
        object, PROP_INFERENCE_SIZE,
        g_param_spec_string("inference-size", "Inference size",
                            "Size that the network sees: HxW, \"model\" (what the model was made "
                            "for) or \"auto\" (the model's area in the frame's shape)",
                            DEFAULT_INFERENCE_SIZE, FLAGS));
    g_object_class_install_property(
        object, PROP_THREADS,
        g_param_spec_uint("threads", "Threads", "Threads that compute, 0 for one per available CPU",
                          0, MAX_THREADS, DEFAULT_THREADS, FLAGS));
    g_object_class_install_property(
        object, PROP_PRECISION,
        g_param_spec_enum("precision", "Precision", "Arithmetic of the network",
                          GST_TYPE_HRNET_PRECISION, DEFAULT_PRECISION, FLAGS));
}

static void install_output_properties(GObjectClass *object)
{
    g_object_class_install_property(object, PROP_MODE,
                                    g_param_spec_enum("mode", "Mode", "What leaves the element",
                                                      GST_TYPE_HRNET_MODE, DEFAULT_MODE, FLAGS));
    g_object_class_install_property(
        object, PROP_ATTACH_META,
        g_param_spec_boolean("attach-meta", "Attach metadata",
                             "Attach the mask to each frame as GstHrnetSegMeta, in every mode",
                             DEFAULT_ATTACH_META, FLAGS));
    g_object_class_install_property(
        object, PROP_OPACITY,
        g_param_spec_double("opacity", "Opacity", "Opacity of the overlay, 0 shows none of it", 0,
                            1, DEFAULT_OPACITY, FLAGS | GST_PARAM_CONTROLLABLE));
    g_object_class_install_property(
        object, PROP_CLASSES,
        g_param_spec_string(
            "classes", "Classes",
            "Comma-separated names or labels (from 1) of the classes that are drawn; "
            "empty for the model's foreground. Masks and metadata hold all classes",
            "", FLAGS));
    g_object_class_install_property(
        object, PROP_PALETTE,
        g_param_spec_string(
            "palette", "Palette",
            "\"model\", or comma-separated colours #rrggbb, one for each class from "
            "label 1 on",
            DEFAULT_PALETTE, FLAGS));
    g_object_class_install_property(
        object, PROP_STATS,
        g_param_spec_boxed(
            "stats", "Statistics",
            "Counts since the start (frames, inferences, reused), mean times "
            "(inference-ns, render-ns), the last mask's age (mask-age-ns), and masks "
            "in the pool (pool-buffers)",
            GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void gst_hrnet_seg_class_init(GstHrnetSegClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    GstElementClass *element = GST_ELEMENT_CLASS(klass);
    GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS(klass);

    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    install_model_properties(object);
    install_output_properties(object);

    gst_element_class_set_static_metadata(element, "HRNet segmentation",
                                          "Filter/Analyzer/Effect/Video",
                                          "Finds the class of every pixel with HRNetV2, and paints "
                                          "it, sends it as video or attaches it",
                                          "The gst-hrnet authors");
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);

    base->start = GST_DEBUG_FUNCPTR(start);
    base->stop = GST_DEBUG_FUNCPTR(stop);
    gst_hrnet_seg_caps_class_init(base);
    gst_hrnet_seg_frame_class_init(base);

    gst_type_mark_as_plugin_api(GST_TYPE_HRNET_MODE, 0);
    gst_type_mark_as_plugin_api(GST_TYPE_HRNET_PRECISION, 0);
}
