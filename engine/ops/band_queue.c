/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/band_queue.h"

#define SHARE_MAKE(first, end) ((uint64_t)(first) << 32 | (end))
#define SHARE_FIRST(share)     ((unsigned)((share) >> 32))
#define SHARE_END(share)       ((unsigned)((share)&0xffffffffu))

void hrnet_band_queue_init(HrnetBandQueue *queue, unsigned n_bands, unsigned n_shares)
{
    queue->n_shares = n_shares;
    for (unsigned i = 0; i < n_shares; i++) {
        const unsigned first = (unsigned)((uint64_t)n_bands * i / n_shares);
        const unsigned end = (unsigned)((uint64_t)n_bands * (i + 1) / n_shares);
        atomic_init(&queue->shares[i], SHARE_MAKE(first, end));
    }
}

static unsigned share_left(uint64_t share)
{
    return SHARE_END(share) - SHARE_FIRST(share);
}

bool hrnet_band_queue_share(const HrnetBandQueue *queue, unsigned share, unsigned *first,
                            unsigned *end)
{
    const uint64_t now = atomic_load(&queue->shares[share]);
    *first = SHARE_FIRST(now);
    *end = SHARE_END(now);
    return share_left(now) > 0;
}

static bool take_first(HrnetBandQueue *queue, unsigned share, unsigned *band)
{
    uint64_t now = atomic_load(&queue->shares[share]);
    while (share_left(now) > 0) {
        if (atomic_compare_exchange_weak(&queue->shares[share], &now,
                                         SHARE_MAKE(SHARE_FIRST(now) + 1, SHARE_END(now)))) {
            *band = SHARE_FIRST(now);
            return true;
        }
    }
    return false;
}

/* Moves the lower half of the fullest share to this one, which is empty. Finds nothing where
 * another thread is about to do the same. */
static void refill(HrnetBandQueue *queue, unsigned share)
{
    unsigned fullest = share;
    uint64_t most = 0;
    for (unsigned i = 0; i < queue->n_shares; i++) {
        const uint64_t now = atomic_load(&queue->shares[i]);
        if (share_left(now) > share_left(most)) {
            most = now;
            fullest = i;
        }
    }
    if (share_left(most) == 0)
        return;
    const unsigned middle = SHARE_FIRST(most) + share_left(most) / 2;
    if (atomic_compare_exchange_strong(&queue->shares[fullest], &most,
                                       SHARE_MAKE(SHARE_FIRST(most), middle)))
        atomic_store(&queue->shares[share], SHARE_MAKE(middle, SHARE_END(most)));
}

unsigned hrnet_band_queue_take(HrnetBandQueue *queue, unsigned thread)
{
    unsigned band;
    while (!take_first(queue, thread, &band))
        refill(queue, thread); /* as long as there are calls to come there are bands */
    return band;
}
