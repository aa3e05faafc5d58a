/* The parts that an HRNetV2 is made of, found in an ONNX graph: residual blocks and exchange units.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_ONNX_PARTS_H
#define HRNET_WEIGHTS_ONNX_PARTS_H

#include "weights/onnx-match.h"

#define HRNET_ONNX_MOST_REPEATS 100
#define HRNET_ONNX_NAME_SIZE    96

/* One walk over a graph. */
typedef struct {
    HrnetOnnxGraph *graph;
    HrnetOnnxName name;
    gpointer data;
    HrnetOnnxTraits *traits;
    gboolean seen_padding;
    GError **error;
} HrnetOnnxMatch;

/* A residual block. */
typedef struct {
    HrnetOnnxOp *convs[3], *downsample, *add, *relu;
    guint n_convs; /* 2: basic, 3: bottleneck; 0: no block */
} HrnetOnnxBlock;

/* The op that makes a value, or NULL. */
HrnetOnnxOp *hrnet_onnx_producer(const HrnetOnnxMatch *match, guint value);
/* A value's only consumer, if it is of that kind; else NULL. */
HrnetOnnxOp *hrnet_onnx_only(const HrnetOnnxMatch *match, guint value, HrnetOnnxKind kind);
/* FALSE for NULL. */
gboolean hrnet_onnx_is_conv(const HrnetOnnxOp *op, guint kernel, guint stride);
/* A consumer that is such a convolution with a ReLU behind; NULL where there is none. */
HrnetOnnxOp *hrnet_onnx_find_conv(const HrnetOnnxMatch *match, guint value, guint kernel,
                                  guint stride);
/* Sets an error that names a node behind the value, or the one that makes it; FALSE. */
gboolean hrnet_onnx_differs(const HrnetOnnxMatch *match, guint value, const gchar *expected);

/* Name a convolution: as given, PREFIX.0 and PREFIX.1, PREFIXconvN and PREFIXbnN. */
gboolean hrnet_onnx_claim(HrnetOnnxMatch *match, HrnetOnnxOp *op, const gchar *conv,
                          const gchar *norm);
gboolean hrnet_onnx_claim_pair(HrnetOnnxMatch *match, HrnetOnnxOp *op, const gchar *prefix);
gboolean hrnet_onnx_claim_numbered(HrnetOnnxMatch *match, HrnetOnnxOp *op, const gchar *prefix,
                                   guint number);
/* Claims the ReLU that alone uses a convolution's output. *out: its value. Where there is none, or
 * something else beside, an error that names the convolution. */
gboolean hrnet_onnx_pass_relu(HrnetOnnxMatch *match, const HrnetOnnxOp *op, guint *out);

/* The residual block that begins at a value. */
gboolean hrnet_onnx_find_block(const HrnetOnnxMatch *match, guint value, HrnetOnnxBlock *block);
/* Names the blocks of a branch, or of layer1, which ends where a branch of half the size begins. */
gboolean hrnet_onnx_match_blocks(HrnetOnnxMatch *match, const gchar *prefix, gboolean layer1,
                                 guint *value);

/* The topmost addition of the sum that a branch is a plain summand of; NULL where there is none. */
HrnetOnnxOp *hrnet_onnx_find_sum(const HrnetOnnxMatch *match, guint branch);
/* Names one output of an exchange unit of n branches. *out: its value. */
gboolean hrnet_onnx_match_sum(HrnetOnnxMatch *match, const gchar *module, const guint *branches,
                              guint n, guint i, HrnetOnnxOp *sum, guint *out);

#endif
