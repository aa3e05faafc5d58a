/* The head in bytes in one pass over the highest resolution.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   hidden = projection(in) + resize(sources[0]) + ...,  scores = classifier(hidden)
 *
 * As ops/head.h of floats: hidden, by far the largest tensor of the network, is made and used up
 * some rows at a time. The bytes and scores are those of the three parts one by one. */
#ifndef HRNET_OPS_INT8_HEAD_H
#define HRNET_OPS_INT8_HEAD_H

#include "ops/int8_conv.h"
#include "ops/int8_sum.h"

typedef struct {
    /* Of hidden, which is both the first one's output and the other's input, the shapes alone
     * count, and the ranges. */
    HrnetInt8ConvArgs projection, classifier;
    HrnetInt8SumArgs sum; /* its base and out: likewise */
} HrnetInt8HeadArgs;

typedef struct {
    HrnetInt8ConvPlan projection, classifier;
    HrnetInt8SumPlan *sum;
    unsigned rows;                  /* of a block */
    size_t quad_bytes;              /* of a block of hidden */
    size_t sum_bytes, thread_bytes; /* of scratch: for all threads' sums, then for each thread */
} HrnetInt8HeadPlan;

/* Whether both are 1x1 convolutions of stride 1. */
bool hrnet_int8_head_supports(const HrnetInt8ConvLayer *projection,
                              const HrnetInt8ConvLayer *classifier);

/* By shapes and ranges alone, for runs by up to n_threads threads. False when there is no memory.
 * A plan that is all 0 may be cleared, too. */
bool hrnet_int8_head_plan_init(HrnetInt8HeadPlan *plan, const HrnetInt8HeadArgs *args,
                               unsigned n_threads);
void hrnet_int8_head_plan_clear(HrnetInt8HeadPlan *plan);

size_t hrnet_int8_head_scratch_bytes(const HrnetInt8HeadPlan *plan, unsigned n_threads);

/* scratch: aligned to HRNET_ALIGNMENT. Allocates nothing. */
void hrnet_int8_head_run(const HrnetInt8HeadArgs *args, const HrnetInt8HeadPlan *plan,
                         uint8_t *scratch, HrnetWorkers *workers);

#endif
