/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/band.h"

#include "ops/band_walk.h"

#include <string.h>

typedef struct {
    const HrnetBandArgs *args;
    const HrnetBandPlan *plan;
    float *scratch;
} BandRun;

/* One thread's rows. */
typedef struct {
    const BandRun *run;
    float *scratch;
    const HrnetBandRows *rows;
} Strip;

static Strip strip_of(const BandRun *run, unsigned thread, const HrnetBandRows *rows)
{
    return (Strip){ run, run->scratch + thread * run->plan->thread_floats, rows };
}

/* The tensor as if all of it were there. */
static HrnetTensor strip_tensor(const Strip *strip, unsigned t)
{
    const HrnetBandPlan *plan = strip->run->plan;
    HrnetTensor tensor = strip->run->args->tensors[t].tensor;
    if (strip->run->args->tensors[t].inner) {
        tensor.data = strip->scratch + plan->offset_floats[t] -
                      (ptrdiff_t)((size_t)strip->rows[t].base * tensor.width);
        tensor.plane_floats = plan->plane_floats[t];
    }
    return tensor;
}

static void move_rows(void *data, unsigned thread, const HrnetBandRows *rows, unsigned t,
                      unsigned before)
{
    const BandRun *run = data;
    const HrnetTensor *tensor = &run->args->tensors[t].tensor;
    const size_t n = (size_t)(rows[t].done - rows[t].base) * tensor->width;
    float *plane = strip_of(run, thread, rows).scratch + run->plan->offset_floats[t];
    for (unsigned c = 0; c < tensor->channels; c++, plane += run->plan->plane_floats[t])
        memmove(plane, plane + (size_t)(rows[t].base - before) * tensor->width, n * sizeof(float));
}

static void run_step(const Strip *strip, const HrnetBandStep *step, const HrnetTensor *out,
                     const HrnetTensor *residual, unsigned first_row, unsigned end_row)
{
    const HrnetConvArgs args = {
        .in = strip_tensor(strip, step->in),
        .out = *out,
        .residual = residual,
        .relu = step->relu,
        .scratch = strip->scratch + strip->run->plan->conv_offset_floats,
    };
    hrnet_conv_run_rows(step->conv, &args, first_row, end_row);
}

/* Row by row, so that what the first makes is still in the first-level cache for the second. */
static void run_pair(const Strip *strip, const HrnetBandStep *first, const HrnetBandStep *second,
                     unsigned first_row, unsigned end_row)
{
    const HrnetTensor out = strip_tensor(strip, second->out);
    for (unsigned row = first_row; row < end_row; row++) {
        run_step(strip, first, &out, NULL, row, row + 1);
        run_step(strip, second, &out, &out, row, row + 1);
    }
}

static void run_single(const Strip *strip, const HrnetBandStep *step, unsigned first_row,
                       unsigned end_row)
{
    const HrnetTensor out = strip_tensor(strip, step->out);
    if (step->residual == HRNET_BAND_NO_TENSOR) {
        run_step(strip, step, &out, NULL, first_row, end_row);
    } else {
        const HrnetTensor residual = strip_tensor(strip, step->residual);
        run_step(strip, step, &out, &residual, first_row, end_row);
    }
}

static void run_rows(void *data, unsigned thread, const HrnetBandRows *rows,
                     const HrnetBandStep *step, const HrnetBandStep *second, unsigned first_row,
                     unsigned end_row)
{
    const Strip strip = strip_of(data, thread, rows);
    if (second)
        run_pair(&strip, step, second, first_row, end_row);
    else
        run_single(&strip, step, first_row, end_row);
}

void hrnet_band_run(const HrnetBandArgs *args, const HrnetBandPlan *plan, float *scratch,
                    HrnetWorkers *workers)
{
    static const HrnetBandWalker walker = { move_rows, run_rows };
    BandRun run = { .args = args, .plan = plan, .scratch = scratch };
    hrnet_band_walk(args, &walker, &run, plan->paired, plan->band_rows, workers);
}
