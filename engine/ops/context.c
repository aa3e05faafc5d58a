/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/context.h"

#include "base/cpu.h"
#include "kernels/kernels.h"
#include "ops/conv_layer.h"

/* Tiles a thread gets at least, where there are pixels enough, so that the last ones leave nobody
 * idle for long. */
#define TILES_PER_THREAD 4

bool hrnet_context_supports(const HrnetConv *conv)
{
    return conv->shape.kernel == 1 && conv->shape.stride == 1 &&
           hrnet_conv_algorithm(conv) == HRNET_CONV_DIRECT;
}

/* What a tile goes through: queries and what attention makes of them, scores with their two planes
 * beside, the context and what the bottleneck makes of it. */
typedef struct {
    size_t tile_pixels, plane_floats;
    size_t attended, scores, context, mixed; /* behind the queries, in floats */
    size_t thread_floats;
} ContextPlan;

static HrnetAttendArgs attention(const HrnetContextArgs *args)
{
    return (
        HrnetAttendArgs){ .keys = args->keys, .values = args->values, .scratch = args->scratch };
}

static size_t tile_channels(const HrnetContextArgs *args)
{
    return 2 * args->keys.channels + args->keys.width + 2 + args->up->shape.out_channels +
           args->bottleneck[0]->shape.out_channels;
}

static ContextPlan context_plan(const HrnetContextArgs *args, unsigned n_threads)
{
    const HrnetConvKernels *kernels = &hrnet_kernels()->conv;
    const size_t step = (size_t)kernels->vector_floats * kernels->tile_vectors_max;
    const size_t n_pixels = (size_t)args->pixels.height * args->pixels.width;
    const size_t fitting = hrnet_cpu_l2_bytes() / 2 / sizeof(float) / tile_channels(args);
    const size_t fair = n_pixels / (n_threads * TILES_PER_THREAD);
    const size_t wanted = fitting < fair ? fitting : fair;
    ContextPlan plan = { .tile_pixels = wanted < step ? step : wanted / step * step };
    plan.plane_floats = hrnet_tensor_plane_floats(1, (unsigned)plan.tile_pixels);
    plan.attended = args->keys.channels * plan.plane_floats;
    plan.scores = 2 * plan.attended;
    plan.context = plan.scores + (args->keys.width + 2) * plan.plane_floats;
    plan.mixed = plan.context + args->up->shape.out_channels * plan.plane_floats;
    plan.thread_floats = tile_channels(args) * plan.plane_floats;
    return plan;
}

static size_t prepared_floats(const HrnetContextArgs *args)
{
    const HrnetAttendArgs attend = attention(args);
    return hrnet_round_up(hrnet_attend_prepared_floats(&attend), HRNET_ALIGNMENT / sizeof(float));
}

size_t hrnet_context_scratch_floats(const HrnetContextArgs *args, unsigned n_threads)
{
    size_t most = 0;
    for (unsigned n = 1; n <= n_threads; n++) {
        const size_t floats = n * context_plan(args, n).thread_floats;
        most = floats > most ? floats : most;
    }
    return prepared_floats(args) + most;
}

typedef struct {
    const HrnetContextArgs *args;
    HrnetAttendArgs attend;
    ContextPlan plan;
    size_t n_pixels;
} ContextRun;

/* One layer over a tile, or a part of one that goes on from the sums before it. */
static void run_layer(const HrnetConv *conv, const float *in, size_t in_plane_floats, float *out,
                      size_t out_plane_floats, size_t n_pixels, bool goes_on, bool relu)
{
    hrnet_conv_run_pixels(conv, &(HrnetConvPixels){ .in = in,
                                                    .in_plane_floats = in_plane_floats,
                                                    .out = out,
                                                    .out_plane_floats = out_plane_floats,
                                                    .n_pixels = n_pixels,
                                                    .n_out = conv->shape.out_channels,
                                                    .n_in = conv->shape.in_channels,
                                                    .goes_on = goes_on,
                                                    .relu = relu });
}

static void context_task(void *data, unsigned task, unsigned thread)
{
    const ContextRun *run = data;
    const HrnetContextArgs *args = run->args;
    const ContextPlan *plan = &run->plan;
    const size_t first = task * plan->tile_pixels, plane = plan->plane_floats;
    const size_t left = run->n_pixels - first;
    const size_t n = left < plan->tile_pixels ? left : plan->tile_pixels;
    const float *pixels = args->pixels.data + first;
    float *queries = args->scratch + prepared_floats(args) + thread * plan->thread_floats;
    float *attended = queries + plan->attended;
    float *context = queries + plan->context, *mixed = queries + plan->mixed;
    run_layer(args->query[0], pixels, args->pixels.plane_floats, attended, plane, n, false, true);
    run_layer(args->query[1], attended, plane, queries, plane, n, false, true);
    hrnet_attend_run_pixels(&run->attend, &(HrnetAttendPixels){ .queries = queries,
                                                                .queries_plane_floats = plane,
                                                                .scores = queries + plan->scores,
                                                                .scores_plane_floats = plane,
                                                                .out = attended,
                                                                .out_plane_floats = plane,
                                                                .n_pixels = n });
    run_layer(args->up, attended, plane, context, plane, n, false, true);
    run_layer(args->bottleneck[0], context, plane, mixed, plane, n, false, false);
    run_layer(args->bottleneck[1], pixels, args->pixels.plane_floats, mixed, plane, n, true, true);
    run_layer(args->classifier, mixed, plane, args->logits.data + first, args->logits.plane_floats,
              n, false, false);
}

void hrnet_context_run(const HrnetContextArgs *args, HrnetWorkers *workers)
{
    ContextRun run = {
        .args = args,
        .attend = attention(args),
        .plan = context_plan(args, hrnet_workers_n_threads(workers)),
        .n_pixels = (size_t)args->pixels.height * args->pixels.width,
    };
    hrnet_attend_prepare(&run.attend);
    hrnet_workers_run(workers,
                      (unsigned)((run.n_pixels + run.plan.tile_pixels - 1) / run.plan.tile_pixels),
                      context_task, &run);
}
