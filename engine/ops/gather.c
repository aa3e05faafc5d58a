/* The sum over pixels is a product of matrices, on the register tiles of convolutions: their "input
 * channels" are pixels, their "pixels" are regions, whose shares lie side by side for each pixel,
 * and their weights are the picture's channels, repacked for a block of pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/gather.h"

#include "kernels/kernels.h"

#include <math.h>

/* Pixels whose products are summed in float, before these sums are in double: a few hundred
 * thousand in a row would lose three digits. */
#define BLOCK_PIXELS 256
/* Channels of a task, which share the reading of a block's shares. */
#define TASK_CHANNELS 32

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How the scratch is cut up: offsets in floats, each a multiple of 16. */
typedef struct {
    size_t n_pixels, n_blocks;
    size_t row_floats; /* of one pixel's shares */
    size_t totals;     /* doubles: of each region; then of each block and region */
    size_t shares;     /* rows, by pixel */
    size_t threads;    /* what each thread has for itself */
    size_t thread_floats, packed, products;
} Layout;

static Layout layout_of(const HrnetGatherArgs *args)
{
    const unsigned rows_max = hrnet_kernels()->conv.tile_rows_max;
    Layout l = { .n_pixels = (size_t)args->pixels.height * args->pixels.width };
    l.n_blocks = (l.n_pixels + BLOCK_PIXELS - 1) / BLOCK_PIXELS;
    l.row_floats = hrnet_round_up(args->areas.channels, 16);
    l.totals = l.row_floats; /* behind each region's largest score */
    l.shares = l.totals + 2 * (l.n_blocks + 1) * l.row_floats;
    l.threads = l.shares + l.n_pixels * l.row_floats;
    l.packed = 2 * TASK_CHANNELS * l.row_floats; /* behind the sums, which are doubles */
    l.products = l.packed + hrnet_round_up((size_t)BLOCK_PIXELS * rows_max, 16);
    l.thread_floats = l.products + rows_max * l.row_floats;
    return l;
}

size_t hrnet_gather_scratch_floats(const HrnetGatherArgs *args, unsigned n_threads)
{
    const Layout l = layout_of(args);
    return l.threads + n_threads * l.thread_floats;
}

typedef struct {
    const HrnetGatherArgs *args;
    Layout layout;
} GatherRun;

static double *totals_of(const GatherRun *run, size_t row)
{
    return (double *)(void *)(run->args->scratch + run->layout.totals) +
           row * run->layout.row_floats;
}

static void find_largest(void *data, unsigned region, unsigned thread)
{
    const GatherRun *run = data;
    const HrnetTensor *areas = &run->args->areas;
    const float *scores = areas->data + region * areas->plane_floats;
    float largest = scores[0];
    (void)thread;
    for (size_t p = 1; p < run->layout.n_pixels; p++)
        largest = scores[p] > largest ? scores[p] : largest;
    run->args->scratch[region] = largest;
}

/* exp(areas - largest), by pixel, and what they add up to in this block. */
static void weigh_block(void *data, unsigned block, unsigned thread)
{
    const GatherRun *run = data;
    const HrnetTensor *areas = &run->args->areas;
    const Layout *l = &run->layout;
    const size_t first = (size_t)block * BLOCK_PIXELS;
    const size_t end = min_size(first + BLOCK_PIXELS, l->n_pixels);
    double *totals = totals_of(run, block + 1);
    (void)thread;
    for (unsigned k = 0; k < areas->channels; k++) {
        const float *scores = areas->data + k * areas->plane_floats;
        const float largest = run->args->scratch[k];
        float *shares = run->args->scratch + l->shares + k;
        totals[k] = 0;
        for (size_t p = first; p < end; p++) {
            const float share = expf(scores[p] - largest);
            shares[p * l->row_floats] = share;
            totals[k] += (double)share;
        }
    }
}

static void add_totals(const GatherRun *run)
{
    double *all = totals_of(run, 0);
    for (unsigned k = 0; k < run->args->areas.channels; k++) {
        all[k] = 0;
        for (size_t block = 0; block < run->layout.n_blocks; block++)
            all[k] += totals_of(run, block + 1)[k];
    }
}

/* Rows first..first+rows-1 of the picture's channels, for the tile kernels. */
static void pack(const HrnetTensor *pixels, unsigned first, unsigned rows, size_t pixel, size_t n,
                 float *packed)
{
    for (unsigned r = 0; r < rows; r++) {
        const float *channel = pixels->data + (first + r) * pixels->plane_floats + pixel;
        for (size_t p = 0; p < n; p++)
            packed[p * rows + r] = channel[p];
    }
}

/* sums += what a block of pixels adds to `rows` channels of all regions. */
static void add_block(const GatherRun *run, float *own, unsigned first, unsigned rows, size_t block,
                      double *sums)
{
    const HrnetConvKernels *kernels = &hrnet_kernels()->conv;
    const Layout *l = &run->layout;
    const unsigned n_regions = run->args->areas.channels;
    const unsigned step = kernels->vector_floats * kernels->tile_vectors_max;
    const size_t pixel = block * BLOCK_PIXELS, tap = 0;
    const size_t n = min_size(BLOCK_PIXELS, l->n_pixels - pixel);
    float *products = own + l->products;
    pack(&run->args->pixels, first, rows, pixel, n, own + l->packed);
    for (unsigned k = 0; k < n_regions; k += step)
        kernels->tile(&(HrnetConvTile){
            .weights = own + l->packed,
            .rows = rows,
            .block_rows = rows,
            .src = run->args->scratch + l->shares + pixel * l->row_floats + k,
            .src_channel_floats = l->row_floats,
            .n_channels = (unsigned)n,
            .n_taps = 1,
            .tap_floats = &tap,
            .out = products + k,
            .out_row_floats = l->row_floats,
            .columns = (unsigned)min_size(step, n_regions - k),
        });
    for (unsigned r = 0; r < rows; r++)
        for (unsigned k = 0; k < n_regions; k++)
            sums[r * l->row_floats + k] += (double)products[r * l->row_floats + k];
}

static void gather_task(void *data, unsigned task, unsigned thread)
{
    const GatherRun *run = data;
    const Layout *l = &run->layout;
    const HrnetTensor *regions = &run->args->regions;
    const unsigned rows_max = hrnet_kernels()->conv.tile_rows_max;
    const unsigned first = task * TASK_CHANNELS;
    const unsigned n = (unsigned)min_size(TASK_CHANNELS, regions->channels - first);
    float *own = run->args->scratch + l->threads + thread * l->thread_floats;
    double *sums = (double *)(void *)own;
    for (size_t i = 0; i < n * l->row_floats; i++)
        sums[i] = 0;
    for (size_t block = 0; block < l->n_blocks; block++)
        for (unsigned r = 0; r < n; r += rows_max)
            add_block(run, own, first + r, (unsigned)min_size(rows_max, n - r), block,
                      sums + r * l->row_floats);
    for (unsigned r = 0; r < n; r++)
        for (unsigned k = 0; k < regions->width; k++)
            regions->data[(first + r) * regions->plane_floats + k] =
                (float)(sums[r * l->row_floats + k] / totals_of(run, 0)[k]);
}

void hrnet_gather_run(const HrnetGatherArgs *args, HrnetWorkers *workers)
{
    GatherRun run = { .args = args, .layout = layout_of(args) };
    hrnet_workers_run(workers, args->areas.channels, find_largest, &run);
    hrnet_workers_run(workers, (unsigned)run.layout.n_blocks, weigh_block, &run);
    add_totals(&run);
    hrnet_workers_run(workers, (args->regions.channels + TASK_CHANNELS - 1) / TASK_CHANNELS,
                      gather_task, &run);
}
