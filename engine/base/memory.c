/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/memory.h"

#include <stdlib.h>

void *hrnet_aligned_alloc(size_t n_bytes)
{
    void *memory = NULL;
    if (n_bytes > (size_t)-1 - HRNET_ALIGNMENT)
        return NULL;
    if (posix_memalign(&memory, HRNET_ALIGNMENT,
                       hrnet_round_up(n_bytes ? n_bytes : 1, HRNET_ALIGNMENT)) != 0)
        return NULL;
    return memory;
}

void hrnet_aligned_free(void *memory)
{
    free(memory);
}

bool hrnet_checked_mul(size_t a, size_t b, size_t *product)
{
    size_t result;
    if (__builtin_mul_overflow(a, b, &result))
        return false;
    *product = result;
    return true;
}

bool hrnet_checked_add(size_t a, size_t b, size_t *sum)
{
    size_t result;
    if (__builtin_add_overflow(a, b, &result))
        return false;
    *sum = result;
    return true;
}
