/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/int8_conv.h"

#include "base/cpu.h"
#include "kernels/kernels.h"
#include "ops/conv_layer.h"

#include <stdlib.h>
#include <string.h>

/* Tasks a thread gets at least, where there is work enough, so that the last ones leave nobody idle
 * for long. */
#define TASKS_PER_THREAD 4
/* What a chunk's weights may take, so that they stay in the first-level cache while pixels go by.
 */
#define CHUNK_WEIGHT_BYTES (16u << 10)

struct HrnetInt8ConvLayer {
    HrnetConvShape shape;
    size_t n_weight_bytes, n_rows; /* n_rows: of bias and scale */
    float residual_scale;
    int32_t *bias;
    float *scale;
    uint8_t *weights; /* the memory of all three */
};

bool hrnet_int8_conv_new(const HrnetConvShape *shape, const HrnetInt8Layer *numbers,
                         HrnetInt8ConvLayer **layer)
{
    const HrnetInt8Kernels *kernels = &hrnet_kernels()->int8;
    HrnetInt8ConvLayer *made = calloc(1, sizeof *made);
    *layer = NULL;
    if (!made)
        return true;
    made->shape = *shape;
    made->n_rows = hrnet_int8_padded_rows(shape->out_channels);
    made->n_weight_bytes =
        hrnet_round_up(hrnet_int8_weights_bytes(numbers, kernels), HRNET_ALIGNMENT);
    made->weights = hrnet_aligned_alloc(hrnet_int8_conv_bytes(made));
    if (!made->weights) {
        hrnet_int8_conv_free(made);
        return true;
    }
    memset(made->weights, 0, made->n_weight_bytes);
    made->bias = (int32_t *)(void *)(made->weights + made->n_weight_bytes);
    made->scale = (float *)(void *)(made->bias + made->n_rows);
    if (!hrnet_int8_weights_pack(numbers, kernels, made->weights, made->bias, made->scale,
                                 &made->residual_scale)) {
        hrnet_int8_conv_free(made);
        return false;
    }
    *layer = made;
    return true;
}

void hrnet_int8_conv_free(HrnetInt8ConvLayer *layer)
{
    if (!layer)
        return;
    hrnet_aligned_free(layer->weights);
    free(layer);
}

size_t hrnet_int8_conv_bytes(const HrnetInt8ConvLayer *layer)
{
    return layer->n_weight_bytes + layer->n_rows * (sizeof(int32_t) + sizeof(float));
}

bool hrnet_int8_conv_equal(const HrnetInt8ConvLayer *a, const HrnetInt8ConvLayer *b)
{
    return a->shape.in_channels == b->shape.in_channels &&
           a->shape.out_channels == b->shape.out_channels && a->shape.kernel == b->shape.kernel &&
           a->shape.stride == b->shape.stride && a->shape.padding_same == b->shape.padding_same &&
           a->residual_scale == b->residual_scale &&
           memcmp(a->weights, b->weights, hrnet_int8_conv_bytes(a)) == 0;
}

const HrnetConvShape *hrnet_int8_conv_shape(const HrnetInt8ConvLayer *layer)
{
    return &layer->shape;
}

static unsigned n_taps(const HrnetConvShape *shape)
{
    return shape->kernel * shape->kernel;
}

/* Packed weights of one output channel. */
static size_t channel_bytes(const HrnetConvShape *shape)
{
    return (size_t)hrnet_quads_count(shape->in_channels) * n_taps(shape) * HRNET_QUAD *
           hrnet_kernels()->int8.weight_bytes;
}

static unsigned min_unsigned(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned divide_up(unsigned a, unsigned b)
{
    return (a + b - 1) / b;
}

/* Rows of the output whose sources and results the second-level cache holds. */
static unsigned cached_rows(const HrnetInt8ConvArgs *args)
{
    const HrnetConvShape *shape = &args->layer->shape;
    const size_t source = hrnet_quads_count(shape->in_channels) * hrnet_quads_pitch(&args->in);
    const size_t row_bytes =
        HRNET_QUAD * (source * shape->stride +
                      hrnet_quads_count(shape->out_channels) * hrnet_quads_pitch(&args->out));
    const size_t rows = hrnet_cpu_l2_bytes() / 2 / row_bytes;
    return rows == 0 ? 1 : rows < args->out.height ? (unsigned)rows : args->out.height;
}

HrnetInt8ConvPlan hrnet_int8_conv_plan(const HrnetInt8ConvArgs *args, unsigned n_threads)
{
    const HrnetConvShape *shape = &args->layer->shape;
    const unsigned block = hrnet_kernels()->int8.block_rows, height = args->out.height;
    const unsigned blocks = (unsigned)(CHUNK_WEIGHT_BYTES / (channel_bytes(shape) * block));
    HrnetInt8ConvPlan plan = { .chunk_channels = block * (blocks ? blocks : 1) };
    plan.n_chunks = divide_up(shape->out_channels, plan.chunk_channels);
    plan.band_rows = cached_rows(args);
    if (n_threads > 1) {
        const unsigned bands = divide_up(TASKS_PER_THREAD * n_threads, plan.n_chunks);
        plan.band_rows = min_unsigned(plan.band_rows, divide_up(height, bands));
    }
    plan.n_bands = divide_up(height, plan.band_rows);
    for (unsigned t = 0; t < n_taps(shape) && shape->kernel == 3; t++)
        plan.taps[t] =
            HRNET_QUAD * (((ptrdiff_t)t / 3 - 1) * (ptrdiff_t)hrnet_quads_pitch(&args->in) +
                          (ptrdiff_t)t % 3 - 1);
    return plan;
}

typedef struct {
    const HrnetInt8ConvArgs *args;
    const HrnetInt8ConvPlan *plan;
    const HrnetInt8Kernels *kernels;
    unsigned first_y, first_x; /* the middle of the window of output 0, 0 */
} ConvRun;

/* Where the windows of an axis of n begin, counted to their middle. */
static unsigned first_middle(const HrnetConvShape *shape, unsigned n)
{
    return shape->kernel == 1 ? 0 : 1 - hrnet_conv_pad_before(shape, n);
}

/* The kernel's view of a chunk, without its rows. */
static HrnetInt8Conv chunk_conv(const ConvRun *run, unsigned first_channel)
{
    const HrnetInt8ConvArgs *args = run->args;
    const HrnetInt8ConvLayer *layer = args->layer;
    const HrnetConvShape *shape = &layer->shape;
    return (HrnetInt8Conv){
        .weights = layer->weights + first_channel * channel_bytes(shape),
        .bias = layer->bias + first_channel,
        .scale = layer->scale + first_channel,
        .rows = min_unsigned(run->plan->chunk_channels, shape->out_channels - first_channel),
        .src_quad_bytes = args->in.quad_bytes,
        .n_quads = hrnet_quads_count(shape->in_channels),
        .n_taps = n_taps(shape),
        .tap_bytes = run->plan->taps,
        .stride = shape->stride,
        .residual_quad_bytes = args->residual.quad_bytes,
        .residual_scale = layer->residual_scale,
        .out_quad_bytes = args->out.quad_bytes,
        .zero_point = args->out.range.zero_point,
        .score_plane_floats = args->scores.plane_floats,
    };
}

/* So many pixels from the first of row y on. */
static void run_pixels(const ConvRun *run, HrnetInt8Conv *conv, unsigned first_channel, unsigned y,
                       size_t n)
{
    const HrnetInt8ConvArgs *args = run->args;
    const unsigned quad = first_channel / HRNET_QUAD, stride = conv->stride;
    conv->src = hrnet_quads_pixel(&args->in, 0, y * stride + run->first_y, run->first_x);
    conv->pixels = n;
    if (args->scores.data)
        conv->scores = args->scores.data + first_channel * args->scores.plane_floats +
                       (size_t)y * args->scores.width;
    else
        conv->out = hrnet_quads_pixel(&args->out, quad, y, 0);
    if (args->has_residual)
        conv->residual = hrnet_quads_pixel(&args->residual, quad, y, 0);
    run->kernels->conv(conv);
}

/* Rows y0..y1-1 of a chunk. At stride 1 pixels go over the ends of rows, whose padding is written
 * behind them. */
static void run_chunk(const ConvRun *run, unsigned chunk, unsigned y0, unsigned y1)
{
    const HrnetInt8ConvArgs *args = run->args;
    const unsigned first_channel = chunk * run->plan->chunk_channels;
    HrnetInt8Conv conv = chunk_conv(run, first_channel);
    if (conv.stride == 1 && !args->scores.data)
        run_pixels(run, &conv, first_channel, y0, (y1 - y0) * hrnet_quads_pitch(&args->out) - 1);
    else
        for (unsigned y = y0; y < y1; y++)
            run_pixels(run, &conv, first_channel, y, args->out.width);
    for (unsigned c = 0; c < conv.rows && !args->scores.data; c += HRNET_QUAD)
        hrnet_quads_pad(&args->out, (first_channel + c) / HRNET_QUAD, y0, y1);
}

static void conv_task(void *data, unsigned task, unsigned thread)
{
    const ConvRun *run = data;
    const HrnetInt8ConvPlan *plan = run->plan;
    const unsigned y0 = task / plan->n_chunks * plan->band_rows;
    (void)thread;
    run_chunk(run, task % plan->n_chunks, y0,
              min_unsigned(y0 + plan->band_rows, run->args->out.height));
}

static ConvRun conv_run(const HrnetInt8ConvArgs *args, const HrnetInt8ConvPlan *plan)
{
    const HrnetConvShape *shape = &args->layer->shape;
    return (ConvRun){
        .args = args,
        .plan = plan,
        .kernels = &hrnet_kernels()->int8,
        .first_y = first_middle(shape, args->in.height),
        .first_x = first_middle(shape, args->in.width),
    };
}

void hrnet_int8_conv_run(const HrnetInt8ConvArgs *args, const HrnetInt8ConvPlan *plan,
                         HrnetWorkers *workers)
{
    ConvRun run = conv_run(args, plan);
    hrnet_workers_run(workers, plan->n_bands * plan->n_chunks, conv_task, &run);
}

void hrnet_int8_conv_run_rows(const HrnetInt8ConvArgs *args, const HrnetInt8ConvPlan *plan,
                              unsigned first_row, unsigned end_row)
{
    const ConvRun run = conv_run(args, plan);
    for (unsigned chunk = 0; chunk < plan->n_chunks; chunk++)
        run_chunk(&run, chunk, first_row, end_row);
}
