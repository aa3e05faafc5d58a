/* Convolution 3x3 of stride 1 by Winograd F(4x4, 3x3), see kernels/wino4.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The image is cut into blocks of a few vectors of tiles, whose transformed input V fits the
 * second-level cache. With blocks enough for every thread a task takes a block all the way: V,
 * products, output. On small images there are two loops: the first makes V of all blocks, split
 * over channels; in the second a task makes some output channels of a block, so that every thread
 * has work and the transformed weights, larger than the image there, are read once. */
#include "base/cpu.h"
#include "kernels/conv_kernels.h"
#include "ops/conv_layer.h"

#define TASKS_PER_THREAD 4
#define LINE_FLOATS      (HRNET_ALIGNMENT / sizeof(float))
/* Channels that one task of the first loop transforms. */
#define INPUT_CHANNELS 8
/* Bytes of products M that a thread keeps at a time. */
#define PRODUCT_BYTES ((size_t)256 * 1024)

typedef struct {
    bool two_loops;
    unsigned block_vectors, n_vectors, n_blocks;
    unsigned chunk_rows, n_chunks;   /* output channels multiplied, then transformed, at a time */
    size_t v_point_floats, v_floats; /* of a block */
    size_t m_point_floats, m_row_floats, m_floats; /* of a thread */
} Wino4Plan;

static bool wino4_supports(const HrnetConvShape *shape)
{
    return shape->kernel == 3 && shape->stride == 1;
}

static size_t wino4_packed_floats(const HrnetConvShape *shape)
{
    return (size_t)HRNET_WINO4_POINTS * shape->in_channels * shape->out_channels;
}

/* U[point][group][channel][row]. */
static void wino4_pack(const HrnetConvShape *shape, const float *weights, float *packed)
{
    const unsigned block_rows = hrnet_conv_block_rows(shape->out_channels);
    const size_t point_floats = (size_t)shape->in_channels * shape->out_channels;
    const size_t out_floats = (size_t)shape->in_channels * 9;
    for (unsigned first = 0; first < shape->out_channels; first += block_rows) {
        const unsigned left = shape->out_channels - first;
        const unsigned rows = left < block_rows ? left : block_rows;
        hrnet_conv_kernels()->wino4_weights(&(HrnetWino4Weights){
            .weights = weights + first * out_floats,
            .row_floats = out_floats,
            .rows = rows,
            .n_channels = shape->in_channels,
            .u = packed + (size_t)first * shape->in_channels,
            .u_point_floats = point_floats,
        });
    }
}

static unsigned divide_up(size_t a, size_t b)
{
    return (unsigned)((a + b - 1) / b);
}

/* Relative time of all blocks on so many threads when a block has block_vectors vectors: narrow
 * blocks load more weights for each multiplication. */
static double makespan(unsigned n_vectors, unsigned block_vectors, unsigned n_threads)
{
    static const double cost[] = { 0, 1.12, 1.03, 1.0 };
    const unsigned rounds = divide_up(divide_up(n_vectors, block_vectors), n_threads);
    return rounds * block_vectors * cost[block_vectors];
}

static void plan_sizes(Wino4Plan *plan, const HrnetConvShape *shape, unsigned vector_floats,
                       unsigned n_threads)
{
    const unsigned group = hrnet_conv_block_rows(shape->out_channels);
    const unsigned n_groups = divide_up(shape->out_channels, group);
    plan->n_blocks = divide_up(plan->n_vectors, plan->block_vectors);
    plan->m_point_floats = (size_t)plan->block_vectors * vector_floats;
    plan->m_row_floats = (HRNET_WINO4_POINTS * plan->m_point_floats) | LINE_FLOATS;
    plan->v_point_floats = (shape->in_channels * plan->m_point_floats) | LINE_FLOATS;
    plan->v_floats = HRNET_WINO4_POINTS * plan->v_point_floats;

    unsigned chunk_groups = (unsigned)(PRODUCT_BYTES / sizeof(float) / plan->m_row_floats / group);
    if (plan->two_loops) {
        const unsigned wanted =
            divide_up(n_groups, divide_up(n_threads * TASKS_PER_THREAD, plan->n_blocks));
        chunk_groups = wanted < chunk_groups ? wanted : chunk_groups;
    }
    chunk_groups = chunk_groups < 1 ? 1 : chunk_groups > n_groups ? n_groups : chunk_groups;
    chunk_groups = divide_up(n_groups, divide_up(n_groups, chunk_groups));
    plan->chunk_rows = chunk_groups * group;
    plan->n_chunks = divide_up(n_groups, chunk_groups);
    plan->m_floats = plan->chunk_rows * plan->m_row_floats;
}

static Wino4Plan wino4_plan(const HrnetConvShape *shape, unsigned height, unsigned width,
                            unsigned n_threads)
{
    const unsigned vector_floats = hrnet_conv_kernels()->vector_floats;
    const size_t pieces = (size_t)divide_up(height, 4) * divide_up(width, vector_floats);
    Wino4Plan plan = { .n_vectors = divide_up(pieces, 4) };
    const size_t vector_bytes =
        HRNET_WINO4_POINTS * sizeof(float) * shape->in_channels * vector_floats;
    double best = 0;
    for (unsigned vectors = hrnet_conv_kernels()->tile_vectors_max; vectors > 0; vectors--) {
        if (vectors > 1 && vectors * vector_bytes > hrnet_cpu_l2_bytes() / 2)
            continue;
        const double time = makespan(plan.n_vectors, vectors, n_threads);
        if (plan.block_vectors == 0 || time < best) {
            plan.block_vectors = vectors;
            best = time;
        }
    }
    plan.two_loops = best > 1.2 * plan.n_vectors / n_threads;
    if (plan.two_loops) {
        /* Balance comes from the chunks, so take what wastes least. */
        best = makespan(plan.n_vectors, plan.block_vectors, 1);
        for (unsigned vectors = plan.block_vectors + 1;
             vectors <= hrnet_conv_kernels()->tile_vectors_max; vectors++) {
            if (makespan(plan.n_vectors, vectors, 1) < best) {
                best = makespan(plan.n_vectors, vectors, 1);
                plan.block_vectors = vectors;
            }
        }
    }
    plan_sizes(&plan, shape, vector_floats, n_threads);
    return plan;
}

static size_t plan_scratch_floats(const Wino4Plan *plan, unsigned n_threads)
{
    return (plan->two_loops ? plan->n_blocks : n_threads) * plan->v_floats +
           n_threads * plan->m_floats;
}

static size_t wino4_scratch_floats(const HrnetConv *conv, unsigned height, unsigned width,
                                   unsigned n_threads)
{
    size_t most = 0;
    for (unsigned n = 1; n <= n_threads; n++) {
        const Wino4Plan plan = wino4_plan(&conv->shape, height, width, n);
        const size_t floats = plan_scratch_floats(&plan, n);
        most = floats > most ? floats : most;
    }
    return most;
}

typedef struct {
    const HrnetConv *conv;
    const HrnetConvArgs *args;
    const HrnetConvKernels *kernels;
    Wino4Plan plan;
    float *v, *m;
} Wino4Run;

static unsigned block_vectors(const Wino4Plan *plan, unsigned block)
{
    const unsigned left = plan->n_vectors - block * plan->block_vectors;
    return left < plan->block_vectors ? left : plan->block_vectors;
}

static void transform_input(const Wino4Run *run, unsigned block, unsigned first_channel,
                            unsigned n_channels, float *v)
{
    const HrnetTensor *in = &run->args->in;
    const Wino4Plan *plan = &run->plan;
    run->kernels->wino4_input(&(HrnetWino4Input){
        .in = in->data + first_channel * in->plane_floats,
        .in_plane_floats = in->plane_floats,
        .height = in->height,
        .width = in->width,
        .n_channels = n_channels,
        .first_piece = 4 * block * plan->block_vectors,
        .n_vectors = block_vectors(plan, block),
        .v = v + first_channel * plan->m_point_floats,
        .v_point_floats = plan->v_point_floats,
        .v_channel_floats = plan->m_point_floats,
        .vector_floats = run->kernels->vector_floats,
    });
}

/* The chunk's output channels of a block from its V. */
static void make_output(const Wino4Run *run, unsigned block, unsigned chunk, const float *v,
                        float *m)
{
    const HrnetConv *conv = run->conv;
    const HrnetConvArgs *args = run->args;
    const Wino4Plan *plan = &run->plan;
    const unsigned first = chunk * plan->chunk_rows;
    const unsigned left = conv->shape.out_channels - first;
    const unsigned rows = left < plan->chunk_rows ? left : plan->chunk_rows;
    run->kernels->wino4_product(&(HrnetWino4Product){
        .u = conv->packed + (size_t)first * conv->shape.in_channels,
        .u_point_floats = (size_t)conv->shape.in_channels * conv->shape.out_channels,
        .bias = conv->bias + first,
        .rows = rows,
        .block_rows = hrnet_conv_block_rows(conv->shape.out_channels),
        .n_channels = conv->shape.in_channels,
        .n_vectors = block_vectors(plan, block),
        .v = v,
        .v_point_floats = plan->v_point_floats,
        .v_channel_floats = plan->m_point_floats,
        .m = m,
        .m_row_floats = plan->m_row_floats,
        .m_point_floats = plan->m_point_floats,
        .vector_floats = run->kernels->vector_floats,
    });
    run->kernels->wino4_output(&(HrnetWino4Output){
        .m = m,
        .m_row_floats = plan->m_row_floats,
        .m_point_floats = plan->m_point_floats,
        .n_rows = rows,
        .n_vectors = block_vectors(plan, block),
        .first_piece = 4 * block * plan->block_vectors,
        .height = args->out.height,
        .width = args->out.width,
        .out = args->out.data + first * args->out.plane_floats,
        .out_plane_floats = args->out.plane_floats,
        .residual =
            args->residual ? args->residual->data + first * args->residual->plane_floats : NULL,
        .residual_plane_floats = args->residual ? args->residual->plane_floats : 0,
        .relu = args->relu,
        .vector_floats = run->kernels->vector_floats,
    });
}

static void whole_block_task(void *data, unsigned block, unsigned thread)
{
    const Wino4Run *run = data;
    float *v = run->v + thread * run->plan.v_floats;
    transform_input(run, block, 0, run->conv->shape.in_channels, v);
    for (unsigned chunk = 0; chunk < run->plan.n_chunks; chunk++)
        make_output(run, block, chunk, v, run->m + thread * run->plan.m_floats);
}

static void input_task(void *data, unsigned task, unsigned thread)
{
    (void)thread;
    const Wino4Run *run = data;
    const unsigned block = task % run->plan.n_blocks;
    const unsigned first = task / run->plan.n_blocks * INPUT_CHANNELS;
    const unsigned left = run->conv->shape.in_channels - first;
    transform_input(run, block, first, left < INPUT_CHANNELS ? left : INPUT_CHANNELS,
                    run->v + block * run->plan.v_floats);
}

static void output_task(void *data, unsigned task, unsigned thread)
{
    const Wino4Run *run = data;
    const unsigned block = task % run->plan.n_blocks;
    make_output(run, block, task / run->plan.n_blocks, run->v + block * run->plan.v_floats,
                run->m + thread * run->plan.m_floats);
}

static void wino4_run(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers)
{
    const unsigned n_threads = hrnet_workers_n_threads(workers);
    Wino4Run run = {
        .conv = conv,
        .args = args,
        .kernels = hrnet_conv_kernels(),
        .plan = wino4_plan(&conv->shape, args->in.height, args->in.width, n_threads),
        .m = args->scratch,
    };
    run.v = run.m + n_threads * run.plan.m_floats;
    if (!run.plan.two_loops) {
        hrnet_workers_run(workers, run.plan.n_blocks, whole_block_task, &run);
        return;
    }
    const unsigned n_input_chunks = divide_up(conv->shape.in_channels, INPUT_CHANNELS);
    hrnet_workers_run(workers, run.plan.n_blocks * n_input_chunks, input_task, &run);
    hrnet_workers_run(workers, run.plan.n_blocks * run.plan.n_chunks, output_task, &run);
}

const HrnetConvMethod hrnet_conv_method_wino4 = {
    .algorithm = HRNET_CONV_WINO4,
    .supports = wino4_supports,
    .packed_floats = wino4_packed_floats,
    .pack = wino4_pack,
    .scratch_floats = wino4_scratch_floats,
    .run = wino4_run,
};
