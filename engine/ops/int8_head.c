/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/int8_head.h"

#include "base/cpu.h"
#include "base/memory.h"

/* Blocks a thread gets at least, where there are rows enough, so that the last ones leave nobody
 * idle for long. */
#define BLOCKS_PER_THREAD 4
/* Of the second-level cache, what a block may take. */
#define CACHE_SHARE 4

static bool is_pixelwise(const HrnetInt8ConvLayer *layer)
{
    const HrnetConvShape *shape = hrnet_int8_conv_shape(layer);
    return shape->kernel == 1 && shape->stride == 1;
}

bool hrnet_int8_head_supports(const HrnetInt8ConvLayer *projection,
                              const HrnetInt8ConvLayer *classifier)
{
    return is_pixelwise(projection) && is_pixelwise(classifier);
}

static HrnetQuads block_shape(const HrnetQuads *hidden, unsigned rows)
{
    return hrnet_quads_shape(hidden->channels, rows, hidden->width, hidden->range);
}

static size_t block_bytes(const HrnetQuads *block)
{
    return hrnet_round_up(hrnet_quads_count(block->channels) * block->quad_bytes +
                              HRNET_INT8_OVER_READ,
                          HRNET_ALIGNMENT);
}

bool hrnet_int8_head_plan_init(HrnetInt8HeadPlan *plan, const HrnetInt8HeadArgs *args,
                               unsigned n_threads)
{
    const HrnetQuads *hidden = &args->sum.out;
    const unsigned most = hidden->height / (n_threads * BLOCKS_PER_THREAD);
    unsigned rows = 1;
    HrnetQuads block = block_shape(hidden, rows);
    while (rows < most) {
        const HrnetQuads taller = block_shape(hidden, rows + 1);
        if (block_bytes(&taller) > hrnet_cpu_l2_bytes() / CACHE_SHARE)
            break;
        block = taller;
        rows++;
    }
    *plan = (HrnetInt8HeadPlan){
        .projection = hrnet_int8_conv_plan(&args->projection, 1),
        .classifier = hrnet_int8_conv_plan(&args->classifier, 1),
        .sum = hrnet_int8_sum_plan_new(&args->sum, n_threads),
        .rows = rows,
        .quad_bytes = block.quad_bytes,
        .thread_bytes = block_bytes(&block),
    };
    if (plan->sum)
        plan->sum_bytes = hrnet_round_up(hrnet_int8_sum_scratch_bytes(plan->sum), HRNET_ALIGNMENT);
    return plan->sum != NULL;
}

void hrnet_int8_head_plan_clear(HrnetInt8HeadPlan *plan)
{
    hrnet_int8_sum_plan_free(plan->sum);
    plan->sum = NULL;
}

size_t hrnet_int8_head_scratch_bytes(const HrnetInt8HeadPlan *plan, unsigned n_threads)
{
    return plan->sum_bytes + n_threads * plan->thread_bytes;
}

typedef struct {
    const HrnetInt8HeadArgs *args;
    const HrnetInt8HeadPlan *plan;
    uint8_t *scratch;
} HeadRun;

/* Hidden as if all of it were there, with a block's first row where the thread's memory begins
 * behind one row for padding. */
static void place(HrnetQuads *quads, const HeadRun *run, unsigned thread, unsigned first_row)
{
    const size_t above = HRNET_QUAD * hrnet_quads_pitch(quads) * first_row;
    quads->data =
        run->scratch + run->plan->sum_bytes + thread * run->plan->thread_bytes - (ptrdiff_t)above;
    quads->quad_bytes = run->plan->quad_bytes;
}

static void block_task(void *data, unsigned task, unsigned thread)
{
    const HeadRun *run = data;
    const HrnetInt8HeadPlan *plan = run->plan;
    HrnetInt8HeadArgs args = *run->args;
    const unsigned height = args.sum.out.height, y0 = task * plan->rows;
    const unsigned y1 = y0 + plan->rows < height ? y0 + plan->rows : height;
    place(&args.projection.out, run, thread, y0);
    place(&args.sum.base, run, thread, y0);
    place(&args.sum.out, run, thread, y0);
    place(&args.classifier.in, run, thread, y0);
    hrnet_int8_conv_run_rows(&args.projection, &plan->projection, y0, y1);
    for (unsigned k = 0; k < hrnet_quads_count(args.sum.out.channels); k++)
        hrnet_int8_sum_run_rows(&args.sum, plan->sum, run->scratch, thread, k, y0, y1);
    hrnet_int8_conv_run_rows(&args.classifier, &plan->classifier, y0, y1);
}

void hrnet_int8_head_run(const HrnetInt8HeadArgs *args, const HrnetInt8HeadPlan *plan,
                         uint8_t *scratch, HrnetWorkers *workers)
{
    HeadRun run = { args, plan, scratch };
    const unsigned n_blocks = (args->sum.out.height + plan->rows - 1) / plan->rows;
    hrnet_workers_run(workers, n_blocks, block_task, &run);
}
