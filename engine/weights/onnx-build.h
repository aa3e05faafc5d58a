/* A graph while its nodes are read: what the parts that read them share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_BUILD_H
#define HRNET_WEIGHTS_ONNX_BUILD_H

#include "weights/onnx-array.h"
#include "weights/onnx-graph.h"

typedef struct {
    HrnetOnnxGraph *graph;
    HrnetOnnxMaker *maker;
    GHashTable *pads;     /* of onnx-conv.c: output name -> a padding, freed with g_free() */
    GHashTable *pictures; /* name -> HrnetOnnxPicture, freed with g_free() */
    GHashTable *known;    /* names of initializers, inputs, and outputs of the nodes so far */
    GError **error;
} HrnetOnnxBuild;

/* The value of a name, or -1: no feature map. */
gint hrnet_onnx_find_value(const HrnetOnnxGraph *graph, const gchar *name);
void hrnet_onnx_name_value(HrnetOnnxGraph *graph, const gchar *name, guint value);

/* An op that makes a value of its own, named as the node's first output. */
HrnetOnnxOp *hrnet_onnx_add_op(HrnetOnnxGraph *graph, HrnetOnnxKind kind,
                               const Onnx__NodeProto *node);
/* At most HRNET_ONNX_MAX_INPUTS of them. */
void hrnet_onnx_add_input(HrnetOnnxGraph *graph, HrnetOnnxOp *op, guint value);

#endif
