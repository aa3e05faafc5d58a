/* The functions that an ONNX model brings along, put into the graph where it calls them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_INLINE_H
#define HRNET_WEIGHTS_ONNX_INLINE_H

#include "weights/onnx.pb-c.h"
#include "weights/budget.h"

typedef struct {
    Onnx__GraphProto graph; /* the model's, with other nodes where it has functions */
    GPtrArray *nodes;       /* or NULL: the graph is the model's as it is */
    GPtrArray *made; /* what the nodes that were put in consist of, each freed with g_free() */
} HrnetOnnxInlined;

/* FALSE with an error where functions call each other without end, or too much; in either case to
 * be cleared afterwards. The model has to outlive it. */
gboolean hrnet_onnx_inline(HrnetOnnxInlined *inlined, const Onnx__ModelProto *model,
                           HrnetBudget *budget, const gchar *path, GError **error);
void hrnet_onnx_inlined_clear(HrnetOnnxInlined *inlined);

#endif
