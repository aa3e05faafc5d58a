/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/pth.h"

#include "base/memory.h"
#include "weights/pth-state.h"

#define INVALID HRNET_WEIGHTS_ERROR_INVALID

/* Elements that the tensor reaches over in its storage, from its first to its last; FALSE where
 * that overflows. */
static gboolean reach_of(const HrnetPickleTensor *tensor, guint64 *reach)
{
    gsize sum = 1, part;
    for (guint d = 0; d < tensor->n_dims; d++) {
        if (tensor->dims[d] == 0) {
            *reach = 0;
            return TRUE;
        }
        if (!hrnet_checked_mul(tensor->dims[d] - 1, tensor->strides[d], &part) ||
            !hrnet_checked_add(sum, part, &sum))
            return FALSE;
    }
    *reach = sum;
    return TRUE;
}

static gboolean add_tensor(HrnetSource *source, const gchar *name, const HrnetPickleTensor *record,
                           HrnetPthLocate locate, GError **error)
{
    const HrnetPickleStorage *storage = record->storage;
    HrnetStoredTensor *tensor =
        hrnet_source_add(source, name, storage->dtype, record->dims, record->n_dims, error);
    if (!tensor)
        return FALSE;
    g_strlcpy(tensor->dtype_name, storage->dtype_name, sizeof tensor->dtype_name);

    guint blob;
    guint64 start, available, reach;
    gsize needed, offset;
    if (!locate(source, storage, &blob, &start, &available, error))
        return FALSE;
    if (!hrnet_checked_mul(storage->n_elements, storage->element_bytes, &needed) ||
        needed > available)
        return hrnet_weights_fail(error, INVALID, source->path,
                                  "tensor %s: its storage %s of %" G_GUINT64_FORMAT
                                  " %s has only %" G_GUINT64_FORMAT " bytes",
                                  name, storage->key, storage->n_elements, storage->dtype_name,
                                  available);
    /* No more elements than the storage has: one that repeats them by a stride of 0 could claim any
     * size. */
    if (!reach_of(record, &reach) ||
        !hrnet_checked_add(record->offset, storage->view_offset, &offset) ||
        offset > storage->n_elements || reach > storage->n_elements - offset ||
        tensor->n_elements > storage->n_elements)
        return hrnet_weights_fail(error, INVALID, source->path,
                                  "tensor %s reaches beyond its storage %s of %" G_GUINT64_FORMAT
                                  " elements",
                                  name, storage->key, storage->n_elements);
    tensor->blob = blob;
    tensor->offset_bytes = start + offset * storage->element_bytes;
    for (guint d = 0; d < record->n_dims; d++)
        tensor->strides[d] = record->strides[d];
    return TRUE;
}

gboolean hrnet_pth_add_state(HrnetSource *source, const HrnetPickleValue *root,
                             HrnetPthLocate locate, GError **error)
{
    g_autoptr(GArray) tensors = hrnet_pth_find_state(source, root, error);
    if (!tensors)
        return FALSE;
    hrnet_pth_note_classes(source, root);
    for (guint i = 0; i < tensors->len; i++) {
        const HrnetPthTensor *tensor = &g_array_index(tensors, HrnetPthTensor, i);
        if (!add_tensor(source, tensor->name, tensor->tensor, locate, error))
            return FALSE;
    }
    return TRUE;
}
