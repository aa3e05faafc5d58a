/* Aligned memory and checked size arithmetic.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_BASE_MEMORY_H
#define HRNET_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* One cache line, one AVX-512 vector: what every buffer of the engine is aligned to. */
#define HRNET_ALIGNMENT 64

/* Allocates n_bytes (0 counts as 1) aligned to HRNET_ALIGNMENT; NULL when there is no memory.
 * Contents are undefined. */
void *hrnet_aligned_alloc(size_t n_bytes);

/* Frees what hrnet_aligned_alloc() returned; NULL is fine. */
void hrnet_aligned_free(void *memory);

/* *product = a * b (a + b), or false and *product untouched where that does not fit a size_t. */
bool hrnet_checked_mul(size_t a, size_t b, size_t *product);
bool hrnet_checked_add(size_t a, size_t b, size_t *sum);

/* n rounded up to a multiple of a power of two. */
static inline size_t hrnet_round_up(size_t n, size_t power_of_two)
{
    return (n + power_of_two - 1) & ~(power_of_two - 1);
}

#endif
