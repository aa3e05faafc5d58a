/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-model.h"

#include <stdlib.h>

#define LARGEST_FILE_BYTES (G_GUINT64_CONSTANT(2) << 30) /* protobuf's own limit */
#define MOST_STACK_BYTES   (512u << 10)
#define OVERHEAD_BYTES     16 /* of an allocation */

/* What one unpacking may take. protobuf-c makes structures of a hundred bytes and more from
 * messages of two, and calls itself for each level of nesting; so both sums are watched where it
 * allocates, which it does at every level. */
typedef struct {
    HrnetBudget *budget;
    const gchar *stack;
    gboolean too_deep;
} Unpacking;

static void *unpacking_alloc(void *data, size_t n_bytes)
{
    Unpacking *unpacking = data;
    const gchar *stack = unpacking->stack;
    const gchar *here = __builtin_frame_address(0);
    gsize depth = here < stack ? (gsize)(stack - here) : (gsize)(here - stack);
    unpacking->too_deep = unpacking->too_deep || depth > MOST_STACK_BYTES;
    if (unpacking->too_deep || !hrnet_budget_take(unpacking->budget, n_bytes + OVERHEAD_BYTES, 1))
        return NULL;
    void *memory = malloc(n_bytes ? n_bytes : 1);
    if (!memory)
        hrnet_budget_run_out(unpacking->budget);
    return memory;
}

static void unpacking_free(void *data, void *memory)
{
    (void)data;
    free(memory);
}

static void fail_unpacking(const Unpacking *unpacking, const gchar *path, GError **error)
{
    if (unpacking->budget->trouble)
        hrnet_budget_fail(unpacking->budget, path, error);
    else
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, path, "%s",
                           unpacking->too_deep ? "is nested too deeply"
                                               : "no valid ONNX file: corrupt or truncated");
}

Onnx__ModelProto *hrnet_onnx_model_read(HrnetFile *file, HrnetBudget *budget, GError **error)
{
    Unpacking unpacking = { budget, __builtin_frame_address(0), FALSE };
    ProtobufCAllocator allocator = { unpacking_alloc, unpacking_free, &unpacking };
    if (file->size_bytes > LARGEST_FILE_BYTES) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, file->path,
                           "%" G_GUINT64_FORMAT " bytes, an ONNX file has at most 2 GiB",
                           file->size_bytes);
        return NULL;
    }
    if (!hrnet_budget_take(budget, file->size_bytes, 0)) {
        hrnet_budget_fail(budget, file->path, error);
        return NULL;
    }
    guint8 *bytes = g_try_malloc(file->size_bytes + 1);
    if (!bytes) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NO_MEMORY, file->path,
                           "no memory for its %" G_GUINT64_FORMAT " bytes", file->size_bytes);
        return NULL;
    }
    Onnx__ModelProto *model = NULL;
    if (hrnet_file_read(file, 0, bytes, file->size_bytes, error)) {
        model = onnx__model_proto__unpack(&allocator, file->size_bytes, bytes);
        if (!model)
            fail_unpacking(&unpacking, file->path, error);
    }
    g_free(bytes);
    return model;
}
