/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/task_shares.h"

#include <stddef.h>

#define RANGE_MAKE(first, end) ((uint64_t)(first) << 32 | (end))
#define RANGE_FIRST(range)     ((unsigned)((range) >> 32))
#define RANGE_END(range)       ((unsigned)((range)&0xffffffffu))

void hrnet_task_shares_init(HrnetTaskShares *shares, unsigned n_tasks, unsigned n_shares)
{
    shares->n_shares = n_shares;
    for (unsigned i = 0; i < n_shares; i++) {
        const unsigned first = (unsigned)((uint64_t)n_tasks * i / n_shares);
        const unsigned end = (unsigned)((uint64_t)n_tasks * (i + 1) / n_shares);
        atomic_store_explicit(&shares->shares[i].range, RANGE_MAKE(first, end),
                              memory_order_relaxed);
    }
}

static unsigned range_length(uint64_t range)
{
    return RANGE_END(range) - RANGE_FIRST(range);
}

bool hrnet_task_shares_range(const HrnetTaskShares *shares, unsigned share, unsigned *first,
                             unsigned *end)
{
    const uint64_t now = atomic_load(&shares->shares[share].range);
    *first = RANGE_FIRST(now);
    *end = RANGE_END(now);
    return range_length(now) > 0;
}

static bool take_first(HrnetTaskShare *share, unsigned *task)
{
    uint64_t now = atomic_load(&share->range);
    while (range_length(now) > 0) {
        if (atomic_compare_exchange_weak(&share->range, &now,
                                         RANGE_MAKE(RANGE_FIRST(now) + 1, RANGE_END(now)))) {
            *task = RANGE_FIRST(now);
            return true;
        }
    }
    return false;
}

/* Moves the second half of the fullest share to this one, which is empty; nothing where another
 * thread was faster. false if all are empty. */
static bool refill(HrnetTaskShares *shares, unsigned share)
{
    HrnetTaskShare *fullest = NULL;
    uint64_t most = 0;
    for (unsigned i = 0; i < shares->n_shares; i++) {
        const uint64_t now = atomic_load(&shares->shares[i].range);
        if (range_length(now) > range_length(most)) {
            most = now;
            fullest = &shares->shares[i];
        }
    }
    if (!fullest)
        return false;
    const unsigned middle = RANGE_FIRST(most) + range_length(most) / 2;
    if (atomic_compare_exchange_strong(&fullest->range, &most,
                                       RANGE_MAKE(RANGE_FIRST(most), middle)))
        atomic_store(&shares->shares[share].range, RANGE_MAKE(middle, RANGE_END(most)));
    return true;
}

bool hrnet_task_shares_take(HrnetTaskShares *shares, unsigned share, unsigned *task)
{
    while (!take_first(&shares->shares[share], task))
        if (!refill(shares, share))
            return false;
    return true;
}
