/* The half of refining that works on the logits' cells: who wins where, and each class's lines over
 * luma.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_REFINE_CELLS_H
#define HRNET_OPS_REFINE_CELLS_H

#include "base/workers.h"
#include "ops/tensor.h"

#include <stdbool.h>
#include <stdint.h>

/* Rows of cells in memory: column 0 stands here, and as much lies behind the last; both zero. */
#define HRNET_CELL_PADDING 16

typedef struct {
    unsigned n_classes, height, width; /* the logits' */
    unsigned n_threads;
    size_t stride_floats; /* of rows of cells, padding included */
    size_t plane_floats;  /* height rows of them */
    float *memory;

    float *scales; /* 1 / the cells of a window, a row for each number of rows that it may have */
    /* Planes. */
    float *luma, *luma_mean, *gain;
    float *winner, *best, *second;
    float *slopes, *offsets; /* of each class that hrnet_refine_plane() numbers */
    float *work;             /* of each thread: two planes and two rows */

    /* Bytes, rows of byte_stride. */
    size_t byte_stride;
    uint8_t *bytes;
    uint8_t *labels;       /* the winner's, column 0 at HRNET_CELL_PADDING, edges repeated */
    uint8_t *level_rows;   /* the label of all cells of a window's row, or 0 */
    uint8_t *level;        /* of all of a window, or 0: an edge is near */
    uint64_t (*in_row)[4]; /* classes that win a cell of each row, a bit each */
} HrnetRefineCells;

bool hrnet_refine_cells_init(HrnetRefineCells *cells, const HrnetTensor *logits,
                             unsigned n_threads);
void hrnet_refine_cells_clear(HrnetRefineCells *cells);

/* Fills everything for a frame. Allocates nothing. */
void hrnet_refine_cells_run(HrnetRefineCells *cells, const HrnetTensor *logits,
                            const HrnetTensor *luma, HrnetWorkers *workers);

/* Which of the planes of slopes and offsets is a class's. Of two classes the second alone has one:
 * the first is ahead by as much as it is behind. */
static inline unsigned hrnet_refine_plane(const HrnetRefineCells *cells, unsigned class_number)
{
    return cells->n_classes == 2 ? 0 : class_number;
}

static inline unsigned hrnet_refine_n_planes(const HrnetRefineCells *cells)
{
    return cells->n_classes == 2 ? 1 : cells->n_classes;
}

#endif
