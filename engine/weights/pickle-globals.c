/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/pickle-globals.h"

#include <string.h>

#define INERT(module, name)                                                                        \
    {                                                                                              \
        module, name, HRNET_GLOBAL_INERT, HRNET_DTYPE_OTHER, NULL, 0                               \
    }
#define STORAGE(name, dtype, dtype_name, bytes)                                                    \
    {                                                                                              \
        "torch", name, HRNET_GLOBAL_STORAGE, dtype, dtype_name, bytes                              \
    }

static const HrnetGlobal globals[] = {
    { "collections", "OrderedDict", HRNET_GLOBAL_DICT, HRNET_DTYPE_OTHER, NULL, 0 },
    { "torch._utils", "_rebuild_tensor", HRNET_GLOBAL_TENSOR, HRNET_DTYPE_OTHER, NULL, 0 },
    { "torch._utils", "_rebuild_tensor_v2", HRNET_GLOBAL_TENSOR, HRNET_DTYPE_OTHER, NULL, 0 },
    { "torch._utils", "_rebuild_parameter", HRNET_GLOBAL_PARAMETER, HRNET_DTYPE_OTHER, NULL, 0 },
    STORAGE("FloatStorage", HRNET_DTYPE_F32, "F32", 4),
    STORAGE("HalfStorage", HRNET_DTYPE_F16, "F16", 2),
    STORAGE("BFloat16Storage", HRNET_DTYPE_BF16, "BF16", 2),
    STORAGE("DoubleStorage", HRNET_DTYPE_F64, "F64", 8),
    STORAGE("LongStorage", HRNET_DTYPE_OTHER, "I64", 8),
    STORAGE("IntStorage", HRNET_DTYPE_OTHER, "I32", 4),
    STORAGE("ShortStorage", HRNET_DTYPE_OTHER, "I16", 2),
    STORAGE("CharStorage", HRNET_DTYPE_OTHER, "I8", 1),
    STORAGE("ByteStorage", HRNET_DTYPE_OTHER, "U8", 1),
    STORAGE("BoolStorage", HRNET_DTYPE_OTHER, "BOOL", 1),
    /* What training checkpoints hold beside the weights: scores as NumPy numbers, a scheduler's
       milestones. */
    INERT("collections", "Counter"),
    INERT("numpy", "dtype"),
    INERT("numpy", "ndarray"),
    INERT("numpy.core.multiarray", "scalar"),
    INERT("numpy.core.multiarray", "_reconstruct"),
    INERT("numpy._core.multiarray", "scalar"),
    INERT("numpy._core.multiarray", "_reconstruct"),
    INERT("_codecs", "encode"), /* how protocol 2 writes bytes */
    INERT("torch", "Size"),
    INERT("torch", "device"),
};

gint hrnet_global_find(const gchar *module, const gchar *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(globals); i++)
        if (strcmp(globals[i].module, module) == 0 && strcmp(globals[i].name, name) == 0)
            return (gint)i;
    return -1;
}

const HrnetGlobal *hrnet_global_get(guint index)
{
    return &globals[index];
}
