/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/head.h"

#include "base/cpu.h"
#include "ops/conv_layer.h"

/* Blocks a thread gets at least, where there are rows enough, so that the last ones leave nobody
 * idle for long. */
#define BLOCKS_PER_THREAD 4
#define BLOCK_ROWS_MAX    16

static bool is_direct_1x1(const HrnetConv *conv)
{
    return conv->shape.kernel == 1 && conv->shape.stride == 1 &&
           hrnet_conv_algorithm(conv) == HRNET_CONV_DIRECT;
}

bool hrnet_head_supports(const HrnetConv *projection, const HrnetConv *classifier)
{
    return is_direct_1x1(projection) && is_direct_1x1(classifier);
}

/* How the work is cut up: a task is a block of rows, of which it makes and uses up a chunk of
 * hidden's channels at a time. Tall blocks spread fewer rows of the sources twice. */
typedef struct {
    unsigned rows, chunk_channels;
    size_t plane_floats; /* distance of two channels of a chunk, an odd number of cache lines */
} HeadPlan;

static HeadPlan head_plan(const HrnetHeadArgs *args, unsigned n_threads)
{
    const unsigned channels = args->projection->shape.out_channels;
    const unsigned group = hrnet_conv_block_rows(channels);
    const unsigned fair = args->in.height / (n_threads * BLOCKS_PER_THREAD);
    HeadPlan plan = { .rows = fair < BLOCK_ROWS_MAX ? fair : BLOCK_ROWS_MAX };
    if (plan.rows == 0)
        plan.rows = 1;
    plan.plane_floats = hrnet_tensor_plane_floats(plan.rows, args->in.width);
    const size_t fitting = hrnet_cpu_l2_bytes() / 2 / sizeof(float) / plan.plane_floats;
    plan.chunk_channels = fitting < channels ? (unsigned)(fitting / group * group) : channels;
    if (plan.chunk_channels == 0)
        plan.chunk_channels = group;
    return plan;
}

static HrnetResizeAddArgs sum_args(const HrnetHeadArgs *args)
{
    HrnetResizeAddArgs sum = {
        .n_sources = args->n_sources,
        .out = { .channels = args->projection->shape.out_channels,
                 .height = args->in.height,
                 .width = args->in.width },
        .mode = args->mode,
        .relu = true,
        .scratch = args->scratch,
    };
    for (unsigned i = 0; i < args->n_sources; i++)
        sum.sources[i] = args->sources[i];
    return sum;
}

static size_t sum_scratch_floats(const HrnetResizeAddArgs *sum, unsigned n_threads)
{
    return hrnet_round_up(hrnet_resize_add_scratch_floats(sum, n_threads),
                          HRNET_ALIGNMENT / sizeof(float));
}

/* The sum's tables and rows, then a chunk of a block of hidden a thread. */
size_t hrnet_head_scratch_floats(const HrnetHeadArgs *args, unsigned n_threads)
{
    const HrnetResizeAddArgs sum = sum_args(args);
    size_t most = 0;
    for (unsigned n = 1; n <= n_threads; n++) {
        const HeadPlan plan = head_plan(args, n);
        const size_t floats = n * plan.plane_floats * plan.chunk_channels;
        most = floats > most ? floats : most;
    }
    return sum_scratch_floats(&sum, n_threads) + most;
}

typedef struct {
    const HrnetHeadArgs *args;
    HrnetResizeAddArgs sum;
    HeadPlan plan;
    float *hidden;
} HeadRun;

/* Rows y0..y1-1 of n channels of hidden, and what they add to the logits. */
static void run_chunk(const HeadRun *run, unsigned thread, unsigned y0, unsigned y1, unsigned first,
                      unsigned n)
{
    const HrnetHeadArgs *args = run->args;
    const HeadPlan *plan = &run->plan;
    const size_t first_pixel = (size_t)y0 * args->in.width;
    const size_t n_pixels = (size_t)(y1 - y0) * args->in.width;
    float *hidden = run->hidden + thread * plan->plane_floats * plan->chunk_channels;
    hrnet_conv_run_pixels(args->projection,
                          &(HrnetConvPixels){ .in = args->in.data + first_pixel,
                                              .in_plane_floats = args->in.plane_floats,
                                              .out = hidden,
                                              .out_plane_floats = plan->plane_floats,
                                              .n_pixels = n_pixels,
                                              .first_out = first,
                                              .n_out = n,
                                              .n_in = args->in.channels });
    hrnet_resize_add_rows(&run->sum, thread, first, first + n, y0, y1, hidden, plan->plane_floats);
    hrnet_conv_run_pixels(args->classifier,
                          &(HrnetConvPixels){ .in = hidden,
                                              .in_plane_floats = plan->plane_floats,
                                              .out = args->logits.data + first_pixel,
                                              .out_plane_floats = args->logits.plane_floats,
                                              .n_pixels = n_pixels,
                                              .n_out = args->logits.channels,
                                              .first_in = first,
                                              .n_in = n });
}

static void head_task(void *data, unsigned task, unsigned thread)
{
    const HeadRun *run = data;
    const unsigned channels = run->sum.out.channels, height = run->args->in.height;
    const unsigned y0 = task * run->plan.rows;
    const unsigned y1 = y0 + run->plan.rows < height ? y0 + run->plan.rows : height;
    for (unsigned c = 0; c < channels; c += run->plan.chunk_channels) {
        const unsigned left = channels - c;
        run_chunk(run, thread, y0, y1, c,
                  left < run->plan.chunk_channels ? left : run->plan.chunk_channels);
    }
}

void hrnet_head_run(const HrnetHeadArgs *args, HrnetWorkers *workers)
{
    const unsigned n_threads = hrnet_workers_n_threads(workers);
    HeadRun run = { .args = args, .sum = sum_args(args), .plan = head_plan(args, n_threads) };
    run.hidden = args->scratch + sum_scratch_floats(&run.sum, n_threads);
    hrnet_resize_add_prepare(&run.sum);
    hrnet_workers_run(workers, (args->in.height + run.plan.rows - 1) / run.plan.rows, head_task,
                      &run);
}
