/* Threads on their way down a group's bands, whatever its tensors are of: see ops/band.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_BAND_WALK_H
#define HRNET_OPS_BAND_WALK_H

#include "ops/band_rows.h"

/* What is done on the way, by `thread`, whose rows are these. */
typedef struct {
    /* Of inner tensor t rows[t].base to rows[t].done - 1 become the first in its memory, where rows
     * from `before` on were. */
    void (*move)(void *data, unsigned thread, const HrnetBandRows *rows, unsigned t,
                 unsigned before);
    /* Makes rows of step's result; or, where second is not NULL, of second's, to which step's is
     * the residual and in whose place it is made (hrnet_band_is_pair()). */
    void (*run)(void *data, unsigned thread, const HrnetBandRows *rows, const HrnetBandStep *step,
                const HrnetBandStep *second, unsigned first_row, unsigned end_row);
} HrnetBandWalker;

/* paired: by step, whether it runs with the one behind it. */
void hrnet_band_walk(const HrnetBandArgs *args, const HrnetBandWalker *walker, void *data,
                     const bool *paired, unsigned band_rows, HrnetWorkers *workers);

#endif
