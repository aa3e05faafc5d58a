/* Direct convolution: register tiles over the pixels as they lie in memory (1x1 of stride 1) or
 * over a zero-padded copy of some rows that fits the second-level cache, for stride 2 with even and
 * odd columns apart, so that every tap of every pixel is a plain vector load.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu.h"
#include "kernels/kernels.h"
#include "ops/conv_layer.h"

#include <string.h>

/* Tasks a thread should get where the layer is large enough, so that the last ones leave nobody
 * idle for long. */
#define TASKS_PER_THREAD 6
#define BLOCK_ROWS_MAX   8
/* Source channels up to which a tile's source stays in the first-level cache over all groups of
 * output channels. */
#define L1_STAGED_CHANNELS 16
/* Floats of a staged row before the block's first column, of which the last one counts. */
#define STAGE_LEAD 16

/* How one run is cut up. A task is a block of pixels for a range of groups of output channels. */
typedef struct {
    unsigned n_groups, groups_per_task, n_splits; /* of output channels */
    /* in place: blocks of consecutive pixels */
    size_t n_pixels, block_pixels;
    /* staged: blocks of rows and columns */
    unsigned block_rows, block_columns, n_row_blocks, n_column_blocks;
    unsigned staged_rows;
    size_t phase_floats, row_floats, channel_floats; /* of the staged copy */
    unsigned n_blocks;
} DirectPlan;

static bool direct_supports(const HrnetConvShape *shape)
{
    (void)shape;
    return true;
}

static bool direct_in_place(const HrnetConvShape *shape)
{
    return shape->kernel == 1 && shape->stride == 1;
}

/* Groups of output channels, packed for the tile kernels: see conv_tile.h. */
static void direct_pack(const HrnetConvShape *shape, const float *weights, float *packed)
{
    const unsigned block_rows = hrnet_conv_block_rows(shape->out_channels);
    const size_t steps = (size_t)shape->in_channels * shape->kernel * shape->kernel;
    for (unsigned first = 0; first < shape->out_channels; first += block_rows) {
        const unsigned left = shape->out_channels - first;
        const unsigned rows = left < block_rows ? left : block_rows;
        for (size_t step = 0; step < steps; step++) {
            for (unsigned r = 0; r < rows; r++)
                *packed++ = weights[(first + r) * steps + step];
        }
    }
}

static unsigned divide_up(size_t a, size_t b)
{
    return (unsigned)((a + b - 1) / b);
}

static void plan_in_place(DirectPlan *plan, unsigned n_threads)
{
    const HrnetConvKernels *kernels = &hrnet_kernels()->conv;
    const size_t tile_pixels = (size_t)kernels->vector_floats * kernels->tile_vectors_max;
    const unsigned n_tiles = divide_up(plan->n_pixels, tile_pixels);
    const unsigned n_wanted = n_threads * TASKS_PER_THREAD;
    plan->block_pixels = divide_up(n_tiles, n_tiles < n_wanted ? n_tiles : n_wanted) * tile_pixels;
    plan->n_blocks = divide_up(plan->n_pixels, plan->block_pixels);
}

/* Geometry of the copy for blocks of so many columns and rows. */
static void plan_stage(DirectPlan *plan, const HrnetConvShape *shape, unsigned block_columns,
                       unsigned block_rows)
{
    const size_t vector_floats = hrnet_kernels()->conv.vector_floats;
    plan->block_columns = block_columns;
    plan->block_rows = block_rows;
    plan->staged_rows = (block_rows - 1) * shape->stride + shape->kernel;
    plan->phase_floats = STAGE_LEAD + hrnet_round_up(block_columns, vector_floats) + 16;
    plan->row_floats = plan->phase_floats * shape->stride;
    plan->channel_floats = hrnet_round_up(plan->staged_rows * plan->row_floats, 16) | 16;
}

static void plan_staged(DirectPlan *plan, const HrnetConvShape *shape, unsigned out_height,
                        unsigned out_width, unsigned n_threads)
{
    const HrnetConvKernels *kernels = &hrnet_kernels()->conv;
    const unsigned tile_columns = kernels->vector_floats * kernels->tile_vectors_max;
    const size_t budget_floats = hrnet_cpu_l2_bytes() / sizeof(float) / 2;
    unsigned columns = out_width, rows = 1;
    plan_stage(plan, shape, columns, rows);
    while (shape->in_channels * plan->channel_floats > budget_floats && columns > tile_columns) {
        columns = divide_up(divide_up(columns, 2), tile_columns) * tile_columns;
        plan_stage(plan, shape, columns, rows);
    }
    plan->n_column_blocks = divide_up(out_width, columns);
    for (; rows < BLOCK_ROWS_MAX && rows < out_height; rows++) {
        plan_stage(plan, shape, columns, rows + 1);
        if (shape->in_channels * plan->channel_floats > budget_floats ||
            divide_up(out_height, rows + 1) * plan->n_column_blocks < n_threads * TASKS_PER_THREAD)
            break;
    }
    plan_stage(plan, shape, columns, divide_up(out_height, divide_up(out_height, rows)));
    plan->n_row_blocks = divide_up(out_height, plan->block_rows);
    plan->n_blocks = plan->n_row_blocks * plan->n_column_blocks;
}

/* For n_rows of the output on one thread. */
static DirectPlan rows_plan(const HrnetConvShape *shape, unsigned n_rows, unsigned out_width)
{
    DirectPlan plan = { .n_pixels = (size_t)n_rows * out_width };
    if (!direct_in_place(shape))
        plan_staged(&plan, shape, n_rows, out_width, 0);
    return plan;
}

static DirectPlan direct_plan(const HrnetConvShape *shape, unsigned height, unsigned width,
                              unsigned n_threads)
{
    const unsigned out_height = hrnet_conv_out_size(shape, height),
                   out_width = hrnet_conv_out_size(shape, width);
    DirectPlan plan = { .n_groups = divide_up(shape->out_channels,
                                              hrnet_conv_block_rows(shape->out_channels)),
                        .n_pixels = (size_t)out_height * out_width };
    if (direct_in_place(shape))
        plan_in_place(&plan, n_threads);
    else
        plan_staged(&plan, shape, out_height, out_width, n_threads);
    unsigned n_splits = 1;
    if (n_threads > 1 && plan.n_blocks < n_threads * TASKS_PER_THREAD / 2)
        n_splits = divide_up(n_threads * TASKS_PER_THREAD, plan.n_blocks);
    plan.groups_per_task = n_splits < plan.n_groups ? plan.n_groups / n_splits : 1;
    plan.n_splits = divide_up(plan.n_groups, plan.groups_per_task);
    return plan;
}

static size_t direct_scratch_floats(const HrnetConv *conv, unsigned height, unsigned width,
                                    unsigned n_threads)
{
    if (direct_in_place(&conv->shape))
        return 0;
    size_t most = 0;
    for (unsigned n = 1; n <= n_threads; n++) {
        const DirectPlan plan = direct_plan(&conv->shape, height, width, n);
        const size_t floats = n * conv->shape.in_channels * plan.channel_floats;
        most = floats > most ? floats : most;
    }
    return most;
}

static size_t direct_rows_scratch_floats(const HrnetConv *conv, unsigned width, unsigned n_rows)
{
    if (direct_in_place(&conv->shape))
        return 0;
    size_t most = 0;
    for (unsigned n = 1; n <= n_rows; n++) {
        const DirectPlan plan =
            rows_plan(&conv->shape, n, hrnet_conv_out_size(&conv->shape, width));
        most = plan.channel_floats > most ? plan.channel_floats : most;
    }
    return conv->shape.in_channels * most;
}

typedef struct {
    const HrnetConv *conv;
    const HrnetConvArgs *args;
    const HrnetConvKernels *kernels;
    unsigned first_row, end_row; /* of the output */
    DirectPlan plan;
    size_t taps[9];
} DirectRun;

/* What the tile calls of one task have in common; first_row .. end_row are its output channels. */
static HrnetConvTile tile_for_rows(const DirectRun *run, unsigned first_row, unsigned end_row)
{
    const HrnetConvShape *shape = &run->conv->shape;
    const HrnetConvArgs *args = run->args;
    const unsigned n_taps = shape->kernel * shape->kernel;
    return (HrnetConvTile){
        .weights = run->conv->packed + (size_t)first_row * shape->in_channels * n_taps,
        .bias = run->conv->bias + first_row,
        .rows = end_row - first_row,
        .block_rows = hrnet_conv_block_rows(shape->out_channels),
        .n_channels = shape->in_channels,
        .n_taps = n_taps,
        .tap_floats = run->taps,
        .out_row_floats = args->out.plane_floats,
        .residual_row_floats = args->residual ? args->residual->plane_floats : 0,
        .relu = args->relu,
    };
}

static void tile_at(const DirectRun *run, HrnetConvTile *tile, unsigned first_row, size_t pixel,
                    const float *src, unsigned columns)
{
    const HrnetConvArgs *args = run->args;
    tile->src = src;
    tile->columns = columns;
    tile->out = args->out.data + first_row * args->out.plane_floats + pixel;
    tile->residual = args->residual
                         ? args->residual->data + first_row * args->residual->plane_floats + pixel
                         : NULL;
    run->kernels->tile(tile);
}

/* Columns of the next tile when so many are left: whole tiles, the last two of about one size, in
 * vectors. */
static unsigned next_columns(const HrnetConvKernels *kernels, size_t left)
{
    const size_t vector = kernels->vector_floats, whole = vector * kernels->tile_vectors_max;
    if (left <= whole)
        return (unsigned)left;
    if (left >= 2 * whole)
        return (unsigned)whole;
    return (unsigned)(divide_up(divide_up(left, 2), vector) * vector);
}

static void run_in_place(const DirectRun *run, size_t pixel, size_t end, unsigned first_row,
                         unsigned end_row)
{
    HrnetConvTile tile = tile_for_rows(run, first_row, end_row);
    tile.src_channel_floats = run->args->in.plane_floats;
    while (pixel < end) {
        const unsigned columns = next_columns(run->kernels, end - pixel);
        tile.prefetch_floats = pixel + columns < end ? columns : 0;
        tile_at(run, &tile, first_row, pixel, run->args->in.data + pixel, columns);
        pixel += columns;
    }
}

/* Copies the input that outputs y0.., x0.. need into stage. */
static void stage_block(const DirectRun *run, unsigned y0, unsigned x0, unsigned columns,
                        float *stage)
{
    const HrnetConvShape *shape = &run->conv->shape;
    const HrnetTensor *in = &run->args->in;
    const DirectPlan *plan = &run->plan;
    const unsigned pad_left = hrnet_conv_pad_before(shape, in->width);
    /* The last tap of the last column lies one further unless stride and padding together hold it
     * back. */
    const unsigned beyond = shape->kernel == 3 && (shape->stride == 1 || pad_left == 0) ? 1 : 0;
    run->kernels->stage(&(HrnetConvStage){
        .in = in->data,
        .in_plane_floats = in->plane_floats,
        .height = in->height,
        .width = in->width,
        .n_channels = shape->in_channels,
        .first_row = (long)y0 * shape->stride - hrnet_conv_pad_before(shape, in->height),
        .n_rows = plan->staged_rows,
        .first = x0 * shape->stride,
        .n = columns + beyond,
        .stride = shape->stride,
        .dst = stage + STAGE_LEAD,
        .dst_channel_floats = plan->channel_floats,
        .dst_row_floats = plan->row_floats,
        .odd_floats = plan->phase_floats,
    });
}

/* The tiles of some rows of a staged block, one group of output channels and one chunk of input
 * channels at a time: a chunk's part of the copy stays in the first-level cache while all groups
 * pass over it. The sums of the chunks so far stand in the output. */
static void run_chunks(const DirectRun *run, HrnetConvTile *tile, unsigned first_row,
                       unsigned end_row, size_t pixel, const float *src, unsigned columns)
{
    const HrnetConvArgs *args = run->args;
    const HrnetConvShape *shape = &run->conv->shape;
    const unsigned step = hrnet_conv_block_rows(shape->out_channels);
    const unsigned n_chunks = divide_up(shape->in_channels, L1_STAGED_CHANNELS);
    const unsigned chunk_channels = divide_up(shape->in_channels, n_chunks);
    for (unsigned c = 0; c < shape->in_channels; c += chunk_channels) {
        const unsigned left = shape->in_channels - c;
        tile->n_channels = left < chunk_channels ? left : chunk_channels;
        tile->relu = args->relu && left <= chunk_channels;
        tile->columns = columns;
        tile->src = src + c * run->plan.channel_floats;
        for (unsigned row = first_row; row < end_row; row += step) {
            tile->rows = row + step < end_row ? step : end_row - row;
            tile->weights =
                run->conv->packed +
                ((size_t)row * shape->in_channels + (size_t)c * tile->rows) * tile->n_taps;
            tile->bias = c == 0 ? run->conv->bias + row : NULL;
            tile->out = args->out.data + row * args->out.plane_floats + pixel;
            tile->residual = tile->out;
            tile->residual_row_floats = args->out.plane_floats;
            if (c == 0 && args->residual) {
                tile->residual = args->residual->data + row * args->residual->plane_floats + pixel;
                tile->residual_row_floats = args->residual->plane_floats;
            } else if (c == 0) {
                tile->residual = NULL;
            }
            run->kernels->tile(tile);
        }
    }
}

/* All tiles of a staged block for the output channels first_row..end_row-1. */
static void run_staged_rows(const DirectRun *run, unsigned y0, unsigned x0, unsigned columns,
                            const float *stage, unsigned first_row, unsigned end_row)
{
    const DirectPlan *plan = &run->plan;
    const HrnetTensor *out = &run->args->out;
    HrnetConvTile tile = tile_for_rows(run, first_row, end_row);
    tile.src_channel_floats = plan->channel_floats;
    for (unsigned i = 0; i < plan->block_rows && y0 + i < run->end_row; i++) {
        const float *src = stage + i * run->conv->shape.stride * plan->row_floats;
        const size_t row_pixel = (size_t)(y0 + i) * out->width + x0;
        for (unsigned x = 0; x < columns;) {
            const unsigned n = next_columns(run->kernels, columns - x);
            run_chunks(run, &tile, first_row, end_row, row_pixel + x, src + x, n);
            x += n;
        }
    }
}

static void run_staged(const DirectRun *run, unsigned block, unsigned thread, unsigned first_row,
                       unsigned end_row)
{
    const HrnetConvShape *shape = &run->conv->shape;
    const DirectPlan *plan = &run->plan;
    const unsigned y0 = run->first_row + block / plan->n_column_blocks * plan->block_rows;
    const unsigned x0 = block % plan->n_column_blocks * plan->block_columns;
    const unsigned left = run->args->out.width - x0;
    const unsigned columns = left < plan->block_columns ? left : plan->block_columns;
    float *stage = run->args->scratch + thread * shape->in_channels * plan->channel_floats;
    stage_block(run, y0, x0, columns, stage);
    run_staged_rows(run, y0, x0, columns, stage, first_row, end_row);
}

static void direct_task(void *data, unsigned task, unsigned thread)
{
    const DirectRun *run = data;
    const HrnetConvShape *shape = &run->conv->shape;
    const DirectPlan *plan = &run->plan;
    const unsigned rows_per_task =
        plan->groups_per_task * hrnet_conv_block_rows(shape->out_channels);
    const unsigned first_row = task / plan->n_blocks * rows_per_task;
    const unsigned left = shape->out_channels - first_row;
    const unsigned end_row = first_row + (left < rows_per_task ? left : rows_per_task);
    if (direct_in_place(shape)) {
        const size_t pixel = task % plan->n_blocks * plan->block_pixels;
        const size_t end = pixel + plan->block_pixels;
        run_in_place(run, pixel, end < plan->n_pixels ? end : plan->n_pixels, first_row, end_row);
    } else {
        run_staged(run, task % plan->n_blocks, thread, first_row, end_row);
    }
}

/* Where tap (i, j) of the block's first output pixel lies: column x0 * stride + j - pad_left of the
 * input. */
static void set_taps(DirectRun *run)
{
    const HrnetConvShape *shape = &run->conv->shape;
    const unsigned pad_left = hrnet_conv_pad_before(shape, run->args->in.width);
    for (unsigned i = 0; i < shape->kernel; i++) {
        for (unsigned j = 0; j < shape->kernel; j++) {
            const unsigned column = STAGE_LEAD * shape->stride + j - pad_left;
            const size_t phase = column % shape->stride * run->plan.phase_floats;
            run->taps[i * shape->kernel + j] =
                i * run->plan.row_floats + phase + column / shape->stride;
        }
    }
}

static void direct_run(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers)
{
    DirectRun run = {
        .conv = conv,
        .args = args,
        .kernels = &hrnet_kernels()->conv,
        .end_row = args->out.height,
        .plan = direct_plan(&conv->shape, args->in.height, args->in.width,
                            hrnet_workers_n_threads(workers)),
    };
    if (!direct_in_place(&conv->shape))
        set_taps(&run);
    hrnet_workers_run(workers, run.plan.n_blocks * run.plan.n_splits, direct_task, &run);
}

static void direct_run_rows(const HrnetConv *conv, const HrnetConvArgs *args, unsigned first_row,
                            unsigned end_row)
{
    const size_t width = args->out.width;
    DirectRun run = {
        .conv = conv,
        .args = args,
        .kernels = &hrnet_kernels()->conv,
        .first_row = first_row,
        .end_row = end_row,
        .plan = rows_plan(&conv->shape, end_row - first_row, args->out.width),
    };
    if (direct_in_place(&conv->shape)) {
        run_in_place(&run, first_row * width, end_row * width, 0, conv->shape.out_channels);
        return;
    }
    set_taps(&run);
    for (unsigned block = 0; block < run.plan.n_blocks; block++)
        run_staged(&run, block, 0, 0, conv->shape.out_channels);
}

void hrnet_conv_run_pixels(const HrnetConv *conv, const HrnetConvPixels *p)
{
    const HrnetConvKernels *kernels = &hrnet_kernels()->conv;
    const unsigned group = hrnet_conv_block_rows(conv->shape.out_channels);
    const unsigned end = p->first_out + p->n_out;
    const bool goes_on = p->goes_on || p->first_in > 0;
    const size_t tap = 0;
    HrnetConvTile tile = {
        .block_rows = group,
        .src_channel_floats = p->in_plane_floats,
        .n_channels = p->n_in,
        .n_taps = 1,
        .tap_floats = &tap,
        .out_row_floats = p->out_plane_floats,
        .residual_row_floats = p->out_plane_floats,
        .relu = p->relu,
    };
    for (size_t pixel = 0; pixel < p->n_pixels; pixel += tile.columns) {
        tile.columns = next_columns(kernels, p->n_pixels - pixel);
        tile.src = p->in + pixel;
        for (unsigned row = p->first_out; row < end; row += group) {
            tile.rows = end - row < group ? end - row : group;
            tile.weights = conv->packed + (size_t)row * conv->shape.in_channels +
                           (size_t)p->first_in * tile.rows;
            tile.bias = goes_on ? NULL : conv->bias + row;
            tile.out = p->out + (row - p->first_out) * p->out_plane_floats + pixel;
            tile.residual = goes_on ? tile.out : NULL;
            kernels->tile(&tile);
        }
    }
}

const HrnetConvMethod hrnet_conv_method_direct = {
    .algorithm = HRNET_CONV_DIRECT,
    .supports = direct_supports,
    .packed_floats = hrnet_conv_weight_floats,
    .pack = direct_pack,
    .scratch_floats = direct_scratch_floats,
    .run = direct_run,
    .row_step = 1,
    .rows_scratch_floats = direct_rows_scratch_floats,
    .run_rows = direct_run_rows,
};
