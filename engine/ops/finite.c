/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/finite.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/* All ones in an infinity's or a NaN's. */
#define EXPONENT 0x7f800000u

/* Elements looked at side by side, which a compiler makes vectors of. */
#define LANES 16

typedef struct {
    const HrnetTensor *tensor;
    atomic_bool found;
} Search;

static bool row_has_none(const float *values, size_t n)
{
    uint32_t bad[LANES] = { 0 }, all = 0;
    for (size_t i = 0; i + LANES <= n; i += LANES) {
        uint32_t bits[LANES];
        memcpy(bits, values + i, sizeof bits);
        for (unsigned k = 0; k < LANES; k++)
            bad[k] |= (bits[k] & EXPONENT) == EXPONENT ? 1u : 0u;
    }
    for (size_t i = n / LANES * LANES; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        all |= (bits & EXPONENT) == EXPONENT ? 1u : 0u;
    }
    for (unsigned k = 0; k < LANES; k++)
        all |= bad[k];
    return all == 0;
}

static void search_plane(void *data, unsigned channel, unsigned thread)
{
    Search *search = data;
    const HrnetTensor *tensor = search->tensor;
    (void)thread;
    if (!row_has_none(tensor->data + channel * tensor->plane_floats,
                      (size_t)tensor->height * tensor->width))
        atomic_store_explicit(&search->found, true, memory_order_relaxed);
}

bool hrnet_tensor_is_finite(const HrnetTensor *tensor, HrnetWorkers *workers)
{
    Search search = { .tensor = tensor, .found = false };
    hrnet_workers_run(workers, tensor->channels, search_plane, &search);
    return !atomic_load(&search.found);
}
