/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/refine_cells.h"

#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

#define RADIUS HRNET_GUIDED_RADIUS
#define WINDOW (2 * RADIUS + 1)

/* Log odds by which a class is ahead or behind at most. */
#define LIMIT 0.5f

/* Variance of luma, in square levels, to which a line's slope is damped to half: texture and noise
 * below some five levels draw no edge. */
#define RIDGE 26.0f

static unsigned inner_floats(const HrnetRefineCells *cells)
{
    return (unsigned)hrnet_round_up(cells->width, HRNET_SCORE_BLOCK);
}

static size_t work_floats(const HrnetRefineCells *cells)
{
    return 2 * cells->plane_floats + 2 * cells->stride_floats;
}

/* Windows end at the picture's edge, and then have fewer cells; past it they have none. */
static void scales_fill(HrnetRefineCells *cells)
{
    for (unsigned n_rows = 1; n_rows <= WINDOW; n_rows++) {
        float *scale = cells->scales + n_rows * cells->stride_floats + HRNET_CELL_PADDING;
        for (unsigned x = 0; x < cells->width; x++) {
            const unsigned first = x < RADIUS ? 0 : x - RADIUS;
            const unsigned end = x + RADIUS < cells->width ? x + RADIUS + 1 : cells->width;
            scale[x] = 1.0f / (float)(n_rows * (end - first));
        }
    }
}

bool hrnet_refine_cells_init(HrnetRefineCells *cells, const HrnetTensor *logits, unsigned n_threads)
{
    *cells = (HrnetRefineCells){
        .n_classes = logits->channels,
        .height = logits->height,
        .width = logits->width,
        .n_threads = n_threads,
    };
    cells->stride_floats = inner_floats(cells) + 2 * HRNET_CELL_PADDING;
    cells->plane_floats = cells->height * cells->stride_floats;
    cells->byte_stride = cells->stride_floats;

    const size_t n_tables = (WINDOW + 1) * cells->stride_floats;
    const size_t n_classes = 2 * hrnet_refine_n_planes(cells) * cells->plane_floats;
    const size_t n_fixed = n_tables + 6 * cells->plane_floats + n_threads * work_floats(cells);
    cells->memory = hrnet_aligned_alloc((n_fixed + n_classes) * sizeof(float));
    cells->bytes = calloc(3 * cells->height, cells->byte_stride);
    cells->in_row = calloc(cells->height, sizeof *cells->in_row);
    if (!cells->memory || !cells->bytes || !cells->in_row) {
        hrnet_refine_cells_clear(cells);
        return false;
    }
    /* Planes of classes that never win stay untouched, and so take no memory. */
    memset(cells->memory, 0, n_fixed * sizeof(float));
    cells->scales = cells->memory;
    cells->luma = cells->scales + n_tables;
    cells->luma_mean = cells->luma + cells->plane_floats;
    cells->gain = cells->luma_mean + cells->plane_floats;
    cells->winner = cells->gain + cells->plane_floats;
    cells->best = cells->winner + cells->plane_floats;
    cells->second = cells->best + cells->plane_floats;
    cells->work = cells->second + cells->plane_floats;
    cells->slopes = cells->memory + n_fixed;
    cells->offsets = cells->slopes + n_classes / 2;
    cells->labels = cells->bytes;
    cells->level_rows = cells->labels + cells->height * cells->byte_stride;
    cells->level = cells->level_rows + cells->height * cells->byte_stride;
    scales_fill(cells);
    return true;
}

void hrnet_refine_cells_clear(HrnetRefineCells *cells)
{
    hrnet_aligned_free(cells->memory);
    free(cells->bytes);
    free(cells->in_row);
    *cells = (HrnetRefineCells){ 0 };
}

typedef struct {
    HrnetRefineCells *cells;
    const HrnetScoreKernels *kernels;
    const HrnetTensor *logits, *luma;
    uint8_t classes[256]; /* that win anywhere */
} Loop;

/* The rows of a window around row y. */
static unsigned window_rows(const HrnetRefineCells *cells, unsigned y, unsigned *first)
{
    const unsigned end = y + RADIUS < cells->height ? y + RADIUS + 1 : cells->height;
    *first = y < RADIUS ? 0 : y - RADIUS;
    return end - *first;
}

/* Row y of a plane, column 0. */
static float *cell_row(const HrnetRefineCells *cells, float *plane, unsigned y)
{
    return plane + y * cells->stride_floats + HRNET_CELL_PADDING;
}

/* Where a whole row of the window has one label. */
static void find_level_row(uint8_t *level, const uint8_t *labels, unsigned n)
{
    const uint8_t *window = labels - RADIUS;
    for (unsigned x = 0; x < n; x++) {
        uint8_t differs = 0;
        for (unsigned k = 0; k < WINDOW; k++)
            differs |= window[x + k] ^ labels[x];
        level[x] = differs ? 0 : labels[x];
    }
}

/* What of a row depends on that row alone. */
static void see_row(void *data, unsigned y, unsigned thread)
{
    const Loop *loop = data;
    HrnetRefineCells *cells = loop->cells;
    const unsigned width = cells->width;
    const float *winner = cell_row(cells, cells->winner, y);
    uint8_t *labels = cells->labels + y * cells->byte_stride + HRNET_CELL_PADDING;
    uint64_t seen[4] = { 0 };
    (void)thread;
    loop->kernels->winners(cell_row(cells, cells->winner, y), cell_row(cells, cells->best, y),
                           cell_row(cells, cells->second, y),
                           loop->logits->data + (size_t)y * width, loop->logits->plane_floats,
                           cells->n_classes, width);
    for (unsigned x = 0; x < width; x++) {
        const unsigned class_number = (unsigned)winner[x];
        labels[x] = (uint8_t)(class_number + 1);
        seen[class_number / 64] |= UINT64_C(1) << class_number % 64;
    }
    memset(labels - RADIUS, labels[0], RADIUS);
    memset(labels + width, labels[width - 1], RADIUS);
    memcpy(cells->in_row[y], seen, sizeof seen);
    find_level_row(cells->level_rows + y * cells->byte_stride, labels, width);
    memcpy(cell_row(cells, cells->luma, y), loop->luma->data + (size_t)y * width,
           width * sizeof(float));
}

/* Mean and damped precision of luma, and where all of a window has one label. */
static void see_windows(void *data, unsigned y, unsigned thread)
{
    const Loop *loop = data;
    HrnetRefineCells *cells = loop->cells;
    const size_t stride = cells->stride_floats;
    const unsigned n = inner_floats(cells);
    float *sum = cells->work + thread * work_floats(cells) + 2 * cells->plane_floats;
    float *mean = cell_row(cells, cells->luma_mean, y), *gain = cell_row(cells, cells->gain, y);
    unsigned first;
    const unsigned n_rows = window_rows(cells, y, &first);
    const float *rows = cells->luma + first * stride;
    const float *scale = cells->scales + n_rows * stride + HRNET_CELL_PADDING;
    loop->kernels->sum_rows(sum, rows, stride, n_rows, (unsigned)stride);
    loop->kernels->window_means(mean, sum + HRNET_CELL_PADDING, scale, n);
    loop->kernels->sum_products(sum, rows, rows, stride, n_rows, (unsigned)stride);
    loop->kernels->window_means(gain, sum + HRNET_CELL_PADDING, scale, n);
    for (unsigned x = 0; x < n; x++) {
        /* Rounding may leave a variance just below zero. */
        const float variance = gain[x] - mean[x] * mean[x];
        gain[x] = 1 / ((variance > 0 ? variance : 0) + RIDGE);
    }

    uint8_t *level = cells->level + y * cells->byte_stride;
    const uint8_t *row = cells->level_rows + first * cells->byte_stride;
    memcpy(level, row, cells->width);
    for (unsigned r = 1; r < n_rows; r++) {
        row += cells->byte_stride;
        for (unsigned x = 0; x < cells->width; x++)
            level[x] = level[x] == row[x] ? level[x] : 0;
    }
}

/* How far a class is ahead, a row at a time, where its slopes will be. Their padding is made zero.
 */
static float *find_margins(const Loop *loop, unsigned class_number)
{
    HrnetRefineCells *cells = loop->cells;
    float *plane = cells->slopes + hrnet_refine_plane(cells, class_number) * cells->plane_floats;
    const unsigned behind = inner_floats(cells);
    for (unsigned y = 0; y < cells->height; y++) {
        float *row = cell_row(cells, plane, y);
        loop->kernels->margins(row,
                               loop->logits->data + class_number * loop->logits->plane_floats +
                                   (size_t)y * cells->width,
                               cell_row(cells, cells->winner, y), cell_row(cells, cells->best, y),
                               cell_row(cells, cells->second, y), (float)class_number, LIMIT,
                               cells->width);
        memset(row - HRNET_CELL_PADDING, 0, HRNET_CELL_PADDING * sizeof *row);
        memset(row + behind, 0, HRNET_CELL_PADDING * sizeof *row);
    }
    return plane;
}

/* A class's lines: fitted in each window, then averaged over windows. */
static void fit_class(void *data, unsigned task, unsigned thread)
{
    const Loop *loop = data;
    HrnetRefineCells *cells = loop->cells;
    const unsigned class_number = loop->classes[task], n = inner_floats(cells);
    const size_t stride = cells->stride_floats;
    float *slopes = cells->work + thread * work_floats(cells);
    float *offsets = slopes + cells->plane_floats;
    float *sum = offsets + cells->plane_floats, *product = sum + stride;
    float *margins = find_margins(loop, class_number);
    const float *scale;
    unsigned first;
    for (unsigned y = 0; y < cells->height; y++) {
        const unsigned n_rows = window_rows(cells, y, &first);
        const float *rows = margins + first * stride;
        scale = cells->scales + n_rows * stride + HRNET_CELL_PADDING;
        loop->kernels->sum_rows(sum, rows, stride, n_rows, (unsigned)stride);
        loop->kernels->sum_products(product, rows, cells->luma + first * stride, stride, n_rows,
                                    (unsigned)stride);
        loop->kernels->fit(cell_row(cells, slopes, y), cell_row(cells, offsets, y),
                           sum + HRNET_CELL_PADDING, product + HRNET_CELL_PADDING, scale,
                           cell_row(cells, cells->luma_mean, y), cell_row(cells, cells->gain, y),
                           n);
    }
    float *plane_of[2] = { margins, cells->offsets + (margins - cells->slopes) };
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned y = 0; y < cells->height; y++) {
            const unsigned n_rows = window_rows(cells, y, &first);
            scale = cells->scales + n_rows * stride + HRNET_CELL_PADDING;
            loop->kernels->sum_rows(sum, (i ? offsets : slopes) + first * stride, stride, n_rows,
                                    (unsigned)stride);
            loop->kernels->window_means(cell_row(cells, plane_of[i], y), sum + HRNET_CELL_PADDING,
                                        scale, n);
        }
    }
}

/* The classes that have lines. */
static unsigned list_classes(Loop *loop)
{
    const HrnetRefineCells *cells = loop->cells;
    uint64_t seen[4] = { 0 };
    unsigned n = 0;
    for (unsigned y = 0; y < cells->height; y++) {
        for (unsigned i = 0; i < 4; i++)
            seen[i] |= cells->in_row[y][i];
    }
    for (unsigned c = cells->n_classes == 2; c < cells->n_classes; c++) {
        if (seen[c / 64] >> c % 64 & 1)
            loop->classes[n++] = (uint8_t)c;
    }
    return n;
}

void hrnet_refine_cells_run(HrnetRefineCells *cells, const HrnetTensor *logits,
                            const HrnetTensor *luma, HrnetWorkers *workers)
{
    Loop loop = {
        .cells = cells,
        .kernels = &hrnet_kernels()->score,
        .logits = logits,
        .luma = luma,
    };
    hrnet_workers_run(workers, cells->height, see_row, &loop);
    hrnet_workers_run(workers, cells->height, see_windows, &loop);
    hrnet_workers_run(workers, list_classes(&loop), fit_class, &loop);
}
