/* hrnetseg: properties.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetseg.h"

#define DEFAULT_MODEL          "people"
#define DEFAULT_MODE           GST_HRNET_MODE_OVERLAY
#define DEFAULT_ATTACH_META    TRUE
#define DEFAULT_OPACITY        0.5
#define DEFAULT_PALETTE        "model"
#define DEFAULT_INFERENCE_SIZE "auto"
#define DEFAULT_THREADS        0
#define MAX_THREADS            64
#define DEFAULT_PRECISION      HRNET_PRECISION_AUTO
#define DEFAULT_SYNC_MODE      GST_HRNET_SYNC_AUTO
#define MAX_TARGET_FPS         1000
#define DEFAULT_STRENGTH       30
#define DEFAULT_FILL_COLOR     0xff000000u
#define DEFAULT_FILL           "#000000"
#define DEFAULT_MAX_MASK_AGE   500
#define MAX_MARGIN             1024

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
    PROP_SYNC_MODE,
    PROP_TARGET_FPS,
    PROP_STATIC_THRESHOLD,
    PROP_INVERT,
    PROP_STRENGTH,
    PROP_FILL_COLOR,
    PROP_FILL,
    PROP_FAIL_CLOSED,
    PROP_MAX_MASK_AGE,
    PROP_MARGIN,
    PROP_CLASS_STYLE,
    PROP_MESSAGE_INTERVAL,
    PROP_SMOOTHING,
    PROP_EDGE_REFINE,
    PROP_ADAPTIVE_SIZE,
    PROP_ORIENTATION,
    PROP_OUTLINE,
    PROP_STATS,
};

/* Where a property is kept, and what its change asks for. */
typedef struct {
    gsize offset; /* in GstHrnetSettings */
    GType type;   /* fundamental */
    guint changes;
    gboolean loads;
} Field;

#define FIELD(member, type, ...)                                                                   \
    {                                                                                              \
        G_STRUCT_OFFSET(GstHrnetSettings, member), type, __VA_ARGS__                               \
    }

static const Field fields[PROP_STATS] = {
    [PROP_MODEL] = FIELD(model, G_TYPE_STRING, .loads = TRUE),
    [PROP_MODEL_OPTIONS] = FIELD(model_options, G_TYPE_STRING, .loads = TRUE),
    [PROP_MODE] = FIELD(mode, G_TYPE_ENUM, GST_HRNET_CHANGED_SYNC),
    [PROP_ATTACH_META] = FIELD(attach_meta, G_TYPE_BOOLEAN, 0),
    [PROP_OPACITY] = FIELD(opacity, G_TYPE_DOUBLE, 0),
    [PROP_CLASSES] = FIELD(classes, G_TYPE_STRING, GST_HRNET_CHANGED_PAINT),
    [PROP_PALETTE] = FIELD(palette, G_TYPE_STRING, GST_HRNET_CHANGED_PAINT),
    [PROP_INFERENCE_SIZE] = FIELD(inference_size, G_TYPE_STRING, GST_HRNET_CHANGED_SESSION),
    [PROP_THREADS] = FIELD(n_threads, G_TYPE_UINT, GST_HRNET_CHANGED_SESSION),
    [PROP_PRECISION] = FIELD(precision, G_TYPE_ENUM, GST_HRNET_CHANGED_SESSION),
    [PROP_SYNC_MODE] = FIELD(sync_mode, G_TYPE_ENUM, GST_HRNET_CHANGED_SYNC),
    [PROP_TARGET_FPS] = FIELD(target_fps, G_TYPE_DOUBLE, 0),
    [PROP_STATIC_THRESHOLD] = FIELD(static_threshold, G_TYPE_DOUBLE, 0),
    [PROP_INVERT] = FIELD(invert, G_TYPE_BOOLEAN, 0),
    [PROP_STRENGTH] = FIELD(strength, G_TYPE_UINT, 0),
    [PROP_FILL_COLOR] = FIELD(fill_color, G_TYPE_UINT, 0),
    [PROP_FAIL_CLOSED] = FIELD(fail_closed, G_TYPE_BOOLEAN, GST_HRNET_CHANGED_SYNC),
    [PROP_MAX_MASK_AGE] = FIELD(max_mask_age, G_TYPE_UINT, 0),
    [PROP_MARGIN] = FIELD(margin, G_TYPE_UINT, 0),
    [PROP_CLASS_STYLE] = FIELD(class_style, G_TYPE_STRING, GST_HRNET_CHANGED_PAINT),
    [PROP_MESSAGE_INTERVAL] = FIELD(message_interval, G_TYPE_UINT, 0),
    [PROP_SMOOTHING] = FIELD(smoothing, G_TYPE_UINT, 0),
    [PROP_EDGE_REFINE] = FIELD(edge_refine, G_TYPE_BOOLEAN, 0),
    [PROP_ADAPTIVE_SIZE] = FIELD(adaptive_size, G_TYPE_BOOLEAN, GST_HRNET_CHANGED_SESSION),
    [PROP_ORIENTATION] = FIELD(orientation, G_TYPE_ENUM, GST_HRNET_CHANGED_SESSION),
    [PROP_OUTLINE] = FIELD(outline, G_TYPE_UINT, 0),
};

/* Returns whether the setting changed. */
static gboolean replace(gpointer place, GType type, const GValue *value)
{
    gboolean changed;

    if (type == G_TYPE_STRING) {
        gchar **string = place;

        changed = g_strcmp0(*string, g_value_get_string(value)) != 0;
        if (changed) {
            g_free(*string);
            *string = g_value_dup_string(value);
        }
    } else if (type == G_TYPE_DOUBLE) {
        changed = *(gdouble *)place != g_value_get_double(value);
        *(gdouble *)place = g_value_get_double(value);
    } else if (type == G_TYPE_UINT) {
        changed = *(guint *)place != g_value_get_uint(value);
        *(guint *)place = g_value_get_uint(value);
    } else {
        const gint number =
            type == G_TYPE_ENUM ? g_value_get_enum(value) : g_value_get_boolean(value);

        changed = *(gint *)place != number;
        *(gint *)place = number;
    }
    return changed;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    GstHrnetSeg *self = GST_HRNET_SEG(object);
    const Field *field = id < PROP_STATS ? &fields[id] : NULL;
    gboolean changed;

    if (id == PROP_FILL) {
        gst_hrnet_seg_fill_set(self, g_value_get_string(value));
        return;
    }
    if (!field || field->type == 0) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        return;
    }
    GST_OBJECT_LOCK(self);
    changed = replace(G_STRUCT_MEMBER_P(&self->settings, field->offset), field->type, value);
    if (changed)
        self->changes |= field->changes;
    if (changed && id == PROP_MODE)
        gst_hrnet_seg_mode_set_locked(self);
    if (id == PROP_FILL_COLOR)
        g_clear_pointer(&self->settings.no_color, g_free);
    GST_OBJECT_UNLOCK(self);

    if (changed && field->loads)
        gst_hrnet_seg_model_reload(self);
    if (changed && id == PROP_FILL_COLOR)
        g_object_notify(object, "fill");
}

/* (transfer full) */
static GstStructure *stats_locked(const GstHrnetStats *stats)
{
    return gst_structure_new(
        "application/x-hrnetseg-stats", "frames", G_TYPE_UINT64, stats->n_frames, "inferences",
        G_TYPE_UINT64, stats->n_inferences, "reused", G_TYPE_UINT64, stats->n_reused,
        "inference-ns", G_TYPE_UINT64, stats->inference_ns / MAX(stats->n_inferences, 1),
        "render-ns", G_TYPE_UINT64, stats->render_ns / MAX(stats->n_rendered, 1), "mask-age-ns",
        G_TYPE_UINT64, stats->mask_age_ns, "pool-buffers", G_TYPE_UINT, stats->n_masks,
        "inference-height", G_TYPE_UINT, stats->inference_height, "inference-width", G_TYPE_UINT,
        stats->inference_width, "precision", G_TYPE_STRING,
        gst_hrnet_precision_name(stats->precision), NULL);
}

static void get_locked(const GstHrnetSettings *settings, const Field *field, GValue *value)
{
    const gconstpointer place = G_STRUCT_MEMBER_P(settings, field->offset);

    if (field->type == G_TYPE_STRING)
        g_value_set_string(value, *(gchar *const *)place);
    else if (field->type == G_TYPE_DOUBLE)
        g_value_set_double(value, *(const gdouble *)place);
    else if (field->type == G_TYPE_UINT)
        g_value_set_uint(value, *(const guint *)place);
    else if (field->type == G_TYPE_ENUM)
        g_value_set_enum(value, *(const gint *)place);
    else
        g_value_set_boolean(value, *(const gint *)place);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    GstHrnetSeg *self = GST_HRNET_SEG(object);

    GST_OBJECT_LOCK(self);
    if (id == PROP_STATS)
        g_value_take_boxed(value, stats_locked(&self->stats));
    else if (id == PROP_FILL)
        g_value_take_string(value, gst_hrnet_seg_fill_get_locked(self));
    else if (id < PROP_STATS && fields[id].type != 0)
        get_locked(&self->settings, &fields[id], value);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    GST_OBJECT_UNLOCK(self);
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
        g_param_spec_string(
            "inference-size", "Inference size",
            "Size that the network sees: \"auto\" (the model's area in the shape "
            "that the frame is displayed in), HxW, or \"model\" (what the model was "
            "made for, the frame squeezed into it), each of the upright frame",
            DEFAULT_INFERENCE_SIZE, FLAGS));
    g_object_class_install_property(
        object, PROP_ORIENTATION,
        g_param_spec_enum("orientation", "Orientation",
                          "How frames have to be turned for the network to see them upright. They "
                          "leave as they came, and so do their masks lie",
                          GST_TYPE_HRNET_ORIENTATION, GST_HRNET_ORIENTATION_AUTO, FLAGS));
    g_object_class_install_property(
        object, PROP_ADAPTIVE_SIZE,
        g_param_spec_boolean(
            "adaptive-size", "Adaptive size",
            "Under load, where frames do not wait for their masks, run the network "
            "at a smaller size than inference-size",
            FALSE, FLAGS));
    g_object_class_install_property(
        object, PROP_THREADS,
        g_param_spec_uint("threads", "Threads", "Threads that compute, 0 for one per available CPU",
                          0, MAX_THREADS, DEFAULT_THREADS, FLAGS));
    g_object_class_install_property(
        object, PROP_PRECISION,
        g_param_spec_enum("precision", "Precision",
                          "Arithmetic of the network; auto is int8 where the model is calibrated "
                          "and the processor has dot products of bytes, else fp32",
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
        object, PROP_OUTLINE,
        g_param_spec_uint("outline", "Outline",
                          "Width in pixels of a line in each painted class's opaque colour along "
                          "its edges, drawn by the overlay at any opacity; 0 for none",
                          0, HRNET_OUTLINE_MAX_RADIUS, 0, FLAGS | GST_PARAM_CONTROLLABLE));
    g_object_class_install_property(
        object, PROP_CLASSES,
        g_param_spec_string(
            "classes", "Classes",
            "Comma-separated names or labels (from 1) of the classes that are drawn; empty for the "
            "model's foreground. Masks and metadata hold all classes",
            "", FLAGS));
    g_object_class_install_property(
        object, PROP_PALETTE,
        g_param_spec_string("palette", "Palette",
                            "\"model\", or comma-separated colours #rrggbb, one for each class "
                            "from label 1 on",
                            DEFAULT_PALETTE, FLAGS));
    g_object_class_install_property(
        object, PROP_STATS,
        g_param_spec_boxed(
            "stats", "Statistics",
            "Counts since the start (frames, inferences, reused), mean times "
            "(inference-ns, render-ns), the last mask's age (mask-age-ns), masks "
            "in the pool (pool-buffers), and the size and arithmetic that the network "
            "ran in last (inference-height, inference-width, precision: fp32 or "
            "int8, and auto before that)",
            GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void install_live_properties(GObjectClass *object)
{
    g_object_class_install_property(
        object, PROP_CLASS_STYLE,
        g_param_spec_string("class-style", "Class style",
                            "Colour and opacity of single classes of the overlay, in place of the "
                            "palette's and of opacity: name:#rrggbb:opacity, separated by commas; "
                            "either of the last two may be empty",
                            "", FLAGS));
    g_object_class_install_property(
        object, PROP_MESSAGE_INTERVAL,
        g_param_spec_uint(
            "message-interval", "Message interval",
            "Milliseconds of stream time between element messages hrnet-classes, which "
            "tell share, mean confidence and box of each class. 0 for none",
            0, G_MAXUINT, 0, FLAGS));
    g_object_class_install_property(
        object, PROP_SYNC_MODE,
        g_param_spec_enum("sync-mode", "Sync mode",
                          "Whether a frame waits for its own mask, or leaves at once with the "
                          "newest one",
                          GST_TYPE_HRNET_SYNC_MODE, DEFAULT_SYNC_MODE, FLAGS));
    g_object_class_install_property(
        object, PROP_TARGET_FPS,
        g_param_spec_double("target-fps", "Target frame rate",
                            "Most inferences a second of stream time; frames between them keep the "
                            "last mask. 0 for one a frame",
                            0, MAX_TARGET_FPS, 0, FLAGS));
    g_object_class_install_property(
        object, PROP_STATIC_THRESHOLD,
        g_param_spec_double("static-threshold", "Static threshold",
                            "Mean change of luma, of 1, up to which a frame counts as unchanged "
                            "and keeps the last mask. 0 for off",
                            0, 1, 0, FLAGS));
}

static void install_steady_properties(GObjectClass *object)
{
    g_object_class_install_property(
        object, PROP_SMOOTHING,
        g_param_spec_uint("smoothing", "Smoothing",
                          "Half-life, in milliseconds of stream time, of what a frame adds to the "
                          "average of class scores that masks are made of: less flicker where "
                          "nothing moves. 0 for off",
                          0, G_MAXUINT, 0, FLAGS | GST_PARAM_CONTROLLABLE));
    g_object_class_install_property(
        object, PROP_EDGE_REFINE,
        g_param_spec_boolean("edge-refine", "Edge refinement",
                             "Let the edges of masks follow those of the frame's luma, at the "
                             "frame's size",
                             FALSE, FLAGS));
}

static void install_hiding_properties(GObjectClass *object)
{
    g_object_class_install_property(
        object, PROP_INVERT,
        g_param_spec_boolean("invert", "Invert",
                             "Act on all pixels that are of none of the chosen classes instead",
                             FALSE, FLAGS));
    g_object_class_install_property(
        object, PROP_STRENGTH,
        g_param_spec_uint("strength", "Strength",
                          "Radius of the blur, and side of the squares, in thousandths of the "
                          "frame's height",
                          1, 100, DEFAULT_STRENGTH, FLAGS | GST_PARAM_CONTROLLABLE));
    g_object_class_install_property(
        object, PROP_FILL_COLOR,
        g_param_spec_uint("fill-color", "Fill colour", "Colour of `fill`, as 0xAARRGGBB", 0,
                          G_MAXUINT32, DEFAULT_FILL_COLOR, FLAGS | GST_PARAM_CONTROLLABLE));
    g_object_class_install_property(
        object, PROP_FILL,
        g_param_spec_string("fill", "Fill",
                            "The same as fill-color, opaque and as #rrggbb: each has the other's "
                            "value",
                            DEFAULT_FILL, FLAGS));
    g_object_class_install_property(
        object, PROP_FAIL_CLOSED,
        g_param_spec_boolean(
            "fail-closed", "Fail closed",
            "Hide the whole frame while there is no mask, or none that is new "
            "enough, or inference fails: blurred, filled, in squares or transparent "
            "as the mode has it, else black",
            FALSE, FLAGS));
    g_object_class_install_property(
        object, PROP_MAX_MASK_AGE,
        g_param_spec_uint(
            "max-mask-age", "Maximum age of a mask",
            "Milliseconds of stream time after which fail-closed takes a mask for too "
            "old, and after which none is carried on: over a new segment, or a time in which "
            "nobody saw it",
            0, G_MAXUINT, DEFAULT_MAX_MASK_AGE, FLAGS));
    g_object_class_install_property(
        object, PROP_MARGIN,
        g_param_spec_uint("margin", "Margin", "Pixels by which the region that is hidden grows", 0,
                          MAX_MARGIN, 0, FLAGS | GST_PARAM_CONTROLLABLE));
}

void gst_hrnet_seg_props_class_init(GObjectClass *klass)
{
    klass->set_property = set_property;
    klass->get_property = get_property;
    install_model_properties(klass);
    install_output_properties(klass);
    install_live_properties(klass);
    install_steady_properties(klass);
    install_hiding_properties(klass);
    gst_type_mark_as_plugin_api(GST_TYPE_HRNET_MODE, 0);
    gst_type_mark_as_plugin_api(GST_TYPE_HRNET_ORIENTATION, 0);
    gst_type_mark_as_plugin_api(GST_TYPE_HRNET_PRECISION, 0);
    gst_type_mark_as_plugin_api(GST_TYPE_HRNET_SYNC_MODE, 0);
}

void gst_hrnet_seg_props_init(GstHrnetSettings *settings)
{
    *settings = (GstHrnetSettings){
        .model = g_strdup(DEFAULT_MODEL),
        .model_options = g_strdup(""),
        .classes = g_strdup(""),
        .palette = g_strdup(DEFAULT_PALETTE),
        .class_style = g_strdup(""),
        .inference_size = g_strdup(DEFAULT_INFERENCE_SIZE),
        .mode = DEFAULT_MODE,
        .sync_mode = DEFAULT_SYNC_MODE,
        .precision = DEFAULT_PRECISION,
        .orientation = GST_HRNET_ORIENTATION_AUTO,
        .attach_meta = DEFAULT_ATTACH_META,
        .opacity = DEFAULT_OPACITY,
        .n_threads = DEFAULT_THREADS,
        .strength = DEFAULT_STRENGTH,
        .fill_color = DEFAULT_FILL_COLOR,
        .max_mask_age = DEFAULT_MAX_MASK_AGE,
    };
}

void gst_hrnet_seg_props_clear(GstHrnetSettings *settings)
{
    for (guint id = PROP_MODEL; id < PROP_STATS; id++) {
        if (fields[id].type == G_TYPE_STRING)
            g_free(G_STRUCT_MEMBER(gchar *, settings, fields[id].offset));
    }
    g_free(settings->no_color);
}
