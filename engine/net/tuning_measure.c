/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/tuning.h"

#include "base/memory.h"

#include <time.h>

#define N_RUNS 7

/* One layer's tensors with made-up values. */
typedef struct {
    HrnetTensor in, out;
    gfloat *weights;
} Bench;

static guint64 now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (guint64)now.tv_sec * 1000000000u + (guint64)now.tv_nsec;
}

static gboolean allocate_tensor(HrnetTensor *tensor, guint channels, guint height, guint width)
{
    *tensor = (HrnetTensor){ .channels = channels,
                             .height = height,
                             .width = width,
                             .plane_floats = hrnet_tensor_plane_floats(height, width) };
    /* a vector more, which kernels may read */
    const gsize n_floats = channels * tensor->plane_floats + 16;
    tensor->data = hrnet_aligned_alloc(n_floats * sizeof(gfloat));
    for (gsize i = 0; tensor->data && i < n_floats; i++)
        tensor->data[i] = (gfloat)(i % 31) / 31;
    return tensor->data != NULL;
}

static void bench_clear(Bench *bench)
{
    hrnet_aligned_free(bench->in.data);
    hrnet_aligned_free(bench->out.data);
    g_free(bench->weights);
}

static gboolean bench_init(Bench *bench, const HrnetConvShape *shape, guint height, guint width)
{
    const gsize n_weights =
        (gsize)shape->in_channels * shape->out_channels * shape->kernel * shape->kernel;
    bench->weights = g_try_new(gfloat, n_weights);
    for (gsize i = 0; bench->weights && i < n_weights; i++)
        bench->weights[i] = (gfloat)(i % 17) / 17 - 0.5f;
    return bench->weights && allocate_tensor(&bench->in, shape->in_channels, height, width) &&
           allocate_tensor(&bench->out, shape->out_channels, hrnet_conv_out_size(shape, height),
                           hrnet_conv_out_size(shape, width));
}

static gint compare_ns(gconstpointer a, gconstpointer b)
{
    const guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
    return x < y ? -1 : x > y;
}

/* Median time of a run after a first one; G_MAXUINT64 when there is no memory. */
static guint64 time_conv(const HrnetConv *conv, const Bench *bench, guint n_threads)
{
    const gsize n_scratch =
        hrnet_conv_scratch_floats(conv, bench->in.height, bench->in.width, n_threads);
    const HrnetConvArgs args = { .in = bench->in,
                                 .out = bench->out,
                                 .relu = true,
                                 .scratch =
                                     hrnet_aligned_alloc((n_scratch + 16) * sizeof(gfloat)) };
    if (!args.scratch)
        return G_MAXUINT64;
    guint64 times[N_RUNS];
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    hrnet_conv_run(conv, &args, workers);
    for (guint i = 0; i < N_RUNS; i++) {
        const guint64 start = now_ns();
        hrnet_conv_run(conv, &args, workers);
        times[i] = now_ns() - start;
    }
    hrnet_workers_end(workers);
    hrnet_aligned_free(args.scratch);
    qsort(times, N_RUNS, sizeof times[0], compare_ns);
    return times[N_RUNS / 2];
}

HrnetConvAlgorithm hrnet_tuning_measure(const HrnetConvShape *shape, guint height, guint width,
                                        guint n_threads)
{
    static const HrnetConvAlgorithm candidates[] = { HRNET_CONV_GEMM, HRNET_CONV_DIRECT,
                                                     HRNET_CONV_WINO4 };
    HrnetConvAlgorithm best = HRNET_CONV_AUTO;
    guint64 best_ns = G_MAXUINT64;
    Bench bench = { 0 };
    const gboolean ready = bench_init(&bench, shape, height, width);
    for (guint i = 0; ready && i < G_N_ELEMENTS(candidates); i++) {
        HrnetConv *conv = hrnet_conv_new(shape, bench.weights, NULL, candidates[i], height, width);
        /* where a candidate cannot do the shape, another stands in for it */
        if (conv && hrnet_conv_algorithm(conv) == candidates[i]) {
            const guint64 ns = time_conv(conv, &bench, n_threads);
            if (ns < best_ns) {
                best_ns = ns;
                best = candidates[i];
            }
        }
        hrnet_conv_free(conv);
    }
    bench_clear(&bench);
    return best;
}
