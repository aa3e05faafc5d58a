/* Sums of tensors of bytes, some of them of lower resolution.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arithmetic is ops/int8.md's, section 5. */
#ifndef HRNET_OPS_INT8_SUM_H
#define HRNET_OPS_INT8_SUM_H

#include "base/workers.h"
#include "ops/quads.h"
#include "ops/resize.h"

typedef struct {
    bool has_base;
    HrnetQuads base;                            /* of out's shape; may be out itself */
    HrnetQuads sources[HRNET_INT8_SOURCES_MAX]; /* out's channels, any size */
    unsigned n_sources;                         /* 1..HRNET_INT8_SOURCES_MAX */
    HrnetQuads out;
    HrnetResizeMode mode;
} HrnetInt8SumArgs;

/* Tables for one set of sizes and ranges. */
typedef struct HrnetInt8SumPlan HrnetInt8SumPlan;

/* Whether the ranges are near enough for the sum to stay within what HrnetInt8Sum promises. */
bool hrnet_int8_sum_supports(const HrnetInt8SumArgs *args);

/* Of args, all but the tensors' data counts. n_threads: the most that a run may use. NULL when
 * there is no memory. */
HrnetInt8SumPlan *hrnet_int8_sum_plan_new(const HrnetInt8SumArgs *args, unsigned n_threads);
void hrnet_int8_sum_plan_free(HrnetInt8SumPlan *plan);

/* Bytes of scratch for a run. */
size_t hrnet_int8_sum_scratch_bytes(const HrnetInt8SumPlan *plan);

/* Within the caller's turn with the workers. scratch: aligned to HRNET_ALIGNMENT. Allocates
 * nothing. */
void hrnet_int8_sum_run(const HrnetInt8SumArgs *args, const HrnetInt8SumPlan *plan, void *scratch,
                        HrnetWorkers *workers);
/* Rows first_row..end_row-1 of quad k, for a caller with a loop of its own; thread: whose scratch.
 * Of base's and out's memory no other rows are touched, but for the padding that hrnet_quads_pad()
 * writes, so that data may point to where the picture would begin. */
void hrnet_int8_sum_run_rows(const HrnetInt8SumArgs *args, const HrnetInt8SumPlan *plan,
                             void *scratch, unsigned thread, unsigned k, unsigned first_row,
                             unsigned end_row);

#endif
