/* The convolutional part of an ONNX graph, rid of what has no meaning to a network in evaluation.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Identities, casts and constants are resolved; a BatchNormalization, a padding before and a
 * constant addition behind belong to their convolution; arithmetic on shapes is dropped. Operators:
 * https://onnx.ai/onnx/operators/. */
#ifndef HRNET_WEIGHTS_ONNX_GRAPH_H
#define HRNET_WEIGHTS_ONNX_GRAPH_H

#include "weights/onnx.pb-c.h"
#include "weights/onnx-array.h"

#define HRNET_ONNX_MAX_INPUTS  8
#define HRNET_ONNX_MOST_PLANES 4

typedef enum {
    HRNET_ONNX_CONV,
    HRNET_ONNX_RELU,
    HRNET_ONNX_ADD,
    HRNET_ONNX_RESIZE,
    HRNET_ONNX_CONCAT,
    HRNET_ONNX_OTHER,
} HrnetOnnxKind;

typedef enum {
    HRNET_ONNX_NO_PADDING,
    HRNET_ONNX_SYMMETRIC,
    HRNET_ONNX_SAME,
    HRNET_ONNX_ODD_PADDING
} HrnetOnnxPadding;

typedef struct {
    const Onnx__TensorProto *weight, *bias;
    const Onnx__TensorProto *norm[4]; /* gamma, beta, mean, variance; all or none */
    guint kernel, stride;
    HrnetOnnxPadding padding;
    gboolean automatic; /* padding that goes by the size */
} HrnetOnnxConv;

typedef struct {
    HrnetOnnxKind kind;
    const Onnx__NodeProto *node;
    guint inputs[HRNET_ONNX_MAX_INPUTS]; /* values */
    guint n_inputs;
    guint output; /* value */
    HrnetOnnxConv conv;
    gboolean claimed; /* by a part of the network */
} HrnetOnnxOp;

typedef struct {
    gint producer;                 /* op, or -1: the graph's input */
    GArray *consumers;             /* guint: ops */
    guint channels, height, width; /* 0 where they are not known: onnx-extent.h */
} HrnetOnnxValue;

/* scale * input[from] + shift */
typedef struct {
    guint from;
    gdouble scale, shift;
} HrnetOnnxPlane;

/* The input, as far as it has been prepared for the network: onnx-preparation.h. */
typedef struct {
    gchar axes[6];  /* "NCHW" */
    guint n_planes; /* 0: it is no picture */
    HrnetOnnxPlane planes[HRNET_ONNX_MOST_PLANES];
    gboolean whole, calculated; /* the input has whole numbers; something has been done to them */
} HrnetOnnxPicture;

typedef struct {
    const gchar *path;
    GHashTable *constants; /* name -> const Onnx__TensorProto * */
    GHashTable *values;    /* name -> value + 1 */
    GHashTable *spent;     /* names of values that a normalisation or bias behind took up */
    GPtrArray *ops;        /* HrnetOnnxOp *, in the graph's order */
    GPtrArray *all_values; /* HrnetOnnxValue * */
    const Onnx__ValueInfoProto *input;
    guint input_height, input_width; /* 0 where they may be any */
    HrnetOnnxPicture picture;        /* as the first convolution gets it */
    gint64 opset;
    gfloat eps; /* of all normalisations; below 0: there is none */
} HrnetOnnxGraph;

/* NULL with an error that names the node, or of the maker's budget, which pays for what is built.
 * The graph, what the maker made, and path have to outlive the result. */
HrnetOnnxGraph *hrnet_onnx_graph_new(const Onnx__GraphProto *graph, gint64 opset,
                                     HrnetOnnxMaker *maker, const gchar *path, GError **error);
void hrnet_onnx_graph_free(HrnetOnnxGraph *graph);

HrnetOnnxOp *hrnet_onnx_op(const HrnetOnnxGraph *graph, guint index);
const HrnetOnnxValue *hrnet_onnx_value(const HrnetOnnxGraph *graph, guint index);

/* The tensor that a node's input is, where that is a constant; else NULL. */
const Onnx__TensorProto *hrnet_onnx_constant(const HrnetOnnxGraph *graph,
                                             const Onnx__NodeProto *node, guint input);

/* Sets an error that names the node; FALSE. */
gboolean hrnet_onnx_refuse(GError **error, const HrnetOnnxGraph *graph, const Onnx__NodeProto *node,
                           const gchar *format, ...) G_GNUC_PRINTF(4, 5);

#endif
