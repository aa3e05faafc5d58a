/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

/* A tensor's channels lie a plane apart, so that kernels touch a page for each: with pages of 4 KiB
 * they spend a good part of their time looking up addresses. Blocks of several huge pages ask for
 * them. */
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

/* From this size on a block is a mapping of its own, which goes back to the system as a whole when
 * it is freed. The C library would keep it for the next one: in a heap for each thread that ever
 * loaded a model, and advice to use huge pages stays with what is put there later. Sanitizers watch
 * over what the C library gives. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAPPED_BYTES ((size_t)-1)
#else
#define MAPPED_BYTES ((size_t)1 << 20)
#endif

/* What lies before a block. */
typedef struct {
    _Alignas(HRNET_ALIGNMENT) void *start; /* of what was allocated */
    size_t mapped_bytes;                   /* from there; 0: by the C library */
} Header;

/* A mapping of which `whole` bytes begin at a multiple of `alignment` behind a header. */
static void *map_block(size_t whole, size_t alignment)
{
    const size_t n_bytes = whole + alignment + sizeof(Header);
    void *start = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    const size_t block = hrnet_round_up((size_t)start + sizeof(Header), alignment);
    ((Header *)block)[-1] = (Header){ start, n_bytes };
#ifdef MADV_HUGEPAGE
    if (alignment == HUGE_PAGE_BYTES)
        madvise((void *)block, whole / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES, MADV_HUGEPAGE);
#endif
    return (void *)block;
}

void *hrnet_aligned_alloc(size_t n_bytes)
{
    void *start = NULL;
    if (n_bytes > (size_t)-1 - 2 * HUGE_PAGE_BYTES)
        return NULL;
    const size_t whole = hrnet_round_up(n_bytes ? n_bytes : 1, HRNET_ALIGNMENT);
    if (whole >= MAPPED_BYTES)
        return map_block(whole, n_bytes < 2 * HUGE_PAGE_BYTES ? HRNET_ALIGNMENT : HUGE_PAGE_BYTES);
    if (posix_memalign(&start, HRNET_ALIGNMENT, sizeof(Header) + whole) != 0)
        return NULL;
    *(Header *)start = (Header){ start, 0 };
    return (Header *)start + 1;
}

void hrnet_aligned_free(void *memory)
{
    if (!memory)
        return;
    const Header header = ((Header *)memory)[-1];
    if (header.mapped_bytes)
        munmap(header.start, header.mapped_bytes);
    else
        free(header.start);
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
