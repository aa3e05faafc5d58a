/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-match.h"

#include "weights/onnx-node.h"
#include "weights/onnx-ocr.h"
#include "weights/onnx-parts.h"
#include "weights/onnx-resize.h"
#include "weights/onnx-tail.h"

#include <string.h>

/* xs: the branches' values, before and after. *single: only the first came out. */
static gboolean match_module(HrnetOnnxMatch *match, guint stage, guint m, guint *xs,
                             gboolean *single)
{
    gchar module[HRNET_ONNX_NAME_SIZE], prefix[HRNET_ONNX_NAME_SIZE];
    guint outputs[HRNET_MAX_BRANCHES] = { 0 };
    g_snprintf(module, sizeof module, "stage%u.%u", stage, m);
    for (guint i = 0; i < stage; i++) {
        g_snprintf(prefix, sizeof prefix, "%s.branches.%u", module, i);
        if (!hrnet_onnx_match_blocks(match, prefix, FALSE, &xs[i]))
            return FALSE;
    }
    *single = stage == 4 && hrnet_onnx_find_sum(match, xs[0]) &&
              !hrnet_onnx_find_sum(match, xs[1]) && !hrnet_onnx_find_sum(match, xs[2]);
    for (guint i = 0; i < (*single ? 1 : stage); i++) {
        HrnetOnnxOp *sum = hrnet_onnx_find_sum(match, xs[i]);
        if (!sum)
            return hrnet_onnx_differs(match, xs[i], "an exchange unit");
        if (!hrnet_onnx_match_sum(match, module, xs, stage, i, sum, &outputs[i]))
            return FALSE;
    }
    memcpy(xs, outputs, (*single ? 1 : stage) * sizeof *xs);
    return TRUE;
}

/* From stage - 1 branches to `stage`. */
static gboolean match_transition(HrnetOnnxMatch *match, guint stage, guint *xs)
{
    gchar prefix[HRNET_ONNX_NAME_SIZE];
    guint outputs[HRNET_MAX_BRANCHES] = { 0 };
    for (guint i = 0; i < stage; i++) {
        gboolean opens = i == stage - 1;
        guint from = xs[opens ? i - 1 : i];
        HrnetOnnxBlock block;
        if (!opens && hrnet_onnx_find_block(match, from, &block)) {
            outputs[i] = from;
            continue;
        }
        HrnetOnnxOp *op = hrnet_onnx_find_conv(match, from, 3, opens ? 2 : 1);
        if (!op)
            return hrnet_onnx_differs(match, from,
                                      "a transition's 3x3 convolution with a ReLU behind");
        g_snprintf(prefix, sizeof prefix, opens ? "transition%u.%u.0" : "transition%u.%u",
                   stage - 1, i);
        if (!hrnet_onnx_claim_pair(match, op, prefix) ||
            !hrnet_onnx_pass_relu(match, op, &outputs[i]))
            return FALSE;
    }
    memcpy(xs, outputs, stage * sizeof *xs);
    return TRUE;
}

static gboolean match_stages(HrnetOnnxMatch *match, guint *xs, gboolean *single)
{
    HrnetOnnxBlock block;
    *single = FALSE;
    for (guint stage = 2; stage <= 4; stage++) {
        guint m = 0;
        if (!match_transition(match, stage, xs))
            return FALSE;
        do {
            if (!match_module(match, stage, m++, xs, single))
                return FALSE;
        } while (m < HRNET_ONNX_MOST_REPEATS && !*single &&
                 hrnet_onnx_find_block(match, xs[0], &block) &&
                 !hrnet_onnx_find_conv(match, xs[stage - 1], 3, 2));
    }
    return TRUE;
}

static gboolean match_stem(HrnetOnnxMatch *match, guint *value)
{
    for (guint i = 1; i <= 2; i++) {
        HrnetOnnxOp *op = hrnet_onnx_only(match, *value, HRNET_ONNX_CONV);
        if (!hrnet_onnx_is_conv(op, 3, 2) || !hrnet_onnx_only(match, op->output, HRNET_ONNX_RELU))
            return hrnet_onnx_differs(match, *value,
                                      "the stem's 3x3 convolution of stride 2 with a ReLU behind");
        if (!hrnet_onnx_claim_numbered(match, op, "", i) || !hrnet_onnx_pass_relu(match, op, value))
            return FALSE;
    }
    return TRUE;
}

/* The branches, upsampled and concatenated in their order. */
static gboolean match_concat(HrnetOnnxMatch *match, const guint *xs, guint *value)
{
    HrnetOnnxOp *first = hrnet_onnx_only(match, xs[0], HRNET_ONNX_RESIZE);
    HrnetOnnxOp *concat = hrnet_onnx_only(match, first ? first->output : xs[0], HRNET_ONNX_CONCAT);
    const Onnx__AttributeProto *axis = concat ? hrnet_onnx_attribute(concat->node, "axis") : NULL;
    if (!concat || concat->n_inputs != 4 || !axis || (axis->i != 1 && axis->i != -3))
        return hrnet_onnx_differs(match, xs[0], "the concatenation of four branches");
    for (guint i = 0; i < 4; i++) {
        HrnetOnnxOp *resize = hrnet_onnx_producer(match, concat->inputs[i]);
        const gboolean up = resize && resize->kind == HRNET_ONNX_RESIZE && resize->n_inputs == 1;
        if ((i ? !up : up && !hrnet_onnx_keeps_size(match->graph, resize)) ||
            (up ? resize->inputs[0] : concat->inputs[i]) != xs[i])
            return hrnet_onnx_refuse(
                match->error, match->graph, concat->node,
                "expected the four branches upsampled, the highest resolution first");
        if (up && !hrnet_onnx_read_resize(match->graph, resize->node, 1u << i, &match->traits->head,
                                          match->error))
            return FALSE;
        if (up)
            resize->claimed = TRUE;
    }
    concat->claimed = TRUE;
    *value = concat->output;
    return TRUE;
}

static gboolean match_head(HrnetOnnxMatch *match, const guint *xs, gboolean single, guint *logits)
{
    guint value = xs[0];
    if (!single && !match_concat(match, xs, &value))
        return FALSE;
    if (hrnet_onnx_is_ocr(match, value))
        return hrnet_onnx_match_ocr(match, value, logits);
    HrnetOnnxOp *mix = hrnet_onnx_only(match, value, HRNET_ONNX_CONV);
    HrnetOnnxOp *relu =
        hrnet_onnx_is_conv(mix, 1, 1) ? hrnet_onnx_only(match, mix->output, HRNET_ONNX_RELU) : NULL;
    HrnetOnnxOp *classifier = relu ? hrnet_onnx_only(match, relu->output, HRNET_ONNX_CONV) : NULL;
    if (!classifier || classifier->conv.stride != 1)
        return hrnet_onnx_differs(match, value,
                                  "the head: a 1x1 convolution, a ReLU, the classifier");
    relu->claimed = TRUE;
    *logits = classifier->output;
    return hrnet_onnx_claim(match, mix, "last_layer.0", "last_layer.1") &&
           hrnet_onnx_claim(match, classifier, "last_layer.3", NULL);
}

gboolean hrnet_onnx_match(HrnetOnnxGraph *graph, HrnetOnnxName name, gpointer data,
                          HrnetOnnxTraits *traits, GError **error)
{
    HrnetOnnxMatch match = { graph, name, data, traits, FALSE, error };
    guint xs[HRNET_MAX_BRANCHES] = { 0 }, logits = 0;
    gboolean single;
    memset(traits, 0, sizeof *traits);
    return match_stem(&match, &xs[0]) && hrnet_onnx_match_blocks(&match, "layer1", TRUE, &xs[0]) &&
           match_stages(&match, xs, &single) && match_head(&match, xs, single, &logits) &&
           hrnet_onnx_match_tail(graph, logits, traits, error);
}
