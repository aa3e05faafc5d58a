/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/int8_band.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "ops/band_walk.h"

#include <string.h>

/* Bands a thread gets at least, where there are rows enough. */
#define BANDS_PER_THREAD 4
/* Of the second-level cache, what inner tensors may take: they are a quarter of fp32's. */
#define CACHE_SHARE 4

static HrnetInt8ConvArgs conv_args(const HrnetBandStep *step, HrnetQuads in, HrnetQuads out)
{
    return (HrnetInt8ConvArgs){ .layer = step->layer, .in = in, .out = out };
}

static HrnetInt8BandPlan plan_bands(const HrnetBandArgs *args, unsigned band_rows)
{
    unsigned capacity[HRNET_BAND_MAX_TENSORS] = { 0 }, most_rows[HRNET_BAND_MAX_STEPS] = { 0 };
    HrnetInt8BandPlan plan = { .band_rows = band_rows };
    hrnet_band_measure(args, band_rows, capacity, most_rows);
    for (unsigned s = 0; s < args->n_steps; s++) {
        const HrnetBandStep *step = &args->steps[s];
        const HrnetQuads *out = &args->tensors[step->out].quads;
        const HrnetInt8ConvArgs conv = conv_args(step, args->tensors[step->in].quads, *out);
        plan.convs[s] = hrnet_int8_conv_plan(&conv, 1);
        plan.paired[s] = hrnet_band_is_pair(args, s);
        if (!args->tensors[step->out].inner || plan.paired[s])
            continue;
        const HrnetQuads held =
            hrnet_quads_shape(out->channels, capacity[step->out], out->width, out->range);
        plan.quad_bytes[step->out] = held.quad_bytes;
        plan.offset_bytes[step->out] = plan.thread_bytes;
        plan.thread_bytes += hrnet_round_up(hrnet_quads_count(out->channels) * held.quad_bytes +
                                                HRNET_INT8_OVER_READ,
                                            HRNET_ALIGNMENT);
    }
    return plan;
}

/* As many rows as the cache's share holds inner tensors of, the fewest there are where it holds
 * none. */
HrnetInt8BandPlan hrnet_int8_band_plan(const HrnetBandArgs *args, unsigned n_threads)
{
    const unsigned height = hrnet_band_height(args);
    const unsigned smallest = hrnet_band_smallest(args);
    HrnetInt8BandPlan plan = plan_bands(args, smallest);
    for (unsigned rows = 2 * smallest; rows * BANDS_PER_THREAD * n_threads <= height;
         rows += smallest) {
        const HrnetInt8BandPlan wider = plan_bands(args, rows);
        if (wider.thread_bytes > hrnet_cpu_l2_bytes() / CACHE_SHARE)
            break;
        plan = wider;
    }
    return plan;
}

typedef struct {
    const HrnetBandArgs *args;
    const HrnetInt8BandPlan *plan;
    uint8_t *scratch;
} BandRun;

static uint8_t *thread_scratch(const BandRun *run, unsigned thread)
{
    return run->scratch + thread * run->plan->thread_bytes;
}

/* The tensor as if all of it were there. */
static HrnetQuads strip_quads(const BandRun *run, unsigned thread, const HrnetBandRows *rows,
                              unsigned t)
{
    HrnetQuads quads = run->args->tensors[t].quads;
    if (run->args->tensors[t].inner) {
        const size_t above = HRNET_QUAD * hrnet_quads_pitch(&quads) * rows[t].base;
        quads.data = thread_scratch(run, thread) + run->plan->offset_bytes[t] - (ptrdiff_t)above;
        quads.quad_bytes = run->plan->quad_bytes[t];
    }
    return quads;
}

/* With the padding on both of their sides; below the row of padding that is above the first. */
static void move_rows(void *data, unsigned thread, const HrnetBandRows *rows, unsigned t,
                      unsigned before)
{
    const BandRun *run = data;
    const HrnetQuads *quads = &run->args->tensors[t].quads;
    const size_t row_bytes = HRNET_QUAD * hrnet_quads_pitch(quads);
    const size_t n_bytes = (rows[t].done - rows[t].base) * row_bytes + HRNET_QUAD;
    uint8_t *plane = thread_scratch(run, thread) + run->plan->offset_bytes[t] + row_bytes;
    for (unsigned k = 0; k < hrnet_quads_count(quads->channels); k++)
        memmove(plane + k * run->plan->quad_bytes[t],
                plane + k * run->plan->quad_bytes[t] + (rows[t].base - before) * row_bytes,
                n_bytes);
}

/* What of the padding is no row's own yet: behind the last that was made. */
static void pad_behind(const HrnetQuads *quads, unsigned end_row)
{
    if (end_row == quads->height) /* where it is all there */
        return;
    for (unsigned k = 0; k < hrnet_quads_count(quads->channels); k++)
        memcpy(quads->data + k * quads->quad_bytes + hrnet_quads_at(quads, (int)end_row, -1),
               quads->zero, HRNET_QUAD);
}

static void run_rows(void *data, unsigned thread, const HrnetBandRows *rows,
                     const HrnetBandStep *step, const HrnetBandStep *second, unsigned first_row,
                     unsigned end_row)
{
    const BandRun *run = data;
    const HrnetBandStep *last = second ? second : step;
    const HrnetInt8ConvPlan *plans = run->plan->convs;
    const HrnetQuads out = strip_quads(run, thread, rows, last->out);
    HrnetInt8ConvArgs args = conv_args(last, strip_quads(run, thread, rows, last->in), out);
    args.has_residual = last->residual != HRNET_BAND_NO_TENSOR;
    if (second) {
        HrnetQuads place = run->args->tensors[step->out].quads;
        place.data = out.data;
        place.quad_bytes = out.quad_bytes;
        const HrnetInt8ConvArgs first =
            conv_args(step, strip_quads(run, thread, rows, step->in), place);
        hrnet_int8_conv_run_rows(&first, &plans[step - run->args->steps], first_row, end_row);
        args.residual = place;
    } else if (args.has_residual) {
        args.residual = strip_quads(run, thread, rows, last->residual);
    }
    hrnet_int8_conv_run_rows(&args, &plans[last - run->args->steps], first_row, end_row);
    if (run->args->tensors[last->out].inner)
        pad_behind(&out, end_row);
}

void hrnet_int8_band_run(const HrnetBandArgs *args, const HrnetInt8BandPlan *plan, uint8_t *scratch,
                         HrnetWorkers *workers)
{
    static const HrnetBandWalker walker = { move_rows, run_rows };
    BandRun run = { args, plan, scratch };
    hrnet_band_walk(args, &walker, &run, plan->paired, plan->band_rows, workers);
}
