/* What a picture's regions tell each of its pixels, as object-contextual representations have it
 * (arXiv 1909.11065).
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   score[k][p] = sum over c of keys[c][k] * queries[c][p] / sqrt(number of channels)
 *   share[k][p] = exp(score[k][p]) / sum over all regions j of exp(score[j][p])
 *   out[c][p] = sum over k of values[c][k] * share[k][p]
 */
#ifndef HRNET_OPS_ATTEND_H
#define HRNET_OPS_ATTEND_H

#include "base/workers.h"
#include "ops/tensor.h"

typedef struct {
    HrnetTensor queries, out;
    HrnetTensor keys, values; /* the same channels, 1 x regions */
    float *scratch;           /* hrnet_attend_scratch_floats(), aligned to HRNET_ALIGNMENT */
} HrnetAttendArgs;

size_t hrnet_attend_scratch_floats(const HrnetAttendArgs *args, unsigned n_threads);

/* Allocates nothing. */
void hrnet_attend_run(const HrnetAttendArgs *args, HrnetWorkers *workers);

/* The same in pieces, for a caller with a loop of its own: hrnet_attend_prepare() once, then any
 * thread does any pixels. */

/* Floats of scratch that prepare() fills. */
size_t hrnet_attend_prepared_floats(const HrnetAttendArgs *args);
void hrnet_attend_prepare(const HrnetAttendArgs *args);

/* n_pixels of all channels from queries on to out on, which may not overlap. Of args' queries and
 * out only the channels count. scores: room for the regions and two more, a multiple of 16 apart.
 * Everything is at least n_pixels rounded up to 16 long. */
typedef struct {
    const float *queries;
    size_t queries_plane_floats;
    float *scores;
    size_t scores_plane_floats;
    float *out;
    size_t out_plane_floats;
    size_t n_pixels;
} HrnetAttendPixels;

void hrnet_attend_run_pixels(const HrnetAttendArgs *args, const HrnetAttendPixels *pixels);

#endif
