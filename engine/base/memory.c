/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

/* A tensor's channels lie a plane apart, so that kernels touch a page for each: with pages of 4 KiB
 * they spend a good part of their time looking up addresses. Blocks of several huge pages ask for
 * them. */
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

void *hrnet_aligned_alloc(size_t n_bytes)
{
    void *memory = NULL;
    if (n_bytes > (size_t)-1 - HUGE_PAGE_BYTES)
        return NULL;
    const size_t alignment = n_bytes < 2 * HUGE_PAGE_BYTES ? HRNET_ALIGNMENT : HUGE_PAGE_BYTES;
    const size_t whole = hrnet_round_up(n_bytes ? n_bytes : 1, HRNET_ALIGNMENT);
    if (posix_memalign(&memory, alignment, whole) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (alignment == HUGE_PAGE_BYTES)
        madvise(memory, whole / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES, MADV_HUGEPAGE);
#endif
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
