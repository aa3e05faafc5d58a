/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"
#include "report.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* More threads than this are a slip of the hand. */
#define MAX_THREADS 1024

static void print_line(const gchar *text, const gchar *after)
{
    /* One line, whatever bytes a file's name or contents brought into the message. */
    g_autofree gchar *line = report_line(text);

    fprintf(stderr, "%s: %s%s\n", g_get_prgname(), line, after);
}

int tool_fail(const gchar *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree gchar *text = g_strdup_vprintf(format, args);
    va_end(args);
    print_line(text, "");
    return TOOL_FAILED;
}

int tool_misuse(const gchar *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree gchar *text = g_strdup_vprintf(format, args);
    va_end(args);
    print_line(text, " (see --help)");
    return TOOL_MISUSED;
}

static void on_end(int number)
{
    /* made for signal handlers, as its documentation says, which the check cannot know
     * NOLINTNEXTLINE(bugprone-signal-handler) */
    hrnet_discard_unfinished_files();
    signal(number, SIG_DFL);
    raise(number);
}

/* A tool that is ended leaves no half of a file. What it was started to ignore, as by nohup, stays
 * so; a file that grows over its limit is an error as a full disk is. */
static void catch_ends(void)
{
    static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

    for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
        if (signal(ends[i], on_end) == SIG_IGN)
            signal(ends[i], SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

#if defined(__aarch64__)
#define ENVIRONMENT                                                                                \
    "Environment:\n"                                                                               \
    "  HRNET_CPU=c|neon|neon-dotprod         No more than these instruction sets\n"
#else
#define ENVIRONMENT                                                                                \
    "Environment:\n"                                                                               \
    "  HRNET_CPU=c|avx2|avx-vnni|avx512      No more than these instruction sets; avx2 leaves "    \
    "out "                                                                                         \
    "AVX-VNNI,\n                                       avx512 includes AVX-512 VNNI\n"
#endif

gboolean tool_parse_options(const gchar *usage, const gchar *summary, const GOptionEntry *entries,
                            int argc, char **argv)
{
    gboolean version = FALSE;
    const GOptionEntry common[] = {
        { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and exit", NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_autoptr(GError) error = NULL;

    catch_ends();
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, ENVIRONMENT);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, common, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        tool_misuse("%s", error->message);
        return FALSE;
    }
    if (version) {
        printf("%s %s\n", g_get_prgname(), hrnet_get_version());
        exit(tool_finish_output());
    }
    return TRUE;
}

gboolean tool_parse_size(const gchar *text, guint *height, guint *width)
{
    guint *const sides[2] = { height, width };
    const gchar *at = text;

    for (int i = 0; i < 2; i++) {
        gchar *end;
        guint64 side;

        if (!g_ascii_isdigit(*at))
            break;
        side = g_ascii_strtoull(at, &end, 10);
        if (*end != (i ? '\0' : 'x'))
            break;
        if (side < HRNET_SESSION_MIN_SIZE || side > HRNET_SESSION_MAX_SIZE) {
            tool_misuse("--size %s: each side is from %d to %d", text, HRNET_SESSION_MIN_SIZE,
                        HRNET_SESSION_MAX_SIZE);
            return FALSE;
        }
        *sides[i] = (guint)side;
        if (i)
            return TRUE;
        at = end + 1;
    }
    tool_misuse("--size %s: a size is HEIGHTxWIDTH, 512x1024 for one", text);
    return FALSE;
}

static const struct {
    const gchar *name;
    HrnetPrecision precision;
} precisions[] = {
    { "auto", HRNET_PRECISION_AUTO },
    { "fp32", HRNET_PRECISION_FP32 },
    { "int8", HRNET_PRECISION_INT8 },
};

gboolean tool_parse_precision(const gchar *text, HrnetPrecision *precision)
{
    *precision = HRNET_PRECISION_AUTO;
    if (!text)
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(precisions); i++) {
        if (g_str_equal(text, precisions[i].name)) {
            *precision = precisions[i].precision;
            return TRUE;
        }
    }
    tool_misuse("--precision %s: it is auto, fp32 or int8", text);
    return FALSE;
}

const gchar *tool_precision_name(HrnetPrecision precision)
{
    for (guint i = 0; i < G_N_ELEMENTS(precisions); i++)
        if (precisions[i].precision == precision)
            return precisions[i].name;
    g_return_val_if_reached("unknown");
}

gboolean tool_check_threads(gint threads)
{
    if (threads >= 0 && threads <= MAX_THREADS)
        return TRUE;
    tool_misuse("--threads %d: it is from 0 (one for each CPU) to %d", threads, MAX_THREADS);
    return FALSE;
}

gboolean tool_check_settings(gchar *const *settings)
{
    for (; settings && *settings; settings++) {
        const gchar *equals = strchr(*settings, '=');

        if (!equals || equals == *settings) {
            tool_misuse("--set %s: it is KEY=VALUE, hrnet.align_corners=true for one", *settings);
            return FALSE;
        }
    }
    return TRUE;
}

/* Of a path that need not lead to a file yet: only regular files are lost by being written to. */
static gboolean is_same(const gchar *a, const gchar *b)
{
    GStatBuf first, second;

    if (g_stat(a, &first) || g_stat(b, &second))
        return g_str_equal(a, b);
    return S_ISREG(first.st_mode) && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

gboolean tool_check_outputs(const gchar *const *outputs, guint n_outputs,
                            const gchar *const *inputs, guint n_inputs, GError **error)
{
    for (guint i = 0; i < n_outputs; i++) {
        for (guint k = 0; outputs[i] && k < n_inputs + i; k++) {
            const gchar *other = k < n_inputs ? inputs[k] : outputs[k - n_inputs];

            if (!other || !is_same(outputs[i], other))
                continue;
            g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT, "%s: %s", outputs[i],
                        k < n_inputs ? "is read, and would be lost" : "is to be written twice");
            return FALSE;
        }
    }
    return TRUE;
}

int tool_finish_output(void)
{
    if (fflush(stdout) || ferror(stdout))
        return tool_fail("standard output: %s", g_strerror(errno));
    return TOOL_OK;
}
