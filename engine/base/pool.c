/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pool.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Stands right before each block's bytes. */
typedef struct BlockHeader {
    HrnetPool *pool;
    struct BlockHeader *next_free;
    atomic_uint n_refs;
} BlockHeader;

struct HrnetPool {
    pthread_mutex_t lock;
    size_t n_bytes;
    BlockHeader *free_list;
    unsigned n_blocks;
    unsigned n_holders; /* the owner, and every block that is out */
};

#define HEADER_BYTES HRNET_ALIGNMENT
_Static_assert(sizeof(BlockHeader) <= HEADER_BYTES, "the header fits before an aligned block");

static BlockHeader *header_of(void *block)
{
    return (BlockHeader *)((char *)block - HEADER_BYTES);
}

HrnetPool *hrnet_pool_open(size_t n_bytes)
{
    size_t with_header;
    if (!hrnet_checked_add(n_bytes, HEADER_BYTES, &with_header))
        return NULL;
    HrnetPool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool);
        return NULL;
    }
    pool->n_bytes = n_bytes;
    pool->n_holders = 1;
    return pool;
}

static void free_list_clear(HrnetPool *pool)
{
    while (pool->free_list) {
        BlockHeader *header = pool->free_list;
        pool->free_list = header->next_free;
        pool->n_blocks--;
        hrnet_aligned_free(header);
    }
}

/* Drops one holder; called with the lock held, which it releases. */
static void release_holder_and_unlock(HrnetPool *pool)
{
    const unsigned n_left = --pool->n_holders;
    pthread_mutex_unlock(&pool->lock);
    if (n_left > 0)
        return;
    free_list_clear(pool);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void hrnet_pool_close(HrnetPool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    free_list_clear(pool);
    release_holder_and_unlock(pool);
}

void *hrnet_pool_acquire(HrnetPool *pool)
{
    pthread_mutex_lock(&pool->lock);
    BlockHeader *header = pool->free_list;
    if (header)
        pool->free_list = header->next_free;
    else if ((header = hrnet_aligned_alloc(HEADER_BYTES + pool->n_bytes)))
        pool->n_blocks++;
    if (header)
        pool->n_holders++;
    pthread_mutex_unlock(&pool->lock);
    if (!header)
        return NULL;
    header->pool = pool;
    header->next_free = NULL;
    atomic_init(&header->n_refs, 1);
    return (char *)header + HEADER_BYTES;
}

unsigned hrnet_pool_n_blocks(HrnetPool *pool)
{
    pthread_mutex_lock(&pool->lock);
    const unsigned n = pool->n_blocks;
    pthread_mutex_unlock(&pool->lock);
    return n;
}

void hrnet_block_ref(void *block)
{
    atomic_fetch_add_explicit(&header_of(block)->n_refs, 1, memory_order_relaxed);
}

void hrnet_block_unref(void *block)
{
    BlockHeader *header = header_of(block);
    if (atomic_fetch_sub_explicit(&header->n_refs, 1, memory_order_acq_rel) != 1)
        return;
    HrnetPool *pool = header->pool;
    pthread_mutex_lock(&pool->lock);
    header->next_free = pool->free_list;
    pool->free_list = header;
    release_holder_and_unlock(pool);
}
