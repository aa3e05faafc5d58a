/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/band.h"

#include "base/cpu.h"
#include "ops/band_rows.h"
#include "ops/conv_layer.h"

/* Bands a thread gets at least, where there are rows enough. */
#define BANDS_PER_THREAD 4

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
    hrnet_band_measure(args, band_rows, plan.capacity, most_rows);
    for (unsigned s = 0; s < args->n_steps; s++) {
        const unsigned t = args->steps[s].out;
        const HrnetTensor *tensor = &args->tensors[t].tensor;
        plan.paired[s] = hrnet_band_is_pair(args, s);
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

/* The most rows with which the inner tensors stay in the second-level cache, the fewest there are
 * where none do. */
HrnetBandPlan hrnet_band_plan(const HrnetBandArgs *args, unsigned n_threads)
{
    const unsigned height = hrnet_band_height(args);
    const unsigned smallest = hrnet_band_smallest(args);
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

static size_t packed_bytes(const HrnetBandStep *step)
{
    return step->layer ? hrnet_int8_conv_bytes(step->layer)
                       : sizeof(float) * step->conv->method->packed_floats(&step->conv->shape);
}

bool hrnet_band_pays(const HrnetBandArgs *args, unsigned n_threads)
{
    size_t weights_bytes = 0, inner_bytes = 0;
    for (unsigned s = 0; s < args->n_steps; s++)
        weights_bytes += packed_bytes(&args->steps[s]);
    for (unsigned t = 0; t < args->n_tensors; t++) {
        const HrnetTensor *tensor = &args->tensors[t].tensor;
        if (args->tensors[t].inner)
            inner_bytes += (size_t)tensor->channels * tensor->height * tensor->width *
                           (args->steps[0].layer ? 1 : sizeof(float));
    }
    return inner_bytes * n_threads > weights_bytes;
}

static double row_macs(const HrnetBandArgs *args, const HrnetBandStep *step)
{
    const HrnetConvShape *shape = hrnet_band_shape(step);
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

double hrnet_band_overhead(const HrnetBandArgs *args, unsigned band_rows, unsigned n_threads)
{
    const unsigned n_bands = (hrnet_band_height(args) + band_rows - 1) / band_rows;
    HrnetTaskShares shares;
    double needed = 0, most = 0;
    for (unsigned s = 0; s < args->n_steps; s++)
        needed += row_macs(args, &args->steps[s]) * args->tensors[args->steps[s].out].tensor.height;
    hrnet_task_shares_init(&shares, n_bands, n_threads);
    for (unsigned share = 0; share < n_threads; share++) {
        unsigned first, end;
        if (!hrnet_task_shares_range(&shares, share, &first, &end))
            continue;
        const double macs = share_macs(args, first * band_rows, end * band_rows);
        most = macs > most ? macs : most;
    }
    return most * n_threads / needed - 1;
}
