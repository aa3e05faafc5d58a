/* A pool of equal blocks that are handed out, counted and taken back without a malloc.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A block is acquired with one reference; the last unref returns it to its pool's free list. The
 * pool grows by one block when all are out, so acquiring never waits. Closing the pool frees the
 * free blocks at once and those still out when their last reference goes: blocks may outlive the
 * pool's owner. All functions may be called from any thread. */
#ifndef HRNET_BASE_POOL_H
#define HRNET_BASE_POOL_H

#include <stddef.h>

typedef struct HrnetPool HrnetPool;

/* n_bytes: size of every block. NULL when there is no memory. */
HrnetPool *hrnet_pool_open(size_t n_bytes);

/* Gives up the owner's hold; NULL is fine. */
void hrnet_pool_close(HrnetPool *pool);

/* A block of the pool's size, aligned to HRNET_ALIGNMENT, contents undefined; NULL when there is no
 * memory. */
void *hrnet_pool_acquire(HrnetPool *pool);

/* Blocks made so far, in use or free. */
unsigned hrnet_pool_n_blocks(HrnetPool *pool);

void hrnet_block_ref(void *block);
void hrnet_block_unref(void *block);

#endif
