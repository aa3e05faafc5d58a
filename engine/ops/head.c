/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/head.h"

#include "base/cpu.h"
#include "ops/conv_layer.h"

/* Blocks a thread gets at least, where there are rows enough, so that the last ones leave nobody
 * idle for long. */
#define BLOCKS_PER_THREAD 4

static bool is_direct_1x1(const HrnetConv *conv)
{
    return conv->shape.kernel == 1 && conv->shape.stride == 1 &&
           hrnet_conv_algorithm(conv) == HRNET_CONV_DIRECT;
}

bool hrnet_head_supports(const HrnetConv *projection, const HrnetConv *classifier)
{
    return is_direct_1x1(projection) && is_direct_1x1(classifier);
}

/* Rows of a block: its part of hidden takes half of the second-level cache at most. */
static unsigned block_rows(const HrnetHeadArgs *args, unsigned n_threads)
{
    const size_t row_bytes = sizeof(float) * args->projection->shape.out_channels * args->in.width;
    const size_t fitting = hrnet_cpu_l2_bytes() / 2 / row_bytes;
    const size_t fair = args->in.height / (n_threads * BLOCKS_PER_THREAD);
    const size_t rows = fitting < fair ? fitting : fair;
    return rows > 0 ? (unsigned)rows : 1;
}

/* Distance of two channels of a block of hidden: an odd number of cache lines, as for tensors. */
static size_t hidden_plane_floats(const HrnetHeadArgs *args, unsigned rows)
{
    return hrnet_tensor_plane_floats(rows, args->in.width);
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

/* The sum's tables and rows, then a block of hidden a thread. */
size_t hrnet_head_scratch_floats(const HrnetHeadArgs *args, unsigned n_threads)
{
    const HrnetResizeAddArgs sum = sum_args(args);
    size_t most = 0;
    for (unsigned n = 1; n <= n_threads; n++) {
        const size_t floats = n * hidden_plane_floats(args, block_rows(args, n)) * sum.out.channels;
        most = floats > most ? floats : most;
    }
    return sum_scratch_floats(&sum, n_threads) + most;
}

typedef struct {
    const HrnetHeadArgs *args;
    HrnetResizeAddArgs sum;
    unsigned rows;
    float *hidden;
    size_t plane_floats;
} HeadRun;

static void head_task(void *data, unsigned task, unsigned thread)
{
    const HeadRun *run = data;
    const HrnetHeadArgs *args = run->args;
    const unsigned width = args->in.width, channels = run->sum.out.channels;
    const unsigned y0 = task * run->rows;
    const unsigned y1 = y0 + run->rows < args->in.height ? y0 + run->rows : args->in.height;
    const size_t first_pixel = (size_t)y0 * width, n_pixels = (size_t)(y1 - y0) * width;
    float *hidden = run->hidden + thread * run->plane_floats * channels;
    hrnet_conv_run_pixels(args->projection, args->in.data + first_pixel, args->in.plane_floats,
                          hidden, run->plane_floats, n_pixels, false);
    hrnet_resize_add_rows(&run->sum, thread, 0, channels, y0, y1, hidden, run->plane_floats);
    hrnet_conv_run_pixels(args->classifier, hidden, run->plane_floats,
                          args->logits.data + first_pixel, args->logits.plane_floats, n_pixels,
                          false);
}

void hrnet_head_run(const HrnetHeadArgs *args, HrnetWorkers *workers)
{
    const unsigned n_threads = hrnet_workers_n_threads(workers);
    HeadRun run = { .args = args, .sum = sum_args(args), .rows = block_rows(args, n_threads) };
    run.hidden = args->scratch + sum_scratch_floats(&run.sum, n_threads);
    run.plane_floats = hidden_plane_floats(args, run.rows);
    hrnet_resize_add_prepare(&run.sum);
    hrnet_workers_run(workers, (args->in.height + run.rows - 1) / run.rows, head_task, &run);
}
