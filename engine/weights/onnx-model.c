/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-model.h"

#include <stdlib.h>

#define LARGEST_FILE_BYTES (G_GUINT64_CONSTANT(2) << 30) /* protobuf's own limit */
#define MOST_EXTRA_BYTES   (128u << 20)
#define MOST_STACK_BYTES   (512u << 10)

/* What one unpacking may take. protobuf-c makes structures of a hundred bytes and more from
 * messages of two, and calls itself for each level of nesting; so both sums are watched where it
 * allocates, which it does at every level. */
typedef struct {
    gsize left_bytes;
    const gchar *stack;
    const gchar *exceeded; /* static */
} Budget;

static void *budget_alloc(void *data, size_t n_bytes)
{
    Budget *budget = data;
    const gchar *here = __builtin_frame_address(0);
    gsize depth =
        here < budget->stack ? (gsize)(budget->stack - here) : (gsize)(here - budget->stack);
    if (depth > MOST_STACK_BYTES)
        budget->exceeded = "is nested too deeply";
    else if (n_bytes > budget->left_bytes)
        budget->exceeded = "takes too much memory for its size";
    if (budget->exceeded)
        return NULL;
    budget->left_bytes -= n_bytes;
    return malloc(n_bytes ? n_bytes : 1);
}

static void budget_free(void *data, void *memory)
{
    (void)data;
    free(memory);
}

Onnx__ModelProto *hrnet_onnx_model_read(HrnetFile *file, GError **error)
{
    Budget budget = { 0, __builtin_frame_address(0), NULL };
    ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
    if (file->size_bytes > LARGEST_FILE_BYTES) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, file->path,
                           "%" G_GUINT64_FORMAT " bytes, an ONNX file has at most 2 GiB",
                           file->size_bytes);
        return NULL;
    }
    budget.left_bytes = file->size_bytes + MOST_EXTRA_BYTES;
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
            hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, file->path, "%s",
                               budget.exceeded ? budget.exceeded
                                               : "no valid ONNX file: corrupt or truncated");
    }
    g_free(bytes);
    return model;
}
