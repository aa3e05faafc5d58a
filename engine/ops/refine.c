/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/refine.h"

#include "kernels/kernels.h"
#include "ops/refine_cells.h"
#include "ops/resize_axis.h"

#include <stdlib.h>
#include <string.h>

/* Output rows of a task. */
#define BAND_ROWS 8

/* Rows of cells from which a class may reach: two windows' radii. */
#define REACH 4

struct HrnetRefiner {
    HrnetRefineCells cells;
    unsigned height, width; /* of the frame */
    unsigned n_blocks;      /* of columns, in a row of the frame */
    size_t line_floats, thread_floats;
    float *memory;
    int32_t *row_index;
    float *row_weight;
    HrnetColumns columns;
    float *lines; /* of each thread: of each plane of lines, slope and offset */
    /* The label of all cells under a block and around it, 0 = there are several; a row of n_blocks
     * for each row of cells, then one for each thread. */
    uint8_t *blocks;
};

HrnetRefiner *hrnet_refiner_new(const HrnetTensor *logits, HrnetResizeMode mode, unsigned height,
                                unsigned width, unsigned n_threads)
{
    HrnetRefiner *refiner = calloc(1, sizeof *refiner);
    if (!refiner)
        return NULL;
    refiner->height = height;
    refiner->width = width;
    refiner->n_blocks = (width + HRNET_COLUMN_BLOCK - 1) / HRNET_COLUMN_BLOCK;
    if (!hrnet_refine_cells_init(&refiner->cells, logits, n_threads))
        goto error;
    const size_t row_floats = hrnet_round_up(height, HRNET_ALIGNMENT / sizeof(float));
    refiner->line_floats = hrnet_line_floats(logits->width);
    refiner->thread_floats = 2 * hrnet_refine_n_planes(&refiner->cells) * refiner->line_floats;
    refiner->memory = hrnet_aligned_alloc(
        (2 * row_floats + hrnet_columns_floats(width) + n_threads * refiner->thread_floats) *
        sizeof(float));
    refiner->blocks = malloc((logits->height + n_threads) * (size_t)refiner->n_blocks);
    if (!refiner->memory || !refiner->blocks)
        goto error;
    float *column_memory = refiner->memory + 2 * row_floats;
    refiner->row_index = (int32_t *)(void *)refiner->memory;
    refiner->row_weight = refiner->memory + row_floats;
    refiner->lines = column_memory + hrnet_columns_floats(width);
    hrnet_resize_axis_fill(mode, logits->height, height, refiner->row_index, refiner->row_weight);
    hrnet_columns_fill(&refiner->columns, column_memory, mode, logits->width, width);
    return refiner;

error:
    hrnet_refiner_free(refiner);
    return NULL;
}

void hrnet_refiner_free(HrnetRefiner *refiner)
{
    if (!refiner)
        return;
    hrnet_refine_cells_clear(&refiner->cells);
    hrnet_aligned_free(refiner->memory);
    free(refiner->blocks);
    free(refiner);
}

typedef struct {
    HrnetRefiner *refiner;
    const HrnetResizeKernels *kernels;
    const uint8_t *luma;
    size_t luma_stride_bytes;
    uint8_t *labels;
    size_t stride_bytes;
} Loop;

/* Neighbours that are level have the same label: their windows overlap. */
static void see_blocks(void *data, unsigned y, unsigned thread)
{
    const Loop *loop = data;
    const HrnetRefiner *refiner = loop->refiner;
    const uint8_t *level = refiner->cells.level + y * refiner->cells.byte_stride;
    const int32_t *index = refiner->columns.index;
    (void)thread;
    for (unsigned b = 0; b < refiner->n_blocks; b++) {
        const unsigned first = (unsigned)index[b * HRNET_COLUMN_BLOCK];
        unsigned last = (unsigned)index[(b + 1) * HRNET_COLUMN_BLOCK - 1] + 1;
        uint8_t label = level[first];
        last = last < refiner->cells.width ? last : refiner->cells.width - 1;
        for (unsigned x = first + 1; x <= last; x++)
            label = level[x] == label ? label : 0;
        refiner->blocks[y * refiner->n_blocks + b] = label;
    }
}

/* The classes that win in reach of two rows of cells; of two classes the second, if it does. */
static unsigned list_classes(const HrnetRefineCells *cells, unsigned y0, unsigned y1,
                             uint8_t classes[256])
{
    uint64_t seen[4] = { 0 };
    unsigned n = 0;
    for (unsigned y = y0 < REACH ? 0 : y0 - REACH; y <= y1 + REACH && y < cells->height; y++) {
        for (unsigned i = 0; i < 4; i++)
            seen[i] |= cells->in_row[y][i];
    }
    for (unsigned c = cells->n_classes == 2; c < cells->n_classes; c++) {
        if (seen[c / 64] >> c % 64 & 1)
            classes[n++] = (uint8_t)c;
    }
    return n;
}

static bool blend_blocks(uint8_t *blocks, const uint8_t *row0, const uint8_t *row1, unsigned n)
{
    bool has_edges = false;
    for (unsigned b = 0; b < n; b++) {
        blocks[b] = row0[b] == row1[b] ? row0[b] : 0;
        has_edges |= blocks[b] == 0;
    }
    return has_edges;
}

/* Slopes and offsets of the classes in question between two rows of cells. */
static void blend_lines(const Loop *loop, float *slopes, float *offsets, const uint8_t *classes,
                        unsigned n_classes, unsigned y0, unsigned y1, float weight)
{
    const HrnetRefineCells *cells = &loop->refiner->cells;
    for (unsigned i = 0; i < n_classes; i++) {
        const size_t plane = hrnet_refine_plane(cells, classes[i]) * cells->plane_floats;
        const size_t row0 = plane + y0 * cells->stride_floats + HRNET_CELL_PADDING;
        const size_t row1 = plane + y1 * cells->stride_floats + HRNET_CELL_PADDING;
        const size_t line = i * loop->refiner->line_floats;
        loop->kernels->lerp_row(slopes + line, cells->slopes + row0, cells->slopes + row1, weight,
                                cells->width);
        loop->kernels->lerp_row(offsets + line, cells->offsets + row0, cells->offsets + row1,
                                weight, cells->width);
    }
}

static void run_row(const Loop *loop, unsigned y, unsigned thread)
{
    const HrnetRefiner *refiner = loop->refiner;
    const HrnetRefineCells *cells = &refiner->cells;
    float *slopes = refiner->lines + thread * refiner->thread_floats;
    float *offsets = slopes + refiner->thread_floats / 2;
    uint8_t *blocks = refiner->blocks + (size_t)(cells->height + thread) * refiner->n_blocks;
    const unsigned y0 = (unsigned)refiner->row_index[y];
    const unsigned y1 = y0 + 1 < cells->height ? y0 + 1 : y0;
    uint8_t class_labels[256];
    HrnetRefineRow row = {
        .slopes = slopes,
        .offsets = offsets,
        .line_floats = refiner->line_floats,
        .class_labels = class_labels,
        .rest_label = cells->n_classes == 2,
        .luma = loop->luma + y * loop->luma_stride_bytes,
        .block_labels = blocks,
    };
    if (blend_blocks(blocks, refiner->blocks + (size_t)y0 * refiner->n_blocks,
                     refiner->blocks + (size_t)y1 * refiner->n_blocks, refiner->n_blocks)) {
        row.n_classes = list_classes(cells, y0, y1, class_labels);
        blend_lines(loop, slopes, offsets, class_labels, row.n_classes, y0, y1,
                    refiner->row_weight[y]);
        for (unsigned i = 0; i < row.n_classes; i++)
            class_labels[i]++;
    }
    loop->kernels->refine_row(loop->labels + y * loop->stride_bytes, &row, &refiner->columns,
                              refiner->width);
}

static void run_task(void *data, unsigned task, unsigned thread)
{
    const Loop *loop = data;
    const unsigned y0 = task * BAND_ROWS;
    for (unsigned y = y0; y < y0 + BAND_ROWS && y < loop->refiner->height; y++)
        run_row(loop, y, thread);
}

void hrnet_refiner_run(HrnetRefiner *refiner, const HrnetTensor *logits, const HrnetTensor *cells,
                       const uint8_t *luma, size_t luma_stride_bytes, uint8_t *labels,
                       size_t stride_bytes, HrnetWorkers *workers)
{
    Loop loop = {
        .refiner = refiner,
        .kernels = &hrnet_kernels()->resize,
        .luma = luma,
        .luma_stride_bytes = luma_stride_bytes,
        .labels = labels,
        .stride_bytes = stride_bytes,
    };
    hrnet_refine_cells_run(&refiner->cells, logits, cells, workers);
    hrnet_workers_run(workers, refiner->cells.height, see_blocks, &loop);
    hrnet_workers_run(workers, (refiner->height + BAND_ROWS - 1) / BAND_ROWS, run_task, &loop);
}
