/* Hands the bands of an image to threads: each a share of neighbouring ones from above, and what is
 * left of the others' shares to those that are done first.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_BAND_QUEUE_H
#define HRNET_OPS_BAND_QUEUE_H

#include "base/workers.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    unsigned n_shares;
    atomic_uint_least64_t shares[HRNET_WORKERS_MAX]; /* first band, end band */
} HrnetBandQueue;

/* n_shares: 1..HRNET_WORKERS_MAX. */
void hrnet_band_queue_init(HrnetBandQueue *queue, unsigned n_bands, unsigned n_shares);

/* The bands first..end-1 that are a share now; false if there are none. */
bool hrnet_band_queue_share(const HrnetBandQueue *queue, unsigned share, unsigned *first,
                            unsigned *end);

/* A band for a thread, whose share is the one of its number; when that is used up it is filled with
 * the lower half of what another has most of. To be called once for each band: each is handed out
 * once. */
unsigned hrnet_band_queue_take(HrnetBandQueue *queue, unsigned thread);

#endif
