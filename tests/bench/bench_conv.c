/* Times every layer shape of the HRNetV2 variants at 512x1024, by algorithm and threads.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   bench-conv [--threads=N] [--algorithm=A] [--only=TEXT]
 *
 * GFLOP/s count the direct method's multiply-adds, two each, so that Winograd's saving shows; the
 * share is of what as many threads reach in a loop of multiply-adds alone, measured first; there is
 * none for plain C. */
#include "base/cpu.h"
#include "ops/conv.h"
#include "ops/peak.h"

#include <glib.h>

#define RUN_US 60000 /* of timed runs a line */

typedef struct {
    const char *where;
    unsigned in_channels, out_channels, kernel, stride, height, width; /* of the input */
    gboolean residual;
} Layer;

static const Layer layers[] = {
    { "stem 1", 3, 64, 3, 2, 512, 1024, FALSE },
    { "stem 2", 64, 64, 3, 2, 256, 512, FALSE },
    { "layer1 reduce", 64, 32, 1, 1, 128, 256, FALSE },
    { "layer1 3x3", 32, 32, 3, 1, 128, 256, FALSE },
    { "layer1 expand", 32, 128, 1, 1, 128, 256, TRUE },
    { "layer1 downsample", 64, 128, 1, 1, 128, 256, FALSE },
    { "layer1 reduce 64", 256, 64, 1, 1, 128, 256, FALSE },
    { "layer1 3x3 64", 64, 64, 3, 1, 128, 256, FALSE },
    { "layer1 expand 256", 64, 256, 1, 1, 128, 256, TRUE },
    { "transition 128", 128, 16, 3, 1, 128, 256, FALSE },
    { "transition 128 s2", 128, 32, 3, 2, 128, 256, FALSE },
    { "transition 256", 256, 18, 3, 1, 128, 256, FALSE },
    { "transition 256 s2", 256, 36, 3, 2, 128, 256, FALSE },
    { "branch 16", 16, 16, 3, 1, 128, 256, TRUE },
    { "branch 32", 32, 32, 3, 1, 64, 128, TRUE },
    { "branch 64", 64, 64, 3, 1, 32, 64, TRUE },
    { "branch 128", 128, 128, 3, 1, 16, 32, TRUE },
    { "branch 18", 18, 18, 3, 1, 128, 256, TRUE },
    { "branch 36", 36, 36, 3, 1, 64, 128, TRUE },
    { "branch 72", 72, 72, 3, 1, 32, 64, TRUE },
    { "branch 144", 144, 144, 3, 1, 16, 32, TRUE },
    { "branch 32 of W32", 32, 32, 3, 1, 128, 256, TRUE },
    { "branch 64 of W32", 64, 64, 3, 1, 64, 128, TRUE },
    { "branch 128 of W32", 128, 128, 3, 1, 32, 64, TRUE },
    { "branch 256 of W32", 256, 256, 3, 1, 16, 32, TRUE },
    { "branch 48 of W48", 48, 48, 3, 1, 128, 256, TRUE },
    { "branch 96 of W48", 96, 96, 3, 1, 64, 128, TRUE },
    { "branch 192 of W48", 192, 192, 3, 1, 32, 64, TRUE },
    { "branch 384 of W48", 384, 384, 3, 1, 16, 32, TRUE },
    { "exchange down 16 32", 16, 32, 3, 2, 128, 256, TRUE },
    { "exchange down 16 16", 16, 16, 3, 2, 128, 256, FALSE },
    { "exchange down 32 64", 32, 64, 3, 2, 64, 128, TRUE },
    { "exchange down 64 128", 64, 128, 3, 2, 32, 64, TRUE },
    { "exchange down 128 256", 128, 256, 3, 2, 32, 64, TRUE },
    { "exchange up 32 16", 32, 16, 1, 1, 64, 128, FALSE },
    { "exchange up 128 16", 128, 16, 1, 1, 16, 32, FALSE },
    { "head 16", 16, 240, 1, 1, 128, 256, FALSE },
    { "head 128", 128, 240, 1, 1, 16, 32, FALSE },
    { "classifier", 240, 19, 1, 1, 128, 256, FALSE },
};

static HrnetTensor tensor_new(unsigned channels, unsigned height, unsigned width)
{
    HrnetTensor t = { NULL, channels, height, width, hrnet_tensor_plane_floats(height, width) };
    t.data = hrnet_aligned_alloc(channels * t.plane_floats * sizeof(float));
    for (size_t i = 0; i < channels * t.plane_floats; i++)
        t.data[i] = (float)(i % 127) / 127;
    return t;
}

static int compare_times(const void *a, const void *b)
{
    const gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return (x > y) - (x < y);
}

/* Median nanoseconds of a run. */
static double time_conv(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers)
{
    gint64 times[1000];
    unsigned n = 0;
    hrnet_conv_run(conv, args, workers);
    for (const gint64 start = g_get_monotonic_time(); n < G_N_ELEMENTS(times); n++) {
        struct timespec a, b;
        if (n >= 5 && g_get_monotonic_time() - start > RUN_US)
            break;
        clock_gettime(CLOCK_MONOTONIC, &a);
        hrnet_conv_run(conv, args, workers);
        clock_gettime(CLOCK_MONOTONIC, &b);
        times[n] = (gint64)(b.tv_sec - a.tv_sec) * 1000000000 + (b.tv_nsec - a.tv_nsec);
    }
    qsort(times, n, sizeof *times, compare_times);
    return (double)times[n / 2];
}

/* peak_gflops: of so many threads, or 0. */
static void bench_layer(const Layer *l, HrnetConvAlgorithm algorithm, unsigned n_threads,
                        double peak_gflops)
{
    const HrnetConvShape shape = { l->in_channels, l->out_channels, l->kernel, l->stride, false };
    const size_t n_weights = (size_t)l->in_channels * l->out_channels * l->kernel * l->kernel;
    float *weights = g_new(float, n_weights);
    for (size_t i = 0; i < n_weights; i++)
        weights[i] = ((float)(i % 31) - 15) / 100;
    HrnetConv *conv = hrnet_conv_new(&shape, weights, NULL, algorithm, l->height, l->width);
    if (hrnet_conv_algorithm(conv) == algorithm) {
        const unsigned out_height = hrnet_conv_out_size(&shape, l->height);
        const unsigned out_width = hrnet_conv_out_size(&shape, l->width);
        HrnetConvArgs args = { .in = tensor_new(l->in_channels, l->height, l->width),
                               .out = tensor_new(l->out_channels, out_height, out_width),
                               .relu = true };
        HrnetTensor residual = tensor_new(l->residual ? l->out_channels : 1, out_height, out_width);
        args.residual = l->residual ? &residual : NULL;
        args.scratch = hrnet_aligned_alloc(
            hrnet_conv_scratch_floats(conv, l->height, l->width, n_threads) * 4);
        HrnetWorkers *workers = hrnet_workers_begin(n_threads);
        const double ns = time_conv(conv, &args, workers);
        hrnet_workers_end(workers);
        const double gflops = 2.0 * (double)n_weights * out_height * out_width / ns;
        g_print("%-22s %4u->%-4u %ux%u s%u %4ux%-4u %-7s %u thread%s %9.3f ms %7.1f GFLOP/s",
                l->where, l->in_channels, l->out_channels, l->kernel, l->kernel, l->stride,
                out_height, out_width, hrnet_conv_algorithm_name(algorithm), n_threads,
                n_threads == 1 ? " " : "s", ns / 1e6, gflops);
        if (peak_gflops > 0)
            g_print(" %5.1f %%", 100 * gflops / peak_gflops);
        g_print("\n");
        hrnet_aligned_free(args.in.data);
        hrnet_aligned_free(args.out.data);
        hrnet_aligned_free(residual.data);
        hrnet_aligned_free(args.scratch);
    }
    hrnet_conv_free(conv);
    g_free(weights);
}

int main(int argc, char **argv)
{
    int threads = 0;
    char *wanted = NULL, *only = NULL;
    const GOptionEntry entries[] = {
        { "threads", 0, 0, G_OPTION_ARG_INT, &threads, "Threads (default: 1, then 2)", "N" },
        { "algorithm", 0, 0, G_OPTION_ARG_STRING, &wanted, "gemm, direct, ... (default: all)",
          "A" },
        { "only", 0, 0, G_OPTION_ARG_STRING, &only, "Layers whose name has this in it", "TEXT" },
        { NULL },
    };
    GOptionContext *options = g_option_context_new(NULL);
    GError *error = NULL;
    g_option_context_add_main_entries(options, entries, NULL);
    if (!g_option_context_parse(options, &argc, &argv, &error)) {
        g_printerr("%s\n", error->message);
        return 2;
    }
    if (threads < 0 || threads > HRNET_WORKERS_MAX) {
        g_printerr("--threads %d: it is up to %d\n", threads, HRNET_WORKERS_MAX);
        return 2;
    }
    const int first_threads = threads ? threads : 1, last_threads = threads ? threads : 2;
    g_print("%s, kernels %s\n", hrnet_cpu_name(), hrnet_cpu_level_name(hrnet_cpu_features()));
    double peaks[HRNET_WORKERS_MAX + 1] = { 0 };
    for (int n = first_threads; n <= last_threads; n++) {
        HrnetWorkers *workers = hrnet_workers_begin((unsigned)n);
        peaks[n] = hrnet_peak_gflops(workers);
        hrnet_workers_end(workers);
        g_print("peak of %d thread%s %.1f GFLOP/s\n", n, n == 1 ? " " : "s", peaks[n]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(layers); i++) {
        if (only && !strstr(layers[i].where, only))
            continue;
        for (int a = HRNET_CONV_GEMM; a < HRNET_CONV_N_ALGORITHMS; a++) {
            if (wanted && strcmp(wanted, hrnet_conv_algorithm_name((HrnetConvAlgorithm)a)) != 0)
                continue;
            for (int n = first_threads; n <= last_threads; n++)
                bench_layer(&layers[i], (HrnetConvAlgorithm)a, (unsigned)n, peaks[n]);
        }
    }
    g_option_context_free(options);
    return 0;
}
