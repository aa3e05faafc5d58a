/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/band.h"

#include "ops/band_rows.h"

#include <string.h>

/* One thread on its way down a strip. */
typedef struct {
    unsigned next_band; /* which goes on where the last one ended */
    HrnetBandRows rows[HRNET_BAND_MAX_TENSORS];
} StripState;

typedef struct {
    const HrnetBandArgs *args;
    const HrnetBandPlan *plan;
    float *scratch;
    StripState states[HRNET_WORKERS_MAX];
} BandRun;

typedef struct {
    const BandRun *run;
    float *scratch;
    HrnetBandRows *rows;
} Strip;

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

/* Makes room for rows behind those that are still wanted. */
static void slide_rows(const Strip *strip, unsigned t)
{
    const HrnetBandPlan *plan = strip->run->plan;
    const HrnetTensor *tensor = &strip->run->args->tensors[t].tensor;
    const unsigned before = strip->rows[t].base;
    const unsigned base = hrnet_band_first_wanted(strip->run->args, strip->rows, t);
    const size_t n = (size_t)(strip->rows[t].done - base) * tensor->width;
    strip->rows[t].base = base;
    if (base == before || n == 0)
        return;
    float *plane = strip->scratch + plan->offset_floats[t];
    for (unsigned c = 0; c < tensor->channels; c++, plane += plan->plane_floats[t])
        memmove(plane, plane + (size_t)(base - before) * tensor->width, n * sizeof(float));
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

/* first's output is residual to second, both in the place of second's. */
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

static void run_band(const Strip *strip, unsigned progress)
{
    const HrnetBandArgs *args = strip->run->args;
    unsigned ends[HRNET_BAND_MAX_TENSORS];
    hrnet_band_ends(args, progress, ends);
    for (unsigned s = 0; s < args->n_steps; s++) {
        const HrnetBandStep *step = &args->steps[s];
        const bool paired = strip->run->plan->paired[s];
        if (paired) /* with rows of the next step's, the same ones */
            strip->rows[step->out].done = ends[step->out];
        const HrnetBandStep *last = paired ? &args->steps[++s] : step;
        HrnetBandRows *rows = &strip->rows[last->out];
        if (ends[last->out] <= rows->done)
            continue;
        if (args->tensors[last->out].inner)
            slide_rows(strip, last->out);
        if (paired)
            run_pair(strip, step, last, rows->done, ends[last->out]);
        else
            run_single(strip, step, rows->done, ends[last->out]);
        rows->done = ends[last->out];
    }
}

static void band_task(void *data, unsigned band, unsigned thread)
{
    BandRun *run = data;
    StripState *state = &run->states[thread];
    const Strip strip = { run, run->scratch + thread * run->plan->thread_floats, state->rows };
    if (band != state->next_band)
        hrnet_band_begin(run->args, band * run->plan->band_rows, state->rows);
    run_band(&strip, (band + 1) * run->plan->band_rows);
    state->next_band = band + 1;
}

void hrnet_band_run(const HrnetBandArgs *args, const HrnetBandPlan *plan, float *scratch,
                    HrnetWorkers *workers)
{
    const unsigned n_threads = hrnet_workers_n_threads(workers);
    BandRun run = { .args = args, .plan = plan, .scratch = scratch };
    for (unsigned t = 0; t < n_threads; t++)
        run.states[t].next_band = plan->n_bands; /* none */
    hrnet_workers_run(workers, plan->n_bands, band_task, &run);
}
