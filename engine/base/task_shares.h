/* Hands the tasks of a loop to threads: each a share of neighbouring ones, and what is left of the
 * others' shares to those that are done first.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loops that walk over the same image one after the other, each with tasks in the image's order,
 * thus give a thread the same part of it every time, which is in that core's own caches. */
#ifndef HRNET_BASE_TASK_SHARES_H
#define HRNET_BASE_TASK_SHARES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HRNET_TASK_SHARES_MAX 64

/* A cache line each: a thread takes from its own without the others noticing. */
typedef struct {
    _Alignas(64) atomic_uint_least64_t range; /* first task, end */
} HrnetTaskShare;

typedef struct {
    unsigned n_shares;
    HrnetTaskShare shares[HRNET_TASK_SHARES_MAX];
} HrnetTaskShares;

/* n_shares: 1..HRNET_TASK_SHARES_MAX. Not while others take. */
void hrnet_task_shares_init(HrnetTaskShares *shares, unsigned n_tasks, unsigned n_shares);

/* The tasks first..end-1 that are a share now; false if there are none. */
bool hrnet_task_shares_range(const HrnetTaskShares *shares, unsigned share, unsigned *first,
                             unsigned *end);

/* The next task for the thread that has this share, in ascending order; when the share is used up
 * it is filled with the second half of what another has most of. Each task is handed out once.
 * false when none is left, but for those that another thread is just about to move to its own. */
bool hrnet_task_shares_take(HrnetTaskShares *shares, unsigned share, unsigned *task);

#endif
