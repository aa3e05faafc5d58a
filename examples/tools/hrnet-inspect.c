/* hrnet-inspect: what a model file holds.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"
#include "report.h"

#include <stdio.h>
#include <string.h>

static struct {
    gboolean json;
    gboolean selftest;
    gchar **settings;
    gchar **models;
} args;

static const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &args.json, "Print JSON", NULL },
    { "selftest", 0, 0, G_OPTION_ARG_NONE, &args.selftest,
      "Run the self-test that the file holds instead", NULL },
    { "set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.settings,
      "Override one of the model's options, hrnet.align_corners=true for one", "KEY=VALUE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.models, NULL, NULL },
    { NULL },
};

static void print_class(const HrnetModel *model, guint label, const gchar *name)
{
    printf("  %3u  #%06x  %s%s\n", label, hrnet_model_get_color(model, label) & 0xffffff, name,
           hrnet_model_is_foreground(model, label) ? "" : "  (not painted)");
}

static void print_member(const gchar *name, const gchar *value)
{
    g_autofree gchar *line = report_line(value);

    printf("%-14s %s\n", name, line);
}

static void print_metadata(const gchar *key, const gchar *value)
{
    g_autofree gchar *line = report_line(value);

    if (g_str_equal(key, "hrnet.int8.ranges") || g_str_equal(key, "hrnet.int8.shifts"))
        printf("  %s: %" G_GSIZE_FORMAT " characters\n", key, strlen(line));
    else
        printf("  %s: %s\n", key, line);
}

static HrnetSession *small_session(HrnetModel *model, HrnetPrecision precision, GError **error)
{
    return hrnet_session_new(model, HRNET_SESSION_MIN_SIZE, HRNET_SESSION_MIN_SIZE, 1, precision,
                             error);
}

/* How the model runs on this machine. */
typedef struct {
    gchar *no_int8;         /* why it does not run in int8; NULL where it does */
    const gchar *precision; /* what `auto` means */
} Arithmetic;

/* FALSE where nothing can be said, for want of memory. */
static gboolean arithmetic_find(Arithmetic *arithmetic, HrnetModel *model, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(HrnetSession) plain = small_session(model, HRNET_PRECISION_AUTO, error);
    g_autoptr(HrnetSession) int8 = NULL;

    if (!plain)
        return FALSE;
    int8 = small_session(model, HRNET_PRECISION_INT8, &why);
    if (g_error_matches(why, HRNET_ERROR, HRNET_ERROR_NO_MEMORY)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    arithmetic->precision = tool_precision_name(hrnet_session_get_precision(plain));
    arithmetic->no_int8 = int8 ? NULL : g_strdup(why->message);
    return TRUE;
}

static void print_arithmetic(HrnetModel *model, const Arithmetic *arithmetic)
{
    if (!arithmetic->no_int8)
        puts("int8           calibrated: the same masks on every computer");
    else if (hrnet_model_get_metadata(model, "hrnet.int8.ranges"))
        printf("int8           no: %s\n", arithmetic->no_int8);
    else
        puts("int8           not calibrated");
    printf("precision      %s, which auto takes here (kernels %s)\n", arithmetic->precision,
           hrnet_get_isa());
}

static void print_configuration(const HrnetModel *model)
{
    g_autofree gchar *description = hrnet_model_describe(model);
    g_auto(GStrv) lines = g_strsplit(description, "\n", -1);

    for (gchar **line = lines; *line; line++)
        printf("%-14s %s\n", line == lines ? "configuration" : "", *line);
}

/* The defaults that hold because nothing says otherwise. */
static void print_assumed(const HrnetModel *model)
{
    g_auto(GStrv) keys = hrnet_model_list_assumed(model);
    g_autofree gchar *list = g_strjoinv(" ", keys);

    printf("assumed        %s\n", *keys ? list : "nothing");
}

static void print_text(HrnetModel *model, const Arithmetic *arithmetic)
{
    g_auto(GStrv) assumed = hrnet_model_list_assumed(model);
    const gboolean guessed = g_strv_contains((const gchar *const *)assumed, "hrnet.classes");
    const gchar *const *classes = hrnet_model_get_classes(model);
    const gchar *license = hrnet_model_get_metadata(model, "license");
    g_auto(GStrv) keys = hrnet_model_list_metadata(model);
    guint height, width;

    hrnet_model_get_input_size(model, &height, &width);
    print_member("file", hrnet_model_get_path(model));
    printf("variant        %s\n", hrnet_model_get_variant(model));
    print_configuration(model);
    print_assumed(model);
    printf("parameters     %.2f M\n", (gdouble)hrnet_model_get_n_parameters(model) / 1e6);
    printf("input          %ux%u\n", height, width);
    printf("work           %.2f G multiply-adds at that size\n",
           hrnet_model_get_gmac(model, height, width));
    print_arithmetic(model, arithmetic);
    print_member("licence", license ? license : "the file names none");
    printf("classes        %u%s\n", hrnet_model_get_n_labels(model) - 1,
           guessed ? " (names guessed, by their number alone)" : "");
    for (guint label = 1; classes[label]; label++)
        print_class(model, label, classes[label]);
    printf("metadata       %u\n", g_strv_length(keys));
    for (gchar **key = keys; *key; key++)
        print_metadata(*key, hrnet_model_get_metadata(model, *key));
}

/* The description's parts, "stage 2: ...", as members. */
static void add_configuration(JsonBuilder *builder, const HrnetModel *model)
{
    g_autofree gchar *description = hrnet_model_describe(model);
    g_auto(GStrv) parts = g_regex_split_simple("\n|; ", description, 0, 0);

    json_builder_set_member_name(builder, "configuration");
    json_builder_begin_object(builder);
    for (gchar **part = parts; *part; part++) {
        gchar *colon = strstr(*part, ": ");

        if (!colon)
            continue;
        *colon = '\0';
        report_string(builder, *part, colon + 2);
    }
    json_builder_end_object(builder);
}

static void add_assumed(JsonBuilder *builder, const HrnetModel *model)
{
    g_auto(GStrv) keys = hrnet_model_list_assumed(model);

    json_builder_set_member_name(builder, "assumed");
    json_builder_begin_array(builder);
    for (gchar **key = keys; *key; key++)
        json_builder_add_string_value(builder, *key);
    json_builder_end_array(builder);
}

static void add_classes(JsonBuilder *builder, const HrnetModel *model)
{
    const gchar *const *classes = hrnet_model_get_classes(model);

    json_builder_set_member_name(builder, "classes");
    json_builder_begin_array(builder);
    for (guint label = 1; classes[label]; label++)
        json_builder_add_string_value(builder, classes[label]);
    json_builder_end_array(builder);

    json_builder_set_member_name(builder, "palette");
    json_builder_begin_array(builder);
    for (guint label = 1; classes[label]; label++) {
        gchar color[8];

        g_snprintf(color, sizeof color, "#%06x", hrnet_model_get_color(model, label) & 0xffffff);
        json_builder_add_string_value(builder, color);
    }
    json_builder_end_array(builder);

    json_builder_set_member_name(builder, "foreground");
    json_builder_begin_array(builder);
    for (guint label = 1; classes[label]; label++)
        if (hrnet_model_is_foreground(model, label))
            json_builder_add_string_value(builder, classes[label]);
    json_builder_end_array(builder);
}

static void print_json(HrnetModel *model, const Arithmetic *arithmetic)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_auto(GStrv) keys = hrnet_model_list_metadata(model);
    guint height, width;

    hrnet_model_get_input_size(model, &height, &width);
    json_builder_begin_object(builder);
    report_string(builder, "file", hrnet_model_get_path(model));
    report_string(builder, "variant", hrnet_model_get_variant(model));
    add_configuration(builder, model);
    add_assumed(builder, model);
    report_integer(builder, "parameters", (gint64)hrnet_model_get_n_parameters(model));
    report_size(builder, "size", height, width);
    report_number(builder, "gmac", hrnet_model_get_gmac(model, height, width));
    json_builder_set_member_name(builder, "int8");
    json_builder_add_boolean_value(builder, !arithmetic->no_int8);
    report_string(builder, "precision", arithmetic->precision);
    report_string(builder, "license", hrnet_model_get_metadata(model, "license"));
    add_classes(builder, model);
    json_builder_set_member_name(builder, "metadata");
    json_builder_begin_object(builder);
    for (gchar **key = keys; *key; key++)
        report_string(builder, *key, hrnet_model_get_metadata(model, *key));
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    report_print(builder);
}

/* The models that have names, a few lines each. */
static int list_models(void)
{
    g_auto(GStrv) names = hrnet_model_list_names();

    if (!names[0])
        return tool_fail("no models in HRNET_MODEL_PATH, and none are installed");
    for (gchar **name = names; *name; name++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(HrnetModel) model =
            hrnet_model_load(*name, (const gchar *const *)args.settings, &error);
        const gchar *license;
        guint height, width;

        printf("%s\n", *name);
        if (!model) {
            printf("  cannot be used: %s\n", error->message);
            continue;
        }
        license = hrnet_model_get_metadata(model, "license");
        hrnet_model_get_input_size(model, &height, &width);
        printf("  file     %s\n  size     %ux%u, %.2f M parameters\n  classes ",
               hrnet_model_get_path(model), height, width,
               (gdouble)hrnet_model_get_n_parameters(model) / 1e6);
        for (const gchar *const *class = hrnet_model_get_classes(model) + 1; *class; class ++)
            printf(" %s%s", *class, class[1] ? "," : "\n");
        printf("  licence  %s\n", license ? license : "the file names none");
    }
    return tool_finish_output();
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) model = NULL;
    Arithmetic arithmetic = { 0 };

    if (!tool_parse_options("[MODEL]",
                            "Prints what a model file, or a model of that name, is and holds; "
                            "without one, the models that have names.",
                            entries, argc, argv))
        return TOOL_MISUSED;
    if (args.models && g_strv_length(args.models) != 1)
        return tool_misuse("more than one MODEL");
    if (!args.models && (args.json || args.selftest))
        return tool_misuse("--json and --selftest need a MODEL");
    if (!tool_check_settings(args.settings))
        return TOOL_MISUSED;
    if (!args.models)
        return list_models();

    model = hrnet_model_load(args.models[0], (const gchar *const *)args.settings, &error);
    if (!model)
        return tool_fail("%s", error->message);
    if (args.selftest) {
        if (!hrnet_model_selftest(model, &error))
            return tool_fail("%s", error->message);
        puts("self-test passed");
    } else if (!arithmetic_find(&arithmetic, model, &error)) {
        return tool_fail("%s", error->message);
    } else if (args.json) {
        print_json(model, &arithmetic);
    } else {
        print_text(model, &arithmetic);
    }
    g_free(arithmetic.no_int8);
    return tool_finish_output();
}
