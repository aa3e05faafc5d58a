/* Convolution as matrix products by OpenBLAS: out[k][pixel] = weights[k][row] *
 * columns[row][pixel].
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The columns are the input's own planes for a 1x1 of stride 1, else they are gathered for one
 * block of output pixels at a time. A block goes through three steps: its columns and the start of
 * its sums (bias and residual) on our workers, the product on OpenBLAS's threads, the ReLU on our
 * workers; never two of them at once. */
#include "base/cpu.h"
#include "ops/conv_layer.h"

/* Its half floats are none of ISO C's. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <cblas.h>
#pragma GCC diagnostic pop
#include <glib.h>
#include <pthread.h>
#include <string.h>

/* Floats of gathered columns that still leave room in a second-level cache. */
#define COLUMN_FLOATS_WANTED (192 * 1024)
#define BLOCK_PIXELS_MIN     256
#define BLOCK_PIXELS_MAX     8192

/* OpenBLAS may be built with threads that must not be entered twice, and two products at once would
 * only fight over its threads. */
static pthread_mutex_t blas_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t blas_core_once = PTHREAD_ONCE_INIT;

/* An OpenBLAS older than the processor falls back to kernels of twenty years ago without a word. */
static void warn_of_old_core(void)
{
    static const char *const old_cores[] = { "Prescott",   "Core2",   "Penryn",
                                             "Dunnington", "Nehalem", "Generic" };
    const char *core = openblas_get_corename();
    if (hrnet_cpu_features() == 0 || !core)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(old_cores); i++) {
        if (g_ascii_strcasecmp(core, old_cores[i]) == 0)
            g_debug("OpenBLAS runs its %s kernels on %s, which has %s: set OPENBLAS_CORETYPE "
                    "(Haswell, SkylakeX) or "
                    "take a newer OpenBLAS",
                    core, hrnet_cpu_name(), hrnet_cpu_level_name(hrnet_cpu_features()));
    }
}

static bool gemm_supports(const HrnetConvShape *shape)
{
    (void)shape;
    return true;
}

static void gemm_pack(const HrnetConvShape *shape, const float *weights, float *packed)
{
    memcpy(packed, weights, hrnet_conv_weight_floats(shape) * sizeof(float));
}

static bool gemm_in_place(const HrnetConvShape *shape)
{
    return shape->kernel == 1 && shape->stride == 1;
}

static unsigned gemm_rows(const HrnetConvShape *shape)
{
    return shape->in_channels * shape->kernel * shape->kernel;
}

/* Output pixels in a block, a multiple of a vector but for the last block. */
static size_t gemm_block_pixels(const HrnetConvShape *shape, size_t n_pixels)
{
    size_t n = BLOCK_PIXELS_MAX;
    if (!gemm_in_place(shape)) {
        n = COLUMN_FLOATS_WANTED / gemm_rows(shape) / 16 * 16;
        n = CLAMP(n, BLOCK_PIXELS_MIN, BLOCK_PIXELS_MAX);
    }
    return MIN(n, hrnet_round_up(n_pixels, 16));
}

static size_t gemm_scratch_floats(const HrnetConv *conv, unsigned height, unsigned width,
                                  unsigned n_threads)
{
    (void)n_threads;
    const HrnetConvShape *shape = &conv->shape;
    if (gemm_in_place(shape))
        return 0;
    const size_t n_pixels =
        (size_t)hrnet_conv_out_size(shape, height) * hrnet_conv_out_size(shape, width);
    return gemm_rows(shape) * gemm_block_pixels(shape, n_pixels);
}

typedef struct {
    const HrnetConv *conv;
    const HrnetConvArgs *args;
    unsigned pad_top, pad_left;
    size_t first, n; /* output pixels of the block */
    size_t columns_stride;
} GemmBlock;

/* dst[x] = in[(x0 + x) * stride + j - pad_left], zeros outside. row: the input row. */
static void gather_row(const GemmBlock *block, const float *row, unsigned j, unsigned x0,
                       unsigned n, float *dst)
{
    const size_t stride = block->conv->shape.stride;
    const size_t width = block->args->in.width;
    for (unsigned x = 0; x < n; x++) {
        const size_t at = (x0 + x) * stride + j;
        dst[x] = at >= block->pad_left && at - block->pad_left < width ? row[at - block->pad_left]
                                                                       : 0.0f;
    }
}

/* The rows of columns of one input channel. */
static void gather_channel(const GemmBlock *block, unsigned c)
{
    const HrnetConvShape *shape = &block->conv->shape;
    const HrnetTensor *in = &block->args->in;
    const unsigned out_width = block->args->out.width;
    const float *plane = in->data + c * in->plane_floats;
    for (unsigned tap = 0; tap < shape->kernel * shape->kernel; tap++) {
        const unsigned i = tap / shape->kernel, j = tap % shape->kernel;
        float *dst = block->args->scratch +
                     ((size_t)c * shape->kernel * shape->kernel + tap) * block->columns_stride;
        for (size_t done = 0; done < block->n;) {
            const size_t y = (block->first + done) / out_width,
                         x = (block->first + done) % out_width;
            const unsigned n = (unsigned)MIN(out_width - x, block->n - done);
            const size_t row = y * shape->stride + i;
            if (row >= block->pad_top && row - block->pad_top < in->height)
                gather_row(block, plane + (row - block->pad_top) * in->width, j, (unsigned)x, n,
                           dst + done);
            else
                memset(dst + done, 0, n * sizeof(float));
            done += n;
        }
    }
}

/* What the product is added to: bias and residual. */
static void start_sums(const GemmBlock *block, unsigned k)
{
    const HrnetConvArgs *args = block->args;
    float *out = args->out.data + k * args->out.plane_floats + block->first;
    const float bias = block->conv->bias[k];
    if (!args->residual) {
        for (size_t p = 0; p < block->n; p++)
            out[p] = bias;
        return;
    }
    const float *residual = args->residual->data + k * args->residual->plane_floats + block->first;
    for (size_t p = 0; p < block->n; p++)
        out[p] = residual[p] + bias;
}

/* A task is an output channel, or, behind those, an input channel to gather. */
static void gemm_prepare_task(void *data, unsigned task, unsigned thread)
{
    (void)thread;
    const GemmBlock *block = data;
    const unsigned out_channels = block->conv->shape.out_channels;
    if (task < out_channels)
        start_sums(block, task);
    else
        gather_channel(block, task - out_channels);
}

static void gemm_relu_task(void *data, unsigned k, unsigned thread)
{
    (void)thread;
    const GemmBlock *block = data;
    float *out = block->args->out.data + k * block->args->out.plane_floats + block->first;
    for (size_t p = 0; p < block->n; p++)
        out[p] = out[p] < 0.0f ? 0.0f : out[p];
}

static void multiply(const GemmBlock *block, const float *columns, size_t columns_stride)
{
    const HrnetConvShape *shape = &block->conv->shape;
    const HrnetTensor *out = &block->args->out;
    const int rows = (int)gemm_rows(shape);
    pthread_mutex_lock(&blas_lock);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)shape->out_channels, (int)block->n,
                rows, 1.0f, block->conv->packed, rows, columns, (int)columns_stride, 1.0f,
                out->data + block->first, (int)out->plane_floats);
    pthread_mutex_unlock(&blas_lock);
}

static void gemm_run(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers)
{
    const HrnetConvShape *shape = &conv->shape;
    const bool in_place = gemm_in_place(shape);
    const size_t n_pixels = (size_t)args->out.height * args->out.width;
    const size_t block_pixels = gemm_block_pixels(shape, n_pixels);
    GemmBlock block = {
        .conv = conv,
        .args = args,
        .pad_top = hrnet_conv_pad_before(shape, args->in.height),
        .pad_left = hrnet_conv_pad_before(shape, args->in.width),
        .columns_stride = block_pixels,
    };
    pthread_once(&blas_core_once, warn_of_old_core);
    for (block.first = 0; block.first < n_pixels; block.first += block_pixels) {
        block.n = MIN(block_pixels, n_pixels - block.first);
        const unsigned n_gathers = in_place ? 0 : shape->in_channels;
        hrnet_workers_run(workers, shape->out_channels + n_gathers, gemm_prepare_task, &block);
        if (in_place)
            multiply(&block, args->in.data + block.first, args->in.plane_floats);
        else
            multiply(&block, args->scratch, block_pixels);
        if (args->relu)
            hrnet_workers_run(workers, shape->out_channels, gemm_relu_task, &block);
    }
}

const HrnetConvMethod hrnet_conv_method_gemm = {
    .algorithm = HRNET_CONV_GEMM,
    .supports = gemm_supports,
    .packed_floats = hrnet_conv_weight_floats,
    .pack = gemm_pack,
    .scratch_floats = gemm_scratch_floats,
    .run = gemm_run,
};
