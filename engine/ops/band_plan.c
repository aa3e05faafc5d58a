/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/band.h"

#include "base/cpu.h"
#include "ops/band_rows.h"
#include "ops/conv_layer.h"

/* Bands a thread gets at least, where there are rows enough. */
#define BANDS_PER_THREAD 4

static bool is_pixelwise(const HrnetConv *conv)
{
    return hrnet_conv_shape(conv)->kernel == 1 && hrnet_conv_shape(conv)->stride == 1;
}

/* Whether step s is a 1x1 convolution for nothing but the residual of the next one: then the sum of
 * both is made row by row in the place of the result, and s's own output is never kept. */
static bool is_pair(const HrnetBandArgs *args, unsigned s)
{
    if (s + 1 >= args->n_steps)
        return false;
    const HrnetBandStep *step = &args->steps[s], *next = &args->steps[s + 1];
    if (!args->tensors[step->out].inner || next->residual != step->out || next->in == step->out ||
        !is_pixelwise(step->conv) || !is_pixelwise(next->conv))
        return false;
    for (unsigned i = s + 2; i < args->n_steps; i++) {
        if (args->steps[i].in == step->out || args->steps[i].residual == step->out)
            return false;
    }
    return true;
}

/* What the band that ends with this progress holds and makes, in the state before it. */
static void measure_band(const HrnetBandArgs *args, unsigned progress, HrnetBandRows *rows,
                         unsigned *capacity, unsigned *most_rows)
{
    unsigned ends[HRNET_BAND_MAX_TENSORS];
    hrnet_band_ends(args, progress, ends);
    for (unsigned s = 0; s < args->n_steps; s++) {
        const unsigned out = args->steps[s].out, end = ends[out];
        if (end <= rows[out].done)
            continue;
        rows[out].base = hrnet_band_first_wanted(args, rows, out);
        if (capacity[out] < end - rows[out].base)
            capacity[out] = end - rows[out].base;
        if (most_rows[s] < end - rows[out].done)
            most_rows[s] = end - rows[out].done;
        rows[out].done = end;
    }
}

/* Every band, as the first of a strip and as the second: later ones are like the second. */
static void measure_bands(const HrnetBandArgs *args, HrnetBandPlan *plan, unsigned *most_rows)
{
    for (unsigned band = 0; band < plan->n_bands; band++) {
        HrnetBandRows rows[HRNET_BAND_MAX_TENSORS];
        hrnet_band_begin(args, band * plan->band_rows, rows);
        measure_band(args, (band + 1) * plan->band_rows, rows, plan->capacity, most_rows);
        measure_band(args, (band + 2) * plan->band_rows, rows, plan->capacity, most_rows);
    }
}

static size_t most_conv_floats(const HrnetBandArgs *args, const unsigned *most_rows)
{
    size_t most = 0;
    for (unsigned s = 0; s < args->n_steps; s++) {
        const HrnetBandStep *step = &args->steps[s];
        const size_t floats = hrnet_conv_rows_scratch_floats(
            step->conv, args->tensors[step->in].tensor.width, most_rows[s]);
        most = floats > most ? floats : most;
    }
    return most;
}

static HrnetBandPlan plan_bands(const HrnetBandArgs *args, unsigned band_rows)
{
    unsigned most_rows[HRNET_BAND_MAX_STEPS] = { 0 };
    HrnetBandPlan plan = { .band_rows = band_rows };
    plan.n_bands = (hrnet_band_height(args) + band_rows - 1) / band_rows;
    measure_bands(args, &plan, most_rows);
    for (unsigned s = 0; s < args->n_steps; s++) {
        const unsigned t = args->steps[s].out;
        const HrnetTensor *tensor = &args->tensors[t].tensor;
        plan.paired[s] = is_pair(args, s);
        if (!args->tensors[t].inner || plan.paired[s])
            continue;
        plan.plane_floats[t] = hrnet_tensor_plane_floats(plan.capacity[t], tensor->width);
        plan.offset_floats[t] = plan.thread_floats;
        /* kernels may read a vector behind the last row */
        plan.thread_floats += tensor->channels * plan.plane_floats[t] + 16;
    }
    plan.conv_offset_floats = plan.thread_floats;
    plan.thread_floats +=
        hrnet_round_up(most_conv_floats(args, most_rows), HRNET_ALIGNMENT / sizeof(float));
    return plan;
}

/* The fewest rows of the lowest output that come to whole row steps of every layer: bands of the
 * outputs may not overlap, and two threads' shares of inner tensors should as little as can be. */
static unsigned smallest_band(const HrnetBandArgs *args)
{
    const unsigned lowest = hrnet_band_height(args);
    unsigned rows = 1;
    for (unsigned s = 0; s < args->n_steps; s++) {
        const HrnetBandStep *step = &args->steps[s];
        while (rows < lowest &&
               hrnet_band_rows_at(args, step->out, rows) % hrnet_conv_row_step(step->conv) != 0)
            rows *= 2;
    }
    return rows;
}

/* The most rows with which the inner tensors stay in the second-level cache, the fewest there are
 * where none do. */
HrnetBandPlan hrnet_band_plan(const HrnetBandArgs *args, unsigned n_threads)
{
    const unsigned height = hrnet_band_height(args);
    const unsigned smallest = smallest_band(args);
    HrnetBandPlan plan = plan_bands(args, smallest);
    for (unsigned rows = 2 * smallest; rows * BANDS_PER_THREAD * n_threads <= height;
         rows += smallest) {
        const HrnetBandPlan wider = plan_bands(args, rows);
        if (wider.thread_floats * sizeof(float) > hrnet_cpu_l2_bytes())
            break;
        plan = wider;
    }
    return plan;
}

bool hrnet_band_pays(const HrnetBandArgs *args, unsigned n_threads)
{
    size_t weights_floats = 0, inner_floats = 0;
    for (unsigned s = 0; s < args->n_steps; s++) {
        const HrnetConv *conv = args->steps[s].conv;
        weights_floats += conv->method->packed_floats(&conv->shape);
    }
    for (unsigned t = 0; t < args->n_tensors; t++) {
        const HrnetTensor *tensor = &args->tensors[t].tensor;
        if (args->tensors[t].inner)
            inner_floats += (size_t)tensor->channels * tensor->height * tensor->width;
    }
    return inner_floats * n_threads > weights_floats;
}

static double row_macs(const HrnetBandArgs *args, const HrnetBandStep *step)
{
    const HrnetConvShape *shape = hrnet_conv_shape(step->conv);
    return (double)shape->in_channels * shape->out_channels * shape->kernel * shape->kernel *
           args->tensors[step->out].tensor.width;
}

static double share_macs(const HrnetBandArgs *args, unsigned first, unsigned end)
{
    HrnetBandRows rows[HRNET_BAND_MAX_TENSORS];
    unsigned ends[HRNET_BAND_MAX_TENSORS];
    double macs = 0;
    hrnet_band_begin(args, first, rows);
    hrnet_band_ends(args, end, ends);
    for (unsigned s = 0; s < args->n_steps; s++) {
        const unsigned out = args->steps[s].out;
        macs += row_macs(args, &args->steps[s]) * (ends[out] - rows[out].base);
    }
    return macs;
}

double hrnet_band_overhead(const HrnetBandArgs *args, const HrnetBandPlan *plan, unsigned n_threads)
{
    HrnetTaskShares shares;
    double needed = 0, most = 0;
    for (unsigned s = 0; s < args->n_steps; s++)
        needed += row_macs(args, &args->steps[s]) * args->tensors[args->steps[s].out].tensor.height;
    hrnet_task_shares_init(&shares, plan->n_bands, n_threads);
    for (unsigned share = 0; share < n_threads; share++) {
        unsigned first, end;
        if (!hrnet_task_shares_range(&shares, share, &first, &end))
            continue;
        const double macs = share_macs(args, first * plan->band_rows, end * plan->band_rows);
        most = macs > most ? macs : most;
    }
    return most * n_threads / needed - 1;
}
