/* The regions of a picture, as object-contextual representations have them (arXiv 1909.11065).
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   share[k][p] = exp(areas[k][p]) / sum over all pixels q of exp(areas[k][q])
 *   regions[c][k] = sum over all pixels p of share[k][p] * pixels[c][p]
 */
#ifndef HRNET_OPS_GATHER_H
#define HRNET_OPS_GATHER_H

#include "base/workers.h"
#include "ops/tensor.h"

typedef struct {
    HrnetTensor pixels;
    HrnetTensor areas;   /* of pixels' size: a channel a region */
    HrnetTensor regions; /* pixels' channels, 1 x areas' channels */
    float *scratch;      /* hrnet_gather_scratch_floats(), aligned to HRNET_ALIGNMENT */
} HrnetGatherArgs;

size_t hrnet_gather_scratch_floats(const HrnetGatherArgs *args, unsigned n_threads);

/* Allocates nothing. The result is the same for any number of threads; where an area holds what is
 * no number, so does its region. */
void hrnet_gather_run(const HrnetGatherArgs *args, HrnetWorkers *workers);

#endif
