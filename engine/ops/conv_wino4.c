/* Convolution 3x3 by Winograd, stride 1 as in kernels/wino4.h, stride 2 as in kernels/wino4s2.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu.h"
#include "kernels/kernels.h"
#include "ops/conv_layer.h"
#include "ops/conv_wino4_plan.h"

/* Channels that one task of the first loop transforms at most, and tasks a thread should get. */
#define INPUT_CHANNELS         8
#define INPUT_TASKS_PER_THREAD 4

static bool wino4_supports(const HrnetConvShape *shape)
{
    return shape->kernel == 3 && (shape->stride == 1 || !shape->padding_same);
}

static size_t wino4_packed_floats(const HrnetConvShape *shape)
{
    return (size_t)hrnet_wino4_points(shape->stride)->n_slots * shape->in_channels *
           shape->out_channels;
}

/* Floats of U before a class, and of a point in it. */
static size_t u_class_floats(const HrnetConvShape *shape, unsigned class)
{
    const HrnetWino4Points *points = hrnet_wino4_points(shape->stride);
    size_t n_slots = 0;
    for (unsigned k = 0; k < class; k++)
        n_slots += points->classes[k].n_points * points->classes[k].depth;
    return n_slots * shape->in_channels * shape->out_channels;
}

static size_t u_point_floats(const HrnetConvShape *shape, unsigned class)
{
    return (size_t)hrnet_wino4_points(shape->stride)->classes[class].depth * shape->in_channels *
           shape->out_channels;
}

static void pack_group_s1(const HrnetConvShape *shape, const float *weights, unsigned first,
                          unsigned rows, float *packed)
{
    const size_t row_floats = (size_t)shape->in_channels * 9;
    hrnet_kernels()->conv.wino4_weights(&(HrnetWino4Weights){
        .weights = weights + first * row_floats,
        .row_floats = row_floats,
        .rows = rows,
        .n_channels = shape->in_channels,
        .u = packed + (size_t)first * shape->in_channels,
        .u_point_floats = u_point_floats(shape, 0),
    });
}

static void pack_group_s2(const HrnetConvShape *shape, const float *weights, unsigned first,
                          unsigned rows, float *packed)
{
    const size_t row_floats = (size_t)shape->in_channels * 9;
    HrnetWino4S2Weights args = {
        .weights = weights + first * row_floats,
        .row_floats = row_floats,
        .rows = rows,
        .n_channels = shape->in_channels,
    };
    for (unsigned k = 0; k < HRNET_WINO4S2_CLASSES; k++) {
        args.u[k] = packed + u_class_floats(shape, k) +
                    (size_t)first * shape->in_channels * hrnet_wino4s2_depth(k);
        args.u_point_floats[k] = u_point_floats(shape, k);
    }
    hrnet_kernels()->conv.wino4s2_weights(&args);
}

/* U[class][point][group][channel][phase][row]. */
static void wino4_pack(const HrnetConvShape *shape, const float *weights, float *packed)
{
    const unsigned block_rows = hrnet_conv_block_rows(shape->out_channels);
    for (unsigned first = 0; first < shape->out_channels; first += block_rows) {
        const unsigned left = shape->out_channels - first;
        const unsigned rows = left < block_rows ? left : block_rows;
        if (shape->stride == 1)
            pack_group_s1(shape, weights, first, rows, packed);
        else
            pack_group_s2(shape, weights, first, rows, packed);
    }
}

static size_t wino4_scratch_floats(const HrnetConv *conv, unsigned height, unsigned width,
                                   unsigned n_threads)
{
    size_t most = 0;
    for (unsigned n = 1; n <= n_threads; n++) {
        const HrnetWino4Plan plan =
            hrnet_wino4_plan(&conv->shape, hrnet_conv_out_size(&conv->shape, height),
                             hrnet_conv_out_size(&conv->shape, width), n);
        const size_t floats = hrnet_wino4_plan_scratch_floats(&plan, n);
        most = floats > most ? floats : most;
    }
    return most;
}

typedef struct {
    const HrnetConv *conv;
    const HrnetConvArgs *args;
    const HrnetConvKernels *kernels;
    const HrnetWino4Points *points;
    HrnetWino4Plan plan;
    unsigned input_channels;        /* that one task of the first loop transforms */
    unsigned first_row;             /* of the output */
    unsigned first_piece;           /* of block 0 */
    unsigned in_height, out_height; /* where the rows of both end for this run */
    float *v, *m;
} Wino4Run;

static unsigned block_vectors(const HrnetWino4Plan *plan, unsigned block)
{
    const unsigned left = plan->n_vectors - block * plan->block_vectors;
    return left < plan->block_vectors ? left : plan->block_vectors;
}

/* Channels first_channel on, as the channels first_v on of V. */
static void transform_input(const Wino4Run *run, unsigned block, unsigned first_channel,
                            unsigned n_channels, float *v, unsigned first_v)
{
    const HrnetTensor *in = &run->args->in;
    const HrnetWino4Plan *plan = &run->plan;
    const float *first = in->data + first_channel * in->plane_floats;
    const unsigned first_piece = run->first_piece + 4 * block * plan->block_vectors;
    if (run->conv->shape.stride == 1) {
        run->kernels->wino4_input(&(HrnetWino4Input){
            .in = first,
            .in_plane_floats = in->plane_floats,
            .height = run->in_height,
            .width = in->width,
            .n_channels = n_channels,
            .first_piece = first_piece,
            .n_vectors = block_vectors(plan, block),
            .v = v + first_v * plan->lane_floats,
            .v_point_floats = plan->v_point_floats[0],
            .v_channel_floats = plan->lane_floats,
            .vector_floats = run->kernels->vector_floats,
        });
        return;
    }
    HrnetWino4S2Input input = {
        .in = first,
        .in_plane_floats = in->plane_floats,
        .height = run->in_height,
        .width = in->width,
        .n_channels = n_channels,
        .first_piece = first_piece,
        .n_vectors = block_vectors(plan, block),
        .v_channel_floats = plan->lane_floats,
        .vector_floats = run->kernels->vector_floats,
    };
    for (unsigned k = 0; k < HRNET_WINO4S2_CLASSES; k++) {
        input.v[k] =
            v + plan->v_class_floats[k] + first_v * hrnet_wino4s2_depth(k) * plan->lane_floats;
        input.v_point_floats[k] = plan->v_point_floats[k];
    }
    run->kernels->wino4s2_input(&input);
}

/* M of some output channels of a block from the channels of V, added to what M has unless they
 * are the first. */
static void multiply(const Wino4Run *run, unsigned block, unsigned first_row, unsigned rows,
                     unsigned first_channel, unsigned n_channels, const float *v, float *m,
                     HrnetConvPrefetch *prefetch)
{
    const HrnetConv *conv = run->conv;
    const HrnetConvShape *shape = &conv->shape;
    const HrnetWino4Plan *plan = &run->plan;
    const bool far_weights = wino4_packed_floats(shape) * sizeof(float) > hrnet_cpu_l2_bytes() / 2;
    for (unsigned k = 0; k < run->points->n_classes; k++) {
        const HrnetWino4Class *class = &run->points->classes[k];
        const bool biased = first_channel == 0 && k == run->points->bias_class;
        run->kernels->wino4_product(&(HrnetWino4Product){
            .u = conv->packed + u_class_floats(shape, k) +
                 (size_t)first_row * shape->in_channels * class->depth,
            .u_point_floats = u_point_floats(shape, k),
            .u_channels = shape->in_channels * class->depth,
            .u_first_channel = first_channel * class->depth,
            .bias = biased ? conv->bias + first_row : NULL,
            .bias_point = run->points->bias_point,
            .accumulate = first_channel > 0,
            .prefetch = prefetch,
            .far_weights = far_weights,
            .n_points = class->n_points,
            .rows = rows,
            .block_rows = hrnet_conv_block_rows(shape->out_channels),
            .n_channels = n_channels * class->depth,
            .n_vectors = block_vectors(plan, block),
            .v = v + plan->v_class_floats[k],
            .v_point_floats = plan->v_point_floats[k],
            .v_channel_floats = plan->lane_floats,
            .m = m + class->first_point * plan->lane_floats,
            .m_row_floats = plan->m_row_floats,
            .m_point_floats = plan->lane_floats,
            .vector_floats = run->kernels->vector_floats,
        });
    }
}

static void transform_output(const Wino4Run *run, unsigned block, unsigned first_row, unsigned rows,
                             const float *m)
{
    const HrnetConvArgs *args = run->args;
    const HrnetTensor *residual = args->residual;
    const HrnetWino4Plan *plan = &run->plan;
    const HrnetWino4Output output = {
        .m = m,
        .m_row_floats = plan->m_row_floats,
        .m_point_floats = plan->lane_floats,
        .n_rows = rows,
        .n_vectors = block_vectors(plan, block),
        .first_piece = run->first_piece + 4 * block * plan->block_vectors,
        .height = run->out_height,
        .width = args->out.width,
        .out = args->out.data + first_row * args->out.plane_floats,
        .out_plane_floats = args->out.plane_floats,
        .residual = residual ? residual->data + first_row * residual->plane_floats : NULL,
        .residual_plane_floats = residual ? residual->plane_floats : 0,
        .relu = args->relu,
        .vector_floats = run->kernels->vector_floats,
    };
    if (run->conv->shape.stride == 1)
        run->kernels->wino4_output(&output);
    else
        run->kernels->wino4s2_output(&output);
}

/* Output channels of a chunk: its first, and how many. */
static unsigned chunk_rows(const Wino4Run *run, unsigned chunk, unsigned *first_row)
{
    *first_row = chunk * run->plan.chunk_rows;
    const unsigned left = run->conv->shape.out_channels - *first_row;
    return left < run->plan.chunk_rows ? left : run->plan.chunk_rows;
}

/* The rows first_row..end_row-1 of a tensor. */
static HrnetTensor tensor_rows(const HrnetTensor *tensor, unsigned first_row, unsigned end_row)
{
    HrnetTensor rows = *tensor;
    rows.data += (size_t)first_row * tensor->width;
    rows.height = end_row - first_row;
    return rows;
}

/* What this thread touches after a chunk of channels of a block: output and residual, unless the
 * chunks before saw to that, and what it probably transforms next, the next chunk or the first of
 * the next block. */
static HrnetConvPrefetch next_lines(const Wino4Run *run, unsigned block, unsigned channel,
                                    HrnetConvLines *lines)
{
    const HrnetWino4Plan *plan = &run->plan;
    const HrnetConvArgs *args = run->args;
    const unsigned in_channels = run->conv->shape.in_channels;
    HrnetConvPrefetch list = { lines, lines };
    if (channel == 0) {
        const HrnetTensor out = tensor_rows(&args->out, run->first_row, run->out_height);
        if (args->residual && args->residual->data != args->out.data) {
            const HrnetTensor residual =
                tensor_rows(args->residual, run->first_row, run->out_height);
            hrnet_wino4_add_output_lines(plan, block, &residual, lines, &list);
        }
        hrnet_wino4_add_output_lines(plan, block, &out, lines, &list);
    }
    channel += plan->chunk_channels;
    if (channel >= in_channels) {
        channel = 0;
        block++;
    }
    const unsigned left = in_channels - channel;
    if (block < plan->n_blocks) {
        const unsigned stride = run->conv->shape.stride;
        const HrnetTensor in = tensor_rows(&args->in, run->first_row * stride, run->in_height);
        hrnet_wino4_add_input_lines(plan, stride, block, &in, channel,
                                    left < plan->chunk_channels ? left : plan->chunk_channels,
                                    lines, &list);
    }
    return list;
}

static void whole_block_task(void *data, unsigned block, unsigned thread)
{
    const Wino4Run *run = data;
    const HrnetWino4Plan *plan = &run->plan;
    const unsigned in_channels = run->conv->shape.in_channels;
    float *v = run->v + thread * plan->v_floats, *m = run->m + thread * plan->m_floats;
    HrnetConvLines lines[HRNET_WINO4_LINES_MAX];
    HrnetConvPrefetch prefetch;
    for (unsigned chunk = 0; chunk < plan->n_chunks; chunk++) {
        unsigned first_row;
        const unsigned rows = chunk_rows(run, chunk, &first_row);
        for (unsigned c = 0; c < in_channels; c += plan->chunk_channels) {
            const unsigned left = in_channels - c;
            const unsigned n = left < plan->chunk_channels ? left : plan->chunk_channels;
            if (chunk == 0 || n < in_channels) {
                transform_input(run, block, c, n, v, 0);
                prefetch = next_lines(run, block, c, lines);
            }
            multiply(run, block, first_row, rows, c, n, v, m, &prefetch);
        }
        transform_output(run, block, first_row, rows, m);
    }
}

static void input_task(void *data, unsigned task, unsigned thread)
{
    (void)thread;
    const Wino4Run *run = data;
    const unsigned block = task % run->plan.n_blocks;
    const unsigned first = task / run->plan.n_blocks * run->input_channels;
    const unsigned left = run->conv->shape.in_channels - first;
    transform_input(run, block, first, left < run->input_channels ? left : run->input_channels,
                    run->v + block * run->plan.v_floats, first);
}

static void output_task(void *data, unsigned task, unsigned thread)
{
    const Wino4Run *run = data;
    const unsigned block = task % run->plan.n_blocks;
    float *m = run->m + thread * run->plan.m_floats;
    unsigned first_row;
    const unsigned rows = chunk_rows(run, task / run->plan.n_blocks, &first_row);
    multiply(run, block, first_row, rows, 0, run->conv->shape.in_channels,
             run->v + block * run->plan.v_floats, m, NULL);
    transform_output(run, block, first_row, rows, m);
}

static void wino4_run(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers)
{
    const unsigned n_threads = hrnet_workers_n_threads(workers);
    Wino4Run run = {
        .conv = conv,
        .args = args,
        .kernels = &hrnet_kernels()->conv,
        .points = hrnet_wino4_points(conv->shape.stride),
        .plan = hrnet_wino4_plan(&conv->shape, args->out.height, args->out.width, n_threads),
        .in_height = args->in.height,
        .out_height = args->out.height,
        .m = args->scratch,
    };
    run.v = run.m + n_threads * run.plan.m_floats;
    if (!run.plan.two_loops) {
        hrnet_workers_run(workers, run.plan.n_blocks, whole_block_task, &run);
        return;
    }
    const unsigned in_channels = conv->shape.in_channels;
    const unsigned n_wanted = n_threads * INPUT_TASKS_PER_THREAD;
    run.input_channels = run.plan.n_blocks * in_channels / n_wanted;
    if (run.input_channels > INPUT_CHANNELS)
        run.input_channels = INPUT_CHANNELS;
    else if (run.input_channels == 0)
        run.input_channels = 1;
    const unsigned n_input_chunks = (in_channels + run.input_channels - 1) / run.input_channels;
    hrnet_workers_run(workers, run.plan.n_blocks * n_input_chunks, input_task, &run);
    hrnet_workers_run(workers, run.plan.n_blocks * run.plan.n_chunks, output_task, &run);
}

static size_t wino4_rows_scratch_floats(const HrnetConv *conv, unsigned width, unsigned n_rows)
{
    size_t most = 0;
    for (unsigned n = 1; n <= n_rows; n++) {
        const HrnetWino4Plan plan =
            hrnet_wino4_plan(&conv->shape, n, hrnet_conv_out_size(&conv->shape, width), 1);
        const size_t floats = hrnet_wino4_plan_scratch_floats(&plan, 1);
        most = floats > most ? floats : most;
    }
    return most;
}

/* The last vector's pieces may lie below these rows: to them the image ends here, and the input
 * where the last of these rows has its last. */
static void wino4_run_rows(const HrnetConv *conv, const HrnetConvArgs *args, unsigned first_row,
                           unsigned end_row)
{
    const unsigned vector_floats = hrnet_kernels()->conv.vector_floats;
    unsigned first_in_row;
    Wino4Run run = {
        .conv = conv,
        .args = args,
        .kernels = &hrnet_kernels()->conv,
        .points = hrnet_wino4_points(conv->shape.stride),
        .plan = hrnet_wino4_plan(&conv->shape, end_row - first_row, args->out.width, 1),
        .first_row = first_row,
        .first_piece = first_row / 4 * ((args->out.width + vector_floats - 1) / vector_floats),
        .out_height = end_row,
        .m = args->scratch,
    };
    hrnet_conv_input_rows(&conv->shape, args->in.height, first_row, end_row, &first_in_row,
                          &run.in_height);
    run.v = run.m + run.plan.m_floats;
    for (unsigned block = 0; block < run.plan.n_blocks; block++)
        whole_block_task(&run, block, 0);
}

const HrnetConvMethod hrnet_conv_method_wino4 = {
    .algorithm = HRNET_CONV_WINO4,
    .supports = wino4_supports,
    .packed_floats = wino4_packed_floats,
    .pack = wino4_pack,
    .scratch_floats = wino4_scratch_floats,
    .run = wino4_run,
    .row_step = 4,
    .rows_scratch_floats = wino4_rows_scratch_floats,
    .run_rows = wino4_run_rows,
};
