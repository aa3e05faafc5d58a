/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/memory_plan.h"

#include "base/memory.h"

static gint by_size_descending(gconstpointer a, gconstpointer b)
{
    const HrnetBuffer *x = *(HrnetBuffer *const *)a, *y = *(HrnetBuffer *const *)b;
    if (x->n_bytes != y->n_bytes)
        return x->n_bytes < y->n_bytes ? 1 : -1;
    return x < y ? -1 : x > y; /* the same plan on every run */
}

static gint by_offset(gconstpointer a, gconstpointer b)
{
    const HrnetBuffer *x = *(HrnetBuffer *const *)a, *y = *(HrnetBuffer *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static gboolean live_together(const HrnetBuffer *a, const HrnetBuffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The offset of the smallest gap of at least n_bytes between the placed neighbours, else the end
 * of the last. */
static gsize find_gap(GPtrArray *neighbours, gsize n_bytes)
{
    gsize end = 0, best_offset = 0, best_size = G_MAXSIZE;
    g_ptr_array_sort(neighbours, by_offset);
    for (guint i = 0; i < neighbours->len; i++) {
        const HrnetBuffer *placed = neighbours->pdata[i];
        if (placed->offset > end && placed->offset - end >= n_bytes &&
            placed->offset - end < best_size) {
            best_offset = end;
            best_size = placed->offset - end;
        }
        end = MAX(end, placed->offset + hrnet_round_up(placed->n_bytes, HRNET_ALIGNMENT));
    }
    return best_size == G_MAXSIZE ? end : best_offset;
}

gboolean hrnet_memory_plan(HrnetBuffer *buffers, guint n_buffers, gsize *arena_bytes)
{
    gsize sum = 0;
    for (guint i = 0; i < n_buffers; i++)
        if (!hrnet_checked_add(sum, buffers[i].n_bytes, &sum) ||
            !hrnet_checked_add(sum, HRNET_ALIGNMENT, &sum))
            return FALSE;

    g_autoptr(GPtrArray) order = g_ptr_array_sized_new(n_buffers);
    for (guint i = 0; i < n_buffers; i++)
        g_ptr_array_add(order, &buffers[i]);
    g_ptr_array_sort(order, by_size_descending);

    g_autoptr(GPtrArray) neighbours = g_ptr_array_sized_new(n_buffers);
    *arena_bytes = 0;
    for (guint i = 0; i < n_buffers; i++) {
        HrnetBuffer *buffer = order->pdata[i];
        g_ptr_array_set_size(neighbours, 0);
        for (guint j = 0; j < i; j++)
            if (live_together(buffer, order->pdata[j]))
                g_ptr_array_add(neighbours, order->pdata[j]);
        const gsize n_bytes = hrnet_round_up(buffer->n_bytes, HRNET_ALIGNMENT);
        buffer->offset = find_gap(neighbours, n_bytes);
        *arena_bytes = MAX(*arena_bytes, buffer->offset + n_bytes);
    }
    return TRUE;
}
