/* hrnet-segment: one picture, or one input tensor, through a model.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "npy.h"
#include "options.h"
#include "picture.h"

#include <stdio.h>

/* Of the colours painted over the picture. */
#define OVERLAY_OPACITY 0.5

static struct {
    const gchar *model;
    gchar *size;
    gint threads;
    gchar *precision;
    gchar **settings;
    gchar *labels, *overlay, *logits;
    gchar *input_npy;
    gboolean edge_refine;
    gchar **pictures;
} args = { .model = "people" };

static const GOptionEntry entries[] = {
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &args.model,
      "Model file, or the name of one that is installed (default: people)", "M" },
    { "size", 0, 0, G_OPTION_ARG_FILENAME, &args.size,
      "Size of the network's input, or \"model\" for what the model was made for (default: the "
      "model's area in the upright picture's shape)",
      "HxW" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &args.threads, "Threads (default: one for each CPU)",
      "N" },
    { "precision", 0, 0, G_OPTION_ARG_FILENAME, &args.precision,
      "auto (default: int8 where the model is calibrated and the CPU has dot products of bytes, "
      "AVX-VNNI, AVX-512 VNNI or ARM's FEAT_DotProd, else fp32), fp32 or int8",
      "P" },
    { "set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.settings,
      "Override one of the model's options, hrnet.align_corners=true for one", "KEY=VALUE" },
    { "edge-refine", 0, 0, G_OPTION_ARG_NONE, &args.edge_refine,
      "Let the mask's edges follow those of the picture's luma", NULL },
    { "labels", 0, 0, G_OPTION_ARG_FILENAME, &args.labels,
      "Write the mask: a grey PNG of the picture's size, a label (1 = first class) a pixel",
      "OUT.png" },
    { "overlay", 0, 0, G_OPTION_ARG_FILENAME, &args.overlay,
      "Write the picture with its foreground classes painted", "OUT.png" },
    { "logits", 0, 0, G_OPTION_ARG_FILENAME, &args.logits,
      "Write the network's output, float32 [classes, H/4, W/4]", "OUT.npy" },
    { "input-npy", 0, 0, G_OPTION_ARG_FILENAME, &args.input_npy,
      "Instead of IMAGE: float32 [3, H, W], normalised, run as it is", "IN.npy" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.pictures, NULL, NULL },
    { NULL },
};

static gboolean is_models_size(void)
{
    return g_strcmp0(args.size, "model") == 0;
}

/* Whether a file's name says that it is to be another kind of picture than what is written there.
 */
static gboolean is_other_picture(const gchar *option, const gchar *path)
{
    static const gchar *const others[] = {
        ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"
    };
    g_autofree gchar *name = path ? g_ascii_strdown(path, -1) : NULL;

    for (guint i = 0; name && i < G_N_ELEMENTS(others); i++)
        if (g_str_has_suffix(name, others[i])) {
            tool_misuse("%s %s: a PNG is written, name it .png", option, path);
            return TRUE;
        }
    return FALSE;
}

static gboolean check_usage(guint *height, guint *width, HrnetPrecision *precision)
{
    const guint n_pictures = args.pictures ? g_strv_length(args.pictures) : 0;

    if (!args.input_npy && n_pictures != 1)
        return tool_misuse(n_pictures ? "more than one IMAGE" : "no IMAGE"), FALSE;
    if (args.input_npy && n_pictures)
        return tool_misuse("IMAGE and --input-npy together"), FALSE;
    if (args.input_npy && (args.labels || args.overlay))
        return tool_misuse("--labels and --overlay need an IMAGE"), FALSE;
    if (args.input_npy && !args.logits)
        return tool_misuse("--input-npy needs --logits"), FALSE;
    if (is_other_picture("--labels", args.labels) || is_other_picture("--overlay", args.overlay))
        return FALSE;
    if (args.size && !is_models_size() && !tool_parse_size(args.size, height, width))
        return FALSE;
    return tool_parse_precision(args.precision, precision) && tool_check_threads(args.threads) &&
           tool_check_settings(args.settings);
}

static gboolean write_logits(HrnetSession *session, GError **error)
{
    guint classes, height, width;

    const gfloat *logits = hrnet_session_get_logits(session, NULL);

    hrnet_session_get_logits_size(session, &classes, &height, &width);
    const gsize dims[3] = { classes, height, width };
    if (logits)
        return npy_write(args.logits, logits, dims, 3, error);
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY, "%s: no memory for %ux%ux%u numbers",
                args.logits, classes, height, width);
    return FALSE;
}

static gboolean write_overlay(HrnetModel *model, const HrnetMask *mask, const Picture *picture,
                              GError **error)
{
    const guint n_labels = hrnet_model_get_n_labels(model);
    const guint32 alpha = (guint32)(OVERLAY_OPACITY * 255 + 0.5) << 24;
    const HrnetImage image = picture_image(picture);
    guint32 argb[256] = { 0 };

    for (guint label = 1; label < n_labels; label++)
        if (hrnet_model_is_foreground(model, label))
            argb[label] = alpha | (hrnet_model_get_color(model, label) & 0xffffff);
    return hrnet_image_paint(&image, mask, argb, n_labels, error) &&
           png_write(args.overlay, picture->rgb, picture->width, picture->height, 3, error);
}

/* What the picture shows, the largest class first. */
static void print_shares(HrnetModel *model, const HrnetMask *mask)
{
    const gchar *const *classes = hrnet_model_get_classes(model);
    const guint n_labels = hrnet_model_get_n_labels(model);
    guint64 counts[256] = { 0 }, n_pixels;

    n_pixels = (guint64)hrnet_mask_get_width(mask) * hrnet_mask_get_height(mask);
    hrnet_mask_count(mask, counts, n_labels);
    for (;;) {
        guint most = 0;

        for (guint label = 1; label < n_labels; label++)
            if (counts[label] > counts[most])
                most = label;
        if (!counts[most])
            return;
        printf("%5.1f %%  %s\n", 100.0 * (gdouble)counts[most] / (gdouble)n_pixels, classes[most]);
        counts[most] = 0;
    }
}

static gboolean segment_picture(HrnetModel *model, HrnetSession *session, const Picture *picture,
                                GError **error)
{
    const HrnetImage image = picture_image(picture);
    g_autoptr(HrnetMask) mask = hrnet_session_segment(session, &image, error);

    if (!mask)
        return FALSE;
    if (args.logits && !write_logits(session, error))
        return FALSE;
    if (args.labels && !png_write(args.labels, hrnet_mask_get_labels(mask, NULL), picture->width,
                                  picture->height, 1, error))
        return FALSE;
    if (args.overlay && !write_overlay(model, mask, picture, error))
        return FALSE;
    if (!args.labels && !args.overlay && !args.logits)
        print_shares(model, mask);
    return TRUE;
}

static gboolean run_tensor(HrnetSession *session, const NpyArray *input, GError **error)
{
    guint classes, height, width;

    hrnet_session_get_logits_size(session, &classes, &height, &width);
    const gsize n_logits = (gsize)classes * height * width;
    g_autofree gfloat *logits = g_try_malloc_n(n_logits, sizeof(gfloat));
    if (!logits) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY, "no memory for %ux%ux%u numbers",
                    classes, height, width);
        return FALSE;
    }
    return hrnet_session_run(session, input->data, input->n_floats, logits, n_logits, error) &&
           write_logits(session, error);
}

static gboolean read_tensor(NpyArray *input, GError **error)
{
    if (!npy_read(args.input_npy, input, error))
        return FALSE;
    if (input->n_dims != 3 || (input->dims[0] != 3 && input->dims[0] != 1) ||
        input->dims[1] < HRNET_SESSION_MIN_SIZE || input->dims[1] > HRNET_SESSION_MAX_SIZE ||
        input->dims[2] < HRNET_SESSION_MIN_SIZE || input->dims[2] > HRNET_SESSION_MAX_SIZE) {
        g_set_error(
            error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
            "%s: not an array of [3, H, W], or of luma [1, H, W], with H and W from %d to %d",
            args.input_npy, HRNET_SESSION_MIN_SIZE, HRNET_SESSION_MAX_SIZE);
        return FALSE;
    }
    return TRUE;
}

/* What --size asks for, 0x0 where it gives no numbers, for the picture or the tensor that is there.
 */
static gboolean choose_size(const HrnetModel *model, const Picture *picture, const NpyArray *input,
                            guint *height, guint *width, GError **error)
{
    guint model_height, model_width;

    hrnet_model_get_input_size(model, &model_height, &model_width);
    if (is_models_size()) {
        *height = model_height;
        *width = model_width;
    }
    if (!input->data) {
        if (!*height)
            hrnet_session_fit_size((guint64)model_height * model_width, picture_aspect(picture),
                                   height, width);
        return TRUE;
    }
    if (*height && (*height != input->dims[1] || *width != input->dims[2])) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "%s: the array is %ux%u, --size says %ux%u", args.input_npy,
                    (guint)input->dims[1], (guint)input->dims[2], *height, *width);
        return FALSE;
    }
    *height = (guint)input->dims[1];
    *width = (guint)input->dims[2];
    return TRUE;
}

static gboolean check_outputs(const HrnetModel *model, GError **error)
{
    const gchar *const outputs[] = { args.labels, args.overlay, args.logits };
    const gchar *const inputs[] = { args.pictures ? args.pictures[0] : NULL, args.input_npy,
                                    hrnet_model_get_path(model) };

    return tool_check_outputs(outputs, G_N_ELEMENTS(outputs), inputs, G_N_ELEMENTS(inputs), error);
}

int main(int argc, char **argv)
{
    guint height = 0, width = 0;
    HrnetPrecision precision;
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) model = NULL;
    g_autoptr(HrnetSession) session = NULL;
    g_auto(Picture) picture = { 0 };
    g_auto(NpyArray) input = { 0 };

    if (!tool_parse_options("(IMAGE | --input-npy IN.npy)",
                            "Segments a picture. Without an output option, prints the share of "
                            "each class.",
                            entries, argc, argv) ||
        !check_usage(&height, &width, &precision))
        return TOOL_MISUSED;

    if (args.input_npy ? !read_tensor(&input, &error)
                       : !picture_read(args.pictures[0], &picture, &error))
        return tool_fail("%s", error->message);
    model = hrnet_model_load(args.model, (const gchar *const *)args.settings, &error);
    if (!model || !choose_size(model, &picture, &input, &height, &width, &error))
        return tool_fail("%s", error->message);
    if (!check_outputs(model, &error))
        return tool_fail("%s", error->message);
    session = hrnet_session_new(model, height, width, (guint)args.threads, precision, &error);
    if (!session)
        return tool_fail("%s", error->message);
    hrnet_session_set_edge_refine(session, args.edge_refine);

    if (input.data ? !run_tensor(session, &input, &error)
                   : !segment_picture(model, session, &picture, &error))
        return tool_fail("%s", error->message);
    return tool_finish_output();
}
