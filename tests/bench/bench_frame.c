/* Times the frame's own way beside the network: frame to tensor, logits to labels, painting.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   bench-frame [--threads=N] [--format=NAME]
 *
 * A frame of 1280x720 in I420 or another format, 19 classes, the network's input 512x1024. Scores
 * are smooth fields with some ten regions a picture, of which all but one class are painted.
 * Medians, in milliseconds. */
#include "base/cpu.h"
#include "ops/frame_format.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>

#define HEIGHT       720
#define WIDTH        1280
#define INPUT_HEIGHT 512
#define INPUT_WIDTH  1024
#define CLASSES      19
#define ROUNDS       100

typedef struct {
    HrnetFrame frame;
    HrnetFrameInput *way_in;
    HrnetTensor input, logits;
    guint8 *labels;
    guint32 argb[256];
    gfloat *input_scratch, *argmax_scratch;
} Bench;

static HrnetTensor tensor_new(guint channels, guint height, guint width)
{
    const gsize plane_floats = hrnet_tensor_plane_floats(height, width);
    return (HrnetTensor){ hrnet_aligned_alloc(channels * plane_floats * sizeof(gfloat)), channels,
                          height, width, plane_floats };
}

static void fill_scores(const HrnetTensor *tensor)
{
    for (guint c = 0; c < tensor->channels; c++)
        for (guint i = 0; i < tensor->height * tensor->width; i++) {
            const gdouble y = i / tensor->width / (gdouble)tensor->height;
            const gdouble x = i % tensor->width / (gdouble)tensor->width;
            tensor->data[c * tensor->plane_floats + i] =
                (gfloat)(6 * cos(5 * x + 1.7 * c) * cos(4 * y + 2.3 * c * c));
        }
}

static HrnetFrame frame_new(const HrnetFrameLayout *layout)
{
    HrnetFrame frame = { .layout = layout,
                         .width = WIDTH,
                         .height = HEIGHT,
                         .kr = 0.2126,
                         .kb = 0.0722,
                         .chroma_left = true };
    for (guint p = 0; p < hrnet_frame_n_planes(layout); p++) {
        const gsize stride = hrnet_frame_row_samples(&frame, p) * layout->sample_bytes;
        const gsize n_bytes = stride * hrnet_frame_rows(&frame, p);
        frame.planes[p] = g_malloc(n_bytes);
        frame.strides_bytes[p] = stride;
        for (gsize i = 0; i < n_bytes; i++)
            frame.planes[p][i] = (guint8)(16 + i * 7 % 220);
    }
    return frame;
}

static Bench bench_new(const HrnetFrameLayout *layout, guint n_threads)
{
    const gfloat mean[3] = { 0.485f, 0.456f, 0.406f }, std[3] = { 0.229f, 0.224f, 0.225f };
    Bench b = { .frame = frame_new(layout),
                .input = tensor_new(3, INPUT_HEIGHT, INPUT_WIDTH),
                .logits = tensor_new(CLASSES, INPUT_HEIGHT / 4, INPUT_WIDTH / 4),
                .labels = g_malloc(WIDTH * HEIGHT) };
    fill_scores(&b.logits);
    for (guint label = 2; label <= CLASSES; label++)
        b.argb[label] = 0x80000000u + label * 0x0b5331u;
    b.way_in =
        hrnet_frame_input_new(&b.frame, INPUT_HEIGHT, INPUT_WIDTH, HRNET_INPUT_RGB, mean, std);
    b.input_scratch =
        hrnet_aligned_alloc(hrnet_frame_input_scratch_floats(b.way_in, n_threads) * sizeof(gfloat));
    b.argmax_scratch = hrnet_aligned_alloc(
        hrnet_argmax_scratch_floats(&b.logits, HEIGHT, WIDTH, n_threads) * sizeof(gfloat));
    return b;
}

static void bench_free(Bench *b)
{
    for (guint p = 0; p < 3; p++)
        g_free(b->frame.planes[p]);
    hrnet_frame_input_free(b->way_in);
    hrnet_aligned_free(b->input.data);
    hrnet_aligned_free(b->logits.data);
    hrnet_aligned_free(b->input_scratch);
    hrnet_aligned_free(b->argmax_scratch);
    g_free(b->labels);
}

static void run_input(const Bench *b, HrnetWorkers *workers)
{
    hrnet_frame_input_run(b->way_in, &b->frame, b->input, b->input_scratch, workers);
}

static void run_argmax(const Bench *b, HrnetWorkers *workers)
{
    hrnet_argmax_run(&b->logits, HRNET_RESIZE_BILINEAR, b->labels, WIDTH, HEIGHT, WIDTH,
                     b->argmax_scratch, workers);
}

static void run_paint(const Bench *b, HrnetWorkers *workers)
{
    hrnet_paint_run(&b->frame, b->labels, WIDTH, b->argb, workers);
}

static int compare_times(const void *a, const void *b)
{
    const gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return (x > y) - (x < y);
}

static gdouble median_ms(gint64 *times)
{
    qsort(times, ROUNDS, sizeof *times, compare_times);
    return (gdouble)times[ROUNDS / 2] / 1e3;
}

/* One after the other, as in a stream, so that each finds the caches as the others leave them. */
static void bench(const HrnetFrameLayout *layout, guint n_threads)
{
    static void (*const steps[])(const Bench *, HrnetWorkers *) = { run_input, run_argmax,
                                                                    run_paint };
    gint64 times[G_N_ELEMENTS(steps)][ROUNDS];
    gdouble ms[G_N_ELEMENTS(steps)], sum = 0;
    Bench b = bench_new(layout, n_threads);
    for (gint round = -3; round < ROUNDS; round++) {
        HrnetWorkers *workers = hrnet_workers_begin(n_threads);
        for (guint s = 0; s < G_N_ELEMENTS(steps); s++) {
            const gint64 start = g_get_monotonic_time();
            steps[s](&b, workers);
            if (round >= 0)
                times[s][round] = g_get_monotonic_time() - start;
        }
        hrnet_workers_end(workers);
    }
    for (guint s = 0; s < G_N_ELEMENTS(steps); s++)
        sum += ms[s] = median_ms(times[s]);
    g_print("%u threads: frame to tensor %.2f, logits to labels %.2f, painting %.2f, together "
            "%.2f ms\n",
            n_threads, ms[0], ms[1], ms[2], sum);
    bench_free(&b);
}

int main(int argc, char **argv)
{
    int n_threads = 2;
    g_autofree char *format = g_strdup("I420");
    const GOptionEntry entries[] = {
        { "threads", 0, 0, G_OPTION_ARG_INT, &n_threads, "Threads (default: 2)", "N" },
        { "format", 0, 0, G_OPTION_ARG_STRING, &format, "Frames' format (default: I420)", "NAME" },
        { NULL },
    };
    g_autoptr(GOptionContext) options = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(options, entries, NULL);
    if (!g_option_context_parse(options, &argc, &argv, &error) || n_threads < 1 ||
        n_threads > HRNET_WORKERS_MAX) {
        g_printerr("%s\n", error ? error->message : "--threads is out of its range");
        return 2;
    }
    const HrnetFrameLayout *layout = hrnet_frame_layout_find(format);
    if (!layout) {
        g_printerr("no format \"%s\"\n", format);
        return 2;
    }
    g_print("%s, kernels %s\n", hrnet_cpu_name(), hrnet_cpu_level_name(hrnet_cpu_features()));
    bench(layout, (guint)n_threads);
    return 0;
}
