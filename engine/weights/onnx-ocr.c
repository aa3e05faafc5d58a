/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-ocr.h"

#include <math.h>
#include <string.h>

#include "weights/onnx-node.h"

#define DISTRI "ocr_distri_head."
#define BLOCK  DISTRI "object_context_block."

static gboolean is_type(const HrnetOnnxOp *op, const gchar *type)
{
    return op && op->kind != HRNET_ONNX_CONV && op->node->op_type &&
           strcmp(op->node->op_type, type) == 0;
}

static guint n_users(const HrnetOnnxMatch *match, guint value)
{
    return hrnet_onnx_value(match->graph, value)->consumers->len;
}

static HrnetOnnxOp *user(const HrnetOnnxMatch *match, guint value, guint index)
{
    GArray *users = hrnet_onnx_value(match->graph, value)->consumers;
    return hrnet_onnx_op(match->graph, g_array_index(users, guint, index));
}

/* Of a value's users the one of that type; NULL where there is none. */
static HrnetOnnxOp *find_user(const HrnetOnnxMatch *match, guint value, const gchar *type)
{
    for (guint i = 0; i < n_users(match, value); i++)
        if (is_type(user(match, value, i), type))
            return user(match, value, i);
    return NULL;
}

/* Claims the user of that type and goes on behind it; FALSE where there is none. */
static gboolean try_pass(const HrnetOnnxMatch *match, guint *value, const gchar *type)
{
    HrnetOnnxOp *op = find_user(match, *value, type);
    if (!op)
        return FALSE;
    op->claimed = TRUE;
    *value = op->output;
    return TRUE;
}

static gboolean pass(const HrnetOnnxMatch *match, guint *value, const gchar *type,
                     const gchar *expected)
{
    return try_pass(match, value, type) || hrnet_onnx_differs(match, *value, expected);
}

/* A picture's rows and columns become one, or one becomes them. */
static gboolean pass_reshape(const HrnetOnnxMatch *match, guint *value)
{
    return pass(match, value, "Reshape", "a Reshape of a plane to a row, or back");
}

/* The last two of three axes change places, or nothing is done. */
static gboolean pass_transpose(const HrnetOnnxMatch *match, guint *value, gboolean *transposed)
{
    const HrnetOnnxOp *op = find_user(match, *value, "Transpose");
    const Onnx__AttributeProto *perm = op ? hrnet_onnx_attribute(op->node, "perm") : NULL;
    *transposed = op != NULL;
    if (op && (!perm || perm->n_ints != 3 || perm->ints[0] != 0 || perm->ints[1] != 2))
        return hrnet_onnx_refuse(match->error, match->graph, op->node,
                                 "expected the permutation 0, 2, 1");
    if (op)
        try_pass(match, value, "Transpose");
    return TRUE;
}

/* Over the last of three axes. */
static gboolean pass_softmax(const HrnetOnnxMatch *match, guint *value, const gchar *expected)
{
    const HrnetOnnxOp *op = find_user(match, *value, "Softmax");
    const Onnx__AttributeProto *axis = op ? hrnet_onnx_attribute(op->node, "axis") : NULL;
    if (op && (!axis || (axis->i != 2 && axis->i != -1)))
        return hrnet_onnx_refuse(match->error, match->graph, op->node,
                                 "expected the last axis, over %s", expected);
    return pass(match, value, "Softmax", "a Softmax of the scores");
}

/* Of both values, in this order. */
static gboolean pass_product(const HrnetOnnxMatch *match, guint first, guint second, guint *out)
{
    HrnetOnnxOp *op = find_user(match, first, "MatMul");
    if (!op || op->n_inputs != 2 || op->inputs[0] != first || op->inputs[1] != second)
        return hrnet_onnx_differs(match, first, "the product of scores and features");
    op->claimed = TRUE;
    *out = op->output;
    return TRUE;
}

/* Times a number, which where nothing is multiplied is 1. */
static gboolean pass_scale(const HrnetOnnxMatch *match, guint *value, gdouble wanted)
{
    HrnetOnnxOp *op = find_user(match, *value, "Mul");
    gdouble scale = 1;
    for (guint i = 0; op && i < 2; i++) {
        const Onnx__TensorProto *constant = hrnet_onnx_constant(match->graph, op->node, i);
        if (constant && hrnet_onnx_numbers(constant, &scale, 1) != 1)
            scale = 0;
    }
    if (op && op->n_inputs != 1)
        scale = 0;
    if (fabs(scale - wanted) > 1e-4 * wanted)
        return hrnet_onnx_refuse(match->error, match->graph,
                                 op ? op->node : hrnet_onnx_producer(match, *value)->node,
                                 "expected scores times %.6g", wanted);
    if (op)
        try_pass(match, value, "Mul");
    return TRUE;
}

/* A 1x1 convolution NAME.INDEX with its ReLU. */
static gboolean pass_projection(HrnetOnnxMatch *match, HrnetOnnxOp *op, const gchar *name,
                                guint index, guint *out)
{
    gchar conv[HRNET_ONNX_NAME_SIZE], norm[HRNET_ONNX_NAME_SIZE];
    g_snprintf(conv, sizeof conv, "%s.%u", name, index);
    g_snprintf(norm, sizeof norm, "%s.%u.0", name, index + 1);
    return hrnet_onnx_claim(match, op, conv, norm) && hrnet_onnx_pass_relu(match, op, out);
}

/* Two of them. */
static gboolean pass_query(HrnetOnnxMatch *match, HrnetOnnxOp *first, const gchar *name, guint *out)
{
    guint middle = 0;
    if (!pass_projection(match, first, name, 0, &middle))
        return FALSE;
    HrnetOnnxOp *second = hrnet_onnx_only(match, middle, HRNET_ONNX_CONV);
    if (!hrnet_onnx_is_conv(second, 1, 1))
        return hrnet_onnx_differs(match, middle, "a second 1x1 convolution");
    return pass_projection(match, second, name, 2, out);
}

/* A user that is a 1x1 convolution, behind whose ReLU comes another convolution, or none. */
static HrnetOnnxOp *find_projection(const HrnetOnnxMatch *match, guint value, gboolean another)
{
    for (guint i = 0; i < n_users(match, value); i++) {
        HrnetOnnxOp *op = user(match, value, i);
        const HrnetOnnxOp *relu = hrnet_onnx_is_conv(op, 1, 1)
                                      ? hrnet_onnx_only(match, op->output, HRNET_ONNX_RELU)
                                      : NULL;
        if (relu && (hrnet_onnx_only(match, relu->output, HRNET_ONNX_CONV) != NULL) == another)
            return op;
    }
    return NULL;
}

/* Of the two convolutions over the branches the one whose result several use (the pixels), or
 * one (the areas). */
static HrnetOnnxOp *find_mix(const HrnetOnnxMatch *match, guint branches, gboolean pixels)
{
    for (guint i = 0; i < n_users(match, branches); i++) {
        HrnetOnnxOp *op = user(match, branches, i);
        const HrnetOnnxOp *relu = op->kind == HRNET_ONNX_CONV && op->conv.stride == 1
                                      ? hrnet_onnx_only(match, op->output, HRNET_ONNX_RELU)
                                      : NULL;
        if (relu && (n_users(match, relu->output) > 1) == pixels)
            return op;
    }
    return NULL;
}

gboolean hrnet_onnx_is_ocr(const HrnetOnnxMatch *match, guint branches)
{
    const HrnetOnnxOp *mix = find_mix(match, branches, TRUE);
    return hrnet_onnx_is_conv(mix, 3, 1) && find_mix(match, branches, FALSE);
}

/* The scores of the areas, and the pixels. */
static gboolean match_mixes(HrnetOnnxMatch *match, guint branches, guint *areas, guint *pixels)
{
    HrnetOnnxOp *aux = find_mix(match, branches, FALSE), *mix = find_mix(match, branches, TRUE);
    guint hidden = 0;
    if (!hrnet_onnx_claim(match, aux, "aux_head.0", "aux_head.1") ||
        !hrnet_onnx_pass_relu(match, aux, &hidden) ||
        !hrnet_onnx_claim(match, mix, "conv3x3_ocr.0", "conv3x3_ocr.1") ||
        !hrnet_onnx_pass_relu(match, mix, pixels))
        return FALSE;
    HrnetOnnxOp *classifier = hrnet_onnx_only(match, hidden, HRNET_ONNX_CONV);
    if (!hrnet_onnx_is_conv(classifier, 1, 1))
        return hrnet_onnx_differs(match, hidden, "the classifier of the areas");
    *areas = classifier->output;
    return hrnet_onnx_claim(match, classifier, "aux_head.3", NULL);
}

/* shares [K, pixels] by features [C, pixels], in either order, gives [C, K]. */
static gboolean match_gather(HrnetOnnxMatch *match, guint areas, guint pixels, guint *regions)
{
    gboolean shares_turned, features_turned, turned;
    guint features = pixels, shares = areas;
    if (!pass_scale(match, &shares, 1) || !pass_reshape(match, &shares) ||
        !pass_scale(match, &shares, 1) || !pass_softmax(match, &shares, "the pixels") ||
        !pass_transpose(match, &shares, &shares_turned) || !pass_reshape(match, &features) ||
        !pass_transpose(match, &features, &features_turned))
        return FALSE;
    if (shares_turned == features_turned)
        return hrnet_onnx_differs(match, shares, "one of the product's two sides transposed");
    if (!(features_turned ? pass_product(match, shares, features, regions)
                          : pass_product(match, features, shares, regions)) ||
        !pass_transpose(match, regions, &turned))
        return FALSE;
    if (turned != features_turned)
        return hrnet_onnx_differs(match, *regions, "the regions' channels first");
    return try_pass(match, regions, "Unsqueeze") || pass_reshape(match, regions);
}

static gdouble n_channels(const HrnetOnnxOp *projection)
{
    const Onnx__TensorProto *weight = projection->conv.weight;
    return weight->n_dims > 0 ? (gdouble)weight->dims[0] : 0;
}

/* What the regions tell the pixels. */
static gboolean match_attention(HrnetOnnxMatch *match, guint regions, guint pixels, guint *told)
{
    HrnetOnnxOp *pixel = find_projection(match, pixels, TRUE);
    HrnetOnnxOp *object = find_projection(match, regions, TRUE);
    HrnetOnnxOp *down = find_projection(match, regions, FALSE);
    gboolean turned[4];
    guint queries = 0, keys = 0, values = 0;
    if (!pixel || !object || !down)
        return hrnet_onnx_differs(match, pixel ? regions : pixels,
                                  "the projections of pixels and regions");
    if (!pass_query(match, object, BLOCK "f_object", &keys) ||
        !pass_projection(match, down, BLOCK "f_down", 0, &values) ||
        !pass_query(match, pixel, BLOCK "f_pixel", &queries) || !pass_reshape(match, &queries) ||
        !pass_transpose(match, &queries, &turned[0]) || !pass_reshape(match, &keys) ||
        !pass_transpose(match, &keys, &turned[1]) || !pass_reshape(match, &values) ||
        !pass_transpose(match, &values, &turned[2]) || !pass_product(match, queries, keys, told) ||
        !pass_scale(match, told, 1 / sqrt(n_channels(pixel))) ||
        !pass_softmax(match, told, "the regions") || !pass_product(match, *told, values, told) ||
        !pass_transpose(match, told, &turned[3]))
        return FALSE;
    if (!turned[0] || turned[1] || !turned[2] || !turned[3])
        return hrnet_onnx_differs(match, *told, "pixels by regions, and channels first behind");
    return pass_reshape(match, told);
}

gboolean hrnet_onnx_match_ocr(HrnetOnnxMatch *match, guint branches, guint *logits)
{
    guint areas = 0, pixels = 0, regions = 0, told = 0, context = 0, mixed = 0;
    if (!match_mixes(match, branches, &areas, &pixels) ||
        !match_gather(match, areas, pixels, &regions) ||
        !match_attention(match, regions, pixels, &told))
        return FALSE;
    HrnetOnnxOp *up = hrnet_onnx_only(match, told, HRNET_ONNX_CONV);
    if (!hrnet_onnx_is_conv(up, 1, 1))
        return hrnet_onnx_differs(match, told, "the 1x1 convolution of what regions tell");
    if (!pass_projection(match, up, BLOCK "f_up", 0, &context))
        return FALSE;
    HrnetOnnxOp *concat = hrnet_onnx_only(match, context, HRNET_ONNX_CONCAT);
    if (!concat || concat->n_inputs != 2 || concat->inputs[0] != context ||
        concat->inputs[1] != pixels)
        return hrnet_onnx_differs(match, context, "the concatenation of context and pixels");
    concat->claimed = TRUE;
    HrnetOnnxOp *bottleneck = hrnet_onnx_only(match, concat->output, HRNET_ONNX_CONV);
    if (!hrnet_onnx_is_conv(bottleneck, 1, 1))
        return hrnet_onnx_differs(match, concat->output, "a 1x1 convolution");
    if (!pass_projection(match, bottleneck, DISTRI "conv_bn_dropout", 0, &mixed))
        return FALSE;
    HrnetOnnxOp *classifier = hrnet_onnx_only(match, mixed, HRNET_ONNX_CONV);
    if (!hrnet_onnx_is_conv(classifier, 1, 1))
        return hrnet_onnx_differs(match, mixed, "the classifier");
    *logits = classifier->output;
    return hrnet_onnx_claim(match, classifier, "cls_head", NULL);
}
