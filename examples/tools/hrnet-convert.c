/* hrnet-convert: any readable checkpoint to the native form.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

static struct {
    gboolean half, full;
    gboolean selftest;
    gchar **settings;
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
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.files, NULL, NULL },
    { NULL },
};

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
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
    if (args.full)
        flags |= HRNET_CONVERT_FLOAT;
    if (args.half)
        flags |= HRNET_CONVERT_HALF;
    if (args.selftest)
        flags |= HRNET_CONVERT_SELFTEST;
    if (!hrnet_model_convert(args.files[0], (const gchar *const *)args.settings, args.files[1],
                             flags, &error))
        return tool_fail("%s", error->message);
    return tool_finish_output();
}
