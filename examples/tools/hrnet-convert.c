/* hrnet-convert: any readable checkpoint to the native form.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "calibrate.h"
#include "compare.h"
#include "options.h"

#define MOST_CHANGED 0.5 /* percent */

static struct {
    gboolean half, full;
    gboolean selftest;
    gchar **settings, **pictures;
    gchar *most_changed;
    gchar **files;
} args;

static const GOptionEntry entries[] = {
    { "set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.settings,
      "Put a value of the model's metadata, hrnet.align_corners=true for one", "KEY=VALUE" },
    { "half", 0, 0, G_OPTION_ARG_NONE, &args.half, "Write the convolutions' weights in 16 bits",
      NULL },
    { "float", 0, 0, G_OPTION_ARG_NONE, &args.full,
      "Write all in 32 bits (default: each tensor as it was)", NULL },
    { "selftest", 0, 0, G_OPTION_ARG_NONE, &args.selftest,
      "Add a self-test, which hrnet-inspect --selftest runs", NULL },
    { "calibrate", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.pictures,
      "Add what int8 needs: ranges with the least squared error over these pictures, some hundred "
      "of "
      "which are enough",
      "FOLDER|IMAGE" },
    { "max-changed", 0, 0, G_OPTION_ARG_STRING, &args.most_changed,
      "With --calibrate: write nothing where int8 labels more of the pixels differently (0.5%)",
      "P%" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.files, NULL, NULL },
    { NULL },
};

/* `--max-changed`: a percentage, with or without its sign. */
static gboolean parse_most_changed(gdouble *percent)
{
    gchar *end;

    *percent = MOST_CHANGED;
    if (!args.most_changed)
        return TRUE;
    *percent = g_ascii_strtod(args.most_changed, &end);
    if (end != args.most_changed && (!*end || g_str_equal(end, "%")) && *percent >= 0 &&
        *percent <= 100)
        return TRUE;
    tool_misuse("--max-changed %s: it is from 0%% to 100%%", args.most_changed);
    return FALSE;
}

/* settings and more, both borrowed. */
static gchar **join_settings(gchar **settings, gchar **more)
{
    GPtrArray *all = g_ptr_array_new();

    for (; settings && *settings; settings++)
        g_ptr_array_add(all, *settings);
    for (; *more; more++)
        g_ptr_array_add(all, *more);
    g_ptr_array_add(all, NULL);
    return (gchar **)g_ptr_array_free(all, FALSE);
}

/* Measures what int8 changes, on pictures that the ranges are not from, and says so. */
static gboolean check_ranges(const gchar *name, gchar **settings, const GPtrArray *pictures,
                             gdouble most_changed, GError **error)
{
    g_autoptr(HrnetModel) model = hrnet_model_load(name, (const gchar *const *)settings, error);
    Comparison comparison = { 0 };

    if (!model || !compare_precisions(model, pictures, &comparison, error))
        return FALSE;
    if (comparison_changed(&comparison) <= most_changed) {
        comparison_print(&comparison, model, pictures->len);
        return TRUE;
    }
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_UNSUPPORTED,
                "%s: int8 changes the labels of %.2f%% of the pixels, more than --max-changed=%g%%:"
                " nothing is written",
                name, comparison_changed(&comparison), most_changed);
    return FALSE;
}

/* The settings with the ranges of the model in the input file, or NULL. The strings of ranges are
 * handed out as well, as what owns them. */
static gchar **add_ranges(const gchar *name, gdouble most_changed, gchar ***ranges, GError **error)
{
    g_auto(CalibrationPictures) pictures = { 0 };
    g_autofree gchar **settings = NULL;
    g_autoptr(HrnetModel) model = NULL;

    if (!calibration_pictures_find(args.pictures, &pictures, error))
        return NULL;
    model = hrnet_model_load(name, (const gchar *const *)args.settings, error);
    *ranges = model ? calibrate(model, &pictures, error) : NULL;
    if (!*ranges)
        return NULL;
    settings = join_settings(args.settings, *ranges);
    if (!check_ranges(name, settings, pictures.held_out, most_changed, error))
        return NULL;
    return g_steal_pointer(&settings);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) ranges = NULL;
    g_autofree gchar **settings = NULL;
    gdouble most_changed;
    HrnetConvertFlags flags = HRNET_CONVERT_NONE;

    if (!tool_parse_options("IN OUT.safetensors",
                            "Writes a checkpoint (PyTorch, ONNX, safetensors) in the native form.",
                            entries, argc, argv))
        return TOOL_MISUSED;
    if (!args.files || g_strv_length(args.files) != 2)
        return tool_misuse("expected IN and OUT.safetensors");
    if (!g_str_has_suffix(args.files[1], ".safetensors"))
        return tool_misuse("%s does not end in .safetensors", args.files[1]);
    if (!tool_check_settings(args.settings))
        return TOOL_MISUSED;

    if (args.half && args.full)
        return tool_misuse("--half and --float together");
    if (args.half && args.pictures)
        return tool_misuse("--half and --calibrate together: ranges are of the weights as they are "
                           "written, so calibrate what --half has made");
    if (args.most_changed && !args.pictures)
        return tool_misuse("--max-changed without --calibrate");
    if (!parse_most_changed(&most_changed))
        return TOOL_MISUSED;
    if (args.full)
        flags |= HRNET_CONVERT_FLOAT;
    if (args.half)
        flags |= HRNET_CONVERT_HALF;
    if (args.selftest)
        flags |= HRNET_CONVERT_SELFTEST;
    if (args.pictures) {
        settings = add_ranges(args.files[0], most_changed, &ranges, &error);
        if (!settings)
            return tool_fail("%s", error->message);
    }
    if (!hrnet_model_convert(args.files[0],
                             (const gchar *const *)(settings ? settings : args.settings),
                             args.files[1], flags, &error))
        return tool_fail("%s", error->message);
    return tool_finish_output();
}
