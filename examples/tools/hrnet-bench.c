/* hrnet-bench: how fast a model runs here.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-report.h"
#include "measure.h"
#include "options.h"

#include <string.h>

#define WARM_UP_RUNS 3
#define FRAME_WIDTH  1280
#define FRAME_HEIGHT 720

static struct {
    const gchar *model;
    gchar *size;
    gint threads;
    gchar *precision;
    gchar **settings;
    gint runs;
    gboolean profile, json, tune;
    gchar **rest;
} args = { .runs = 20 };

static const GOptionEntry entries[] = {
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &args.model,
      "Model file, or the name of one that is installed", "M" },
    { "size", 0, 0, G_OPTION_ARG_FILENAME, &args.size, "Size of the network's input", "HxW" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &args.threads, "Threads (default: one for each CPU)",
      "N" },
    { "precision", 0, 0, G_OPTION_ARG_FILENAME, &args.precision,
      "auto (default: int8 where the model is calibrated and the CPU has dot products of bytes, "
      "AVX-VNNI, AVX-512 VNNI or ARM's FEAT_DotProd, else fp32), fp32 or int8",
      "P" },
    { "set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.settings,
      "Override one of the model's options, hrnet.align_corners=true for one", "KEY=VALUE" },
    { "runs", 0, 0, G_OPTION_ARG_INT, &args.runs, "Runs that are timed (default: 20)", "K" },
    { "profile", 0, 0, G_OPTION_ARG_NONE, &args.profile,
      "Tell the time, speed and algorithm of each layer", NULL },
    { "tune", 0, 0, G_OPTION_ARG_NONE, &args.tune,
      "First measure which algorithm is fastest for each layer, and store that for "
      "HRNET_PLAN=tuned",
      NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &args.json, "Print JSON", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args.rest, NULL, NULL },
    { NULL },
};

/* What the runs read and write. Made before memory is first measured, so that only the engine's own
 * is counted. */
typedef struct {
    gfloat *input, *logits;
    gsize n_input, n_logits;
    guint8 *frame;
    HrnetImage image;
    gdouble *times_ms;
} Buffers;

static void fill_noise(Buffers *buffers, gsize n_frame)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);

    for (gsize i = 0; i < buffers->n_input; i++)
        buffers->input[i] = (gfloat)g_rand_double_range(random, -2, 2);
    for (gsize i = 0; i < n_frame; i++)
        buffers->frame[i] = (guint8)g_rand_int_range(random, 16, 236);
}

static gboolean fail_for_memory(const gchar *what, GError **error)
{
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY, "no memory for %s", what);
    return FALSE;
}

static gboolean buffers_make(Buffers *buffers, guint height, guint width, GError **error)
{
    const gsize n_frame = FRAME_WIDTH * FRAME_HEIGHT * 3 / 2;

    buffers->n_input = (gsize)3 * height * width;
    buffers->input = g_try_malloc_n(buffers->n_input, sizeof(gfloat));
    buffers->frame = g_try_malloc(n_frame);
    buffers->times_ms = g_try_malloc0_n((gsize)args.runs, sizeof(gdouble));
    if (!buffers->input || !buffers->frame || !buffers->times_ms)
        return fail_for_memory("the runs' inputs", error);
    fill_noise(buffers, n_frame);
    hrnet_image_init(&buffers->image, HRNET_PIXEL_FORMAT_I420, FRAME_WIDTH, FRAME_HEIGHT);
    return hrnet_image_set_data(&buffers->image, buffers->frame, n_frame, FRAME_WIDTH, error);
}

static void buffers_clear(Buffers *buffers)
{
    g_free(buffers->input);
    g_free(buffers->logits);
    g_free(buffers->frame);
    g_free(buffers->times_ms);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Buffers, buffers_clear)

static gboolean run_network(HrnetSession *session, Buffers *buffers, GError **error)
{
    return hrnet_session_run(session, buffers->input, buffers->n_input, buffers->logits,
                             buffers->n_logits, error);
}

static gboolean run_frame(HrnetSession *session, Buffers *buffers, GError **error)
{
    g_autoptr(HrnetMask) mask = hrnet_session_segment(session, &buffers->image, error);

    return mask != NULL;
}

typedef gboolean (*Run)(HrnetSession *session, Buffers *buffers, GError **error);

/* The median time of a run, after some that warm caches, memory and clock. */
static gboolean time_runs(HrnetSession *session, Buffers *buffers, Run run, gdouble *median_ms,
                          GError **error)
{
    for (gint i = -WARM_UP_RUNS; i < args.runs; i++) {
        const gdouble start = measure_now_ms();

        if (!run(session, buffers, error))
            return FALSE;
        if (i >= 0)
            buffers->times_ms[i] = measure_now_ms() - start;
    }
    *median_ms = measure_median(buffers->times_ms, (guint)args.runs);
    return TRUE;
}

/* Median milliseconds of each layer, in runs of their own: the clock reads cost a little. */
static gboolean profile_layers(HrnetSession *session, Buffers *buffers, BenchResult *result,
                               GError **error)
{
    const guint n_runs = (guint)args.runs;
    g_autofree gdouble *times = g_try_malloc0_n((gsize)result->n_layers * n_runs, sizeof(gdouble));

    if (!times)
        return fail_for_memory("the layers' times", error);
    hrnet_session_set_profiling(session, TRUE);
    for (guint run = 0; run < n_runs; run++) {
        if (!run_network(session, buffers, error))
            return FALSE;
        for (guint i = 0; i < result->n_layers; i++) {
            HrnetLayer layer;

            hrnet_session_get_layer(session, i, &layer);
            times[i * n_runs + run] = (gdouble)layer.nanoseconds / 1e6;
        }
    }
    hrnet_session_set_profiling(session, FALSE);
    result->peak_gflops = hrnet_measure_peak(hrnet_session_get_n_threads(session));
    result->layer_ms = g_try_malloc0_n(result->n_layers, sizeof(gdouble));
    if (!result->layer_ms)
        return fail_for_memory("the layers' times", error);
    for (guint i = 0; i < result->n_layers; i++)
        result->layer_ms[i] = measure_median(times + i * n_runs, n_runs);
    return TRUE;
}

static gboolean measure(HrnetPrecision precision, BenchResult *result, GError **error)
{
    g_auto(Buffers) buffers = { 0 };
    guint classes, rows, columns;

    if (!buffers_make(&buffers, result->height, result->width, error))
        return FALSE;
    const gsize resident = measure_resident();
    const gdouble start = measure_now_ms(), spent = measure_cpu_ms();

    result->model = hrnet_model_load(args.model, (const gchar *const *)args.settings, error);
    if (!result->model)
        return FALSE;
    result->session = hrnet_session_new(result->model, result->height, result->width,
                                        (guint)args.threads, precision, error);
    if (!result->session)
        return FALSE;
    result->load_ms = measure_now_ms() - start;
    result->load_cpu_ms = measure_cpu_ms() - spent;
    result->n_layers = hrnet_session_get_n_layers(result->session);
    buffers.n_input =
        (gsize)hrnet_model_get_n_channels(result->model) * result->height * result->width;

    hrnet_session_get_logits_size(result->session, &classes, &rows, &columns);
    buffers.n_logits = (gsize)classes * rows * columns;
    buffers.logits = g_try_malloc_n(buffers.n_logits, sizeof(gfloat));
    if (!buffers.logits)
        return fail_for_memory("the logits", error);
    if (!time_runs(result->session, &buffers, run_network, &result->network_ms, error) ||
        !time_runs(result->session, &buffers, run_frame, &result->frame_ms, error))
        return FALSE;
    result->added_mb = (gdouble)(measure_peak_resident() - resident) / 1e6;
    return !args.profile || profile_layers(result->session, &buffers, result, error);
}

static void show_tuning(const gchar *layer, guint n_done, guint n_total, gpointer user_data)
{
    (void)user_data;
    g_printerr("tuning %u of %u: %s\n", n_done + 1, n_total, layer);
}

/* Before anything is timed, and with a model of its own, so that the runs after it are as any.
 * Where the choices cannot be stored, those runs go on without. */
static gboolean tune(const BenchResult *result, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(HrnetModel) model =
        hrnet_model_load(args.model, (const gchar *const *)args.settings, error);

    if (!model)
        return FALSE;
    if (!hrnet_model_tune(model, result->height, result->width, (guint)args.threads, show_tuning,
                          NULL, &cause)) {
        if (cause->domain != G_FILE_ERROR) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        tool_fail("%s; what was measured is not stored", cause->message);
    }
    measure_forget_peak();
    return TRUE;
}

int main(int argc, char **argv)
{
    g_auto(BenchResult) result = { 0 };
    g_autoptr(GError) error = NULL;
    HrnetPrecision precision;

    if (!tool_parse_options("--model M --size HxW",
                            "Times a model on this machine: the network alone, and from a frame "
                            "of 1280x720 to its mask.",
                            entries, argc, argv))
        return TOOL_MISUSED;
    if (args.rest)
        return tool_misuse("unexpected argument %s", args.rest[0]);
    if (!args.model || !args.size)
        return tool_misuse("--model and --size are needed");
    if (args.runs < 1 || args.runs > 100000)
        return tool_misuse("--runs %d: it is from 1 to 100000", args.runs);
    if (!tool_parse_size(args.size, &result.height, &result.width) ||
        !tool_parse_precision(args.precision, &precision) || !tool_check_threads(args.threads) ||
        !tool_check_settings(args.settings))
        return TOOL_MISUSED;

    if (args.tune && !tune(&result, &error))
        return tool_fail("%s", error->message);
    if (!measure(precision, &result, &error))
        return tool_fail("%s", error->message);
    if (args.json)
        bench_print_json(&result);
    else
        bench_print_text(&result);
    return tool_finish_output();
}
