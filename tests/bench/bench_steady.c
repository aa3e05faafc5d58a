/* Times what steady masks cost: averaging scores, and edges along the luma beside a plain argmax.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   bench-steady [--threads=N]
 *
 * Scores are smooth fields with some ten regions a picture, the frame is 1280x720. Finding its luma
 * is timed for frames that have a plane of it, and for packed ones. Medians, in milliseconds. */
#include "ops/frame_format.h"
#include "ops/guide.h"
#include "ops/refine.h"
#include "ops/smooth.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEIGHT 720
#define WIDTH  1280
#define ROUNDS 60

typedef struct {
    HrnetTensor logits, history, cells, last_cells;
    HrnetFrame frame, packed;
    HrnetGuide *guide, *packed_guide;
    HrnetRefiner *refiner;
    guint8 *labels;
    gfloat *scratch;
} Bench;

static HrnetTensor tensor_new(guint channels, guint height, guint width)
{
    const gsize plane_floats = hrnet_tensor_plane_floats(height, width);
    const HrnetTensor tensor = { hrnet_aligned_alloc(channels * plane_floats * sizeof(float)),
                                 channels, height, width, plane_floats };
    memset(tensor.data, 0, channels * plane_floats * sizeof(float));
    return tensor;
}

static void fill_scores(const HrnetTensor *tensor)
{
    for (guint c = 0; c < tensor->channels; c++) {
        for (guint i = 0; i < tensor->height * tensor->width; i++) {
            const gdouble y = i / tensor->width / (gdouble)tensor->height,
                          x = i % tensor->width / (gdouble)tensor->width;
            tensor->data[c * tensor->plane_floats + i] =
                (gfloat)(6 * cos(5 * x + 1.7 * c) * cos(4 * y + 2.3 * c * c));
        }
    }
}

static Bench bench_new(guint n_classes, guint height, guint width, guint n_threads)
{
    Bench bench = {
        .logits = tensor_new(n_classes, height, width),
        .history = tensor_new(n_classes, height, width),
        .cells = tensor_new(1, height, width),
        .last_cells = tensor_new(1, height, width),
        .labels = g_malloc(WIDTH * HEIGHT),
        .frame = { .layout = hrnet_frame_layout_find("GRAY8"), .width = WIDTH, .height = HEIGHT },
    };
    bench.frame.planes[0] = g_malloc(WIDTH * HEIGHT);
    bench.frame.strides_bytes[0] = WIDTH;
    for (guint i = 0; i < WIDTH * HEIGHT; i++)
        bench.frame.planes[0][i] = (guint8)(i % WIDTH / 9 * 31 + i / WIDTH / 7 * 17);
    bench.packed = bench.frame;
    bench.packed.layout = hrnet_frame_layout_find("RGB");
    bench.packed.planes[0] = g_malloc0(3 * WIDTH * HEIGHT);
    bench.packed.strides_bytes[0] = 3 * WIDTH;
    bench.packed_guide = hrnet_guide_new(&bench.packed, height, width, n_threads);
    fill_scores(&bench.logits);
    fill_scores(&bench.history);
    bench.guide = hrnet_guide_new(&bench.frame, height, width, n_threads);
    bench.refiner =
        hrnet_refiner_new(&bench.logits, HRNET_RESIZE_BILINEAR, HEIGHT, WIDTH, n_threads);
    bench.scratch = hrnet_aligned_alloc(
        hrnet_argmax_scratch_floats(&bench.logits, HEIGHT, WIDTH, n_threads) * sizeof(float));
    return bench;
}

static void bench_clear(Bench *bench)
{
    hrnet_aligned_free(bench->logits.data);
    hrnet_aligned_free(bench->history.data);
    hrnet_aligned_free(bench->cells.data);
    hrnet_aligned_free(bench->last_cells.data);
    hrnet_aligned_free(bench->scratch);
    hrnet_guide_free(bench->guide);
    hrnet_guide_free(bench->packed_guide);
    hrnet_refiner_free(bench->refiner);
    g_free(bench->frame.planes[0]);
    g_free(bench->packed.planes[0]);
    g_free(bench->labels);
}

static void look(Bench *bench, HrnetWorkers *workers)
{
    hrnet_guide_look(bench->guide, &bench->frame, workers);
}

static void look_packed(Bench *bench, HrnetWorkers *workers)
{
    hrnet_guide_look(bench->packed_guide, &bench->packed, workers);
}

static void smooth(Bench *bench, HrnetWorkers *workers)
{
    hrnet_smooth_run(&bench->history, &bench->logits, &bench->cells, &bench->last_cells, 0.2f,
                     workers);
}

static void argmax(Bench *bench, HrnetWorkers *workers)
{
    hrnet_argmax_run(&bench->logits, HRNET_RESIZE_BILINEAR, bench->labels, WIDTH, HEIGHT, WIDTH,
                     bench->scratch, workers);
}

static void refine(Bench *bench, HrnetWorkers *workers)
{
    const HrnetTensor cells = hrnet_guide_cells(bench->guide);
    hrnet_refiner_run(bench->refiner, &bench->logits, &cells, bench->frame.planes[0], WIDTH,
                      bench->labels, WIDTH, workers);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const gdouble x = *(const gdouble *)a, y = *(const gdouble *)b;
    return (x > y) - (x < y);
}

static gdouble median_ms(void (*run)(Bench *, HrnetWorkers *), Bench *bench, guint n_threads)
{
    gdouble times[ROUNDS];
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    run(bench, workers);
    for (guint i = 0; i < ROUNDS; i++) {
        const gint64 start = g_get_monotonic_time();
        run(bench, workers);
        times[i] = (gdouble)(g_get_monotonic_time() - start) / 1000;
    }
    hrnet_workers_end(workers);
    qsort(times, ROUNDS, sizeof times[0], compare);
    return times[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    static const guint shapes[][3] = { { 2, 64, 112 }, { 2, 128, 256 }, { 19, 128, 256 } };
    gint n_threads = 2;
    const GOptionEntry entries[] = {
        { "threads", 0, 0, G_OPTION_ARG_INT, &n_threads, "Threads (2)", "N" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- time what steady masks cost");
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("bench-steady: %s\n", error->message);
        return 2;
    }
    g_print("%-12s %8s %8s %8s %8s %8s\n", "scores", "luma", "of RGB", "smooth", "argmax",
            "refine");
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        const guint threads = (guint)CLAMP(n_threads, 1, HRNET_WORKERS_MAX);
        Bench bench = bench_new(shapes[i][0], shapes[i][1], shapes[i][2], threads);
        g_autofree gchar *name =
            g_strdup_printf("%ux%ux%u", shapes[i][0], shapes[i][1], shapes[i][2]);
        g_print("%-12s %8.3f %8.3f %8.3f %8.3f %8.3f\n", name, median_ms(look, &bench, threads),
                median_ms(look_packed, &bench, threads), median_ms(smooth, &bench, threads),
                median_ms(argmax, &bench, threads), median_ms(refine, &bench, threads));
        bench_clear(&bench);
    }
    return 0;
}
