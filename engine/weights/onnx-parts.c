/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/onnx-parts.h"

#include <string.h>

#include "weights/onnx-resize.h"

HrnetOnnxOp *hrnet_onnx_producer(const HrnetOnnxMatch *match, guint value)
{
    gint producer = hrnet_onnx_value(match->graph, value)->producer;
    return producer < 0 ? NULL : hrnet_onnx_op(match->graph, (guint)producer);
}

static guint n_consumers(const HrnetOnnxMatch *match, guint value)
{
    return hrnet_onnx_value(match->graph, value)->consumers->len;
}

static HrnetOnnxOp *consumer(const HrnetOnnxMatch *match, guint value, guint index)
{
    GArray *consumers = hrnet_onnx_value(match->graph, value)->consumers;
    return hrnet_onnx_op(match->graph, g_array_index(consumers, guint, index));
}

/* The only consumer, if it is of that kind; else NULL. */
HrnetOnnxOp *hrnet_onnx_only(const HrnetOnnxMatch *match, guint value, HrnetOnnxKind kind)
{
    if (n_consumers(match, value) != 1)
        return NULL;
    HrnetOnnxOp *op = consumer(match, value, 0);
    return op->kind == kind ? op : NULL;
}

gboolean hrnet_onnx_is_conv(const HrnetOnnxOp *op, guint kernel, guint stride)
{
    return op && op->kind == HRNET_ONNX_CONV && op->conv.kernel == kernel &&
           op->conv.stride == stride;
}

HrnetOnnxOp *hrnet_onnx_find_conv(const HrnetOnnxMatch *match, guint value, guint kernel,
                                  guint stride)
{
    for (guint i = 0; i < n_consumers(match, value); i++) {
        HrnetOnnxOp *op = consumer(match, value, i);
        if (hrnet_onnx_is_conv(op, kernel, stride) &&
            hrnet_onnx_only(match, op->output, HRNET_ONNX_RELU))
            return op;
    }
    return NULL;
}

/* Sets an error that names a node behind the value, or the one that makes it. */
gboolean hrnet_onnx_differs(const HrnetOnnxMatch *match, guint value, const gchar *expected)
{
    const HrnetOnnxOp *op =
        n_consumers(match, value) ? consumer(match, value, 0) : hrnet_onnx_producer(match, value);
    if (!op)
        return hrnet_weights_fail(match->error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, match->graph->path,
                                  "no HRNetV2: nothing uses the graph's input");
    return hrnet_onnx_refuse(match->error, match->graph, op->node, "expected %s", expected);
}

gboolean hrnet_onnx_claim(HrnetOnnxMatch *match, HrnetOnnxOp *op, const gchar *conv,
                          const gchar *norm)
{
    HrnetPadding padding =
        op->conv.padding == HRNET_ONNX_SAME ? HRNET_PADDING_SAME : HRNET_PADDING_SYMMETRIC;
    if (op->claimed)
        return hrnet_onnx_refuse(match->error, match->graph, op->node,
                                 "serves two parts of the network");
    op->claimed = TRUE;
    if (op->conv.stride == 2) {
        if (match->seen_padding && match->traits->padding != padding)
            return hrnet_onnx_refuse(match->error, match->graph, op->node,
                                     "is padded in another way than the nodes before");
        match->traits->padding = padding;
        match->seen_padding = TRUE;
    }
    return match->name(match->data, op, conv, norm, match->error);
}

gboolean hrnet_onnx_claim_pair(HrnetOnnxMatch *match, HrnetOnnxOp *op, const gchar *prefix)
{
    gchar conv[HRNET_ONNX_NAME_SIZE], norm[HRNET_ONNX_NAME_SIZE];
    g_snprintf(conv, sizeof conv, "%s.0", prefix);
    g_snprintf(norm, sizeof norm, "%s.1", prefix);
    return hrnet_onnx_claim(match, op, conv, norm);
}

gboolean hrnet_onnx_claim_numbered(HrnetOnnxMatch *match, HrnetOnnxOp *op, const gchar *prefix,
                                   guint number)
{
    gchar conv[HRNET_ONNX_NAME_SIZE], norm[HRNET_ONNX_NAME_SIZE];
    g_snprintf(conv, sizeof conv, "%sconv%u", prefix, number);
    g_snprintf(norm, sizeof norm, "%sbn%u", prefix, number);
    return hrnet_onnx_claim(match, op, conv, norm);
}

gboolean hrnet_onnx_pass_relu(HrnetOnnxMatch *match, const HrnetOnnxOp *op, guint *out)
{
    HrnetOnnxOp *relu = hrnet_onnx_only(match, op->output, HRNET_ONNX_RELU);
    if (!relu)
        return hrnet_onnx_refuse(match->error, match->graph, op->node,
                                 "expected a ReLU behind it, and nothing else");
    relu->claimed = TRUE;
    *out = relu->output;
    return TRUE;
}

/* conv (relu conv)* up to an addition; fills in convs and add. */
static gboolean trace_chain(const HrnetOnnxMatch *match, HrnetOnnxOp *first, HrnetOnnxBlock *block)
{
    HrnetOnnxOp *op = first;
    for (guint n = 0; n < G_N_ELEMENTS(block->convs); n++) {
        block->convs[n] = op;
        block->n_convs = n + 1;
        block->add = hrnet_onnx_only(match, op->output, HRNET_ONNX_ADD);
        if (block->add)
            break;
        HrnetOnnxOp *relu = hrnet_onnx_only(match, op->output, HRNET_ONNX_RELU);
        op = relu ? hrnet_onnx_only(match, relu->output, HRNET_ONNX_CONV) : NULL;
        if (!op || op->conv.stride != 1)
            return FALSE;
    }
    const HrnetOnnxOp *last = block->convs[block->n_convs - 1], *const *convs =
                                                                    (const HrnetOnnxOp *const *)
                                                                        block->convs;
    if (!block->add || block->add->n_inputs != 2 || n_consumers(match, last->output) != 1)
        return FALSE;
    return (block->n_convs == 2 && hrnet_onnx_is_conv(convs[0], 3, 1) &&
            hrnet_onnx_is_conv(convs[1], 3, 1)) ||
           (block->n_convs == 3 && hrnet_onnx_is_conv(convs[0], 1, 1) &&
            hrnet_onnx_is_conv(convs[1], 3, 1) && hrnet_onnx_is_conv(convs[2], 1, 1));
}

/* The residual block that begins at a value. */
gboolean hrnet_onnx_find_block(const HrnetOnnxMatch *match, guint value, HrnetOnnxBlock *block)
{
    for (guint i = 0; i < n_consumers(match, value); i++) {
        memset(block, 0, sizeof *block);
        HrnetOnnxOp *op = consumer(match, value, i);
        if (op->kind != HRNET_ONNX_CONV || op->conv.stride != 1 || !trace_chain(match, op, block))
            continue;
        guint out = block->convs[block->n_convs - 1]->output;
        guint other = block->add->inputs[block->add->inputs[0] == out ? 1 : 0];
        HrnetOnnxOp *shortcut = other == value ? NULL : hrnet_onnx_producer(match, other);
        block->relu = hrnet_onnx_only(match, block->add->output, HRNET_ONNX_RELU);
        if (!block->relu || (other != value &&
                             (!hrnet_onnx_is_conv(shortcut, 1, 1) || shortcut->inputs[0] != value)))
            continue;
        block->downsample = shortcut;
        return TRUE;
    }
    return FALSE;
}

static gboolean claim_block(HrnetOnnxMatch *match, HrnetOnnxBlock *block, const gchar *name,
                            guint *value)
{
    gchar prefix[HRNET_ONNX_NAME_SIZE];
    guint between;
    g_snprintf(prefix, sizeof prefix, "%s.", name);
    for (guint i = 0; i < block->n_convs; i++)
        if (!hrnet_onnx_claim_numbered(match, block->convs[i], prefix, i + 1) ||
            (i + 1 < block->n_convs && !hrnet_onnx_pass_relu(match, block->convs[i], &between)))
            return FALSE;
    g_snprintf(prefix, sizeof prefix, "%s.downsample", name);
    block->add->claimed = block->relu->claimed = TRUE;
    *value = block->relu->output;
    return !block->downsample || hrnet_onnx_claim_pair(match, block->downsample, prefix);
}

/* The blocks of a branch, or of layer1, which ends where a branch of half the size begins. */
gboolean hrnet_onnx_match_blocks(HrnetOnnxMatch *match, const gchar *prefix, gboolean layer1,
                                 guint *value)
{
    HrnetOnnxBlock block;
    guint n = 0;
    while (n < HRNET_ONNX_MOST_REPEATS && !(layer1 && hrnet_onnx_find_conv(match, *value, 3, 2)) &&
           hrnet_onnx_find_block(match, *value, &block)) {
        gchar name[HRNET_ONNX_NAME_SIZE];
        g_snprintf(name, sizeof name, "%s.%u", prefix, n++);
        if (layer1 && block.n_convs != 3)
            return hrnet_onnx_refuse(match->error, match->graph, block.convs[0]->node,
                                     "layer1 is made of basic blocks, expected bottlenecks");
        if (!claim_block(match, &block, name, value))
            return FALSE;
    }
    return n > 0 || hrnet_onnx_differs(match, *value, "a residual block");
}

/* The ways from branch j to a sum, read backwards. */
typedef struct {
    HrnetOnnxOp *convs[HRNET_MAX_BRANCHES], *resizes[2]; /* the last first */
    guint n_convs, n_resizes, from;                      /* from: a value */
} Path;

static gboolean trace_path(const HrnetOnnxMatch *match, guint leaf, const guint *branches, guint n,
                           Path *path)
{
    memset(path, 0, sizeof *path);
    for (path->from = leaf;;) {
        for (guint j = 0; j < n; j++)
            if (branches[j] == path->from)
                return TRUE;
        HrnetOnnxOp *op = hrnet_onnx_producer(match, path->from);
        if (op && op->kind == HRNET_ONNX_RELU && path->n_convs)
            op = hrnet_onnx_producer(match, op->inputs[0]);
        if (op && op->kind == HRNET_ONNX_RESIZE && !path->n_convs && op->n_inputs == 1 &&
            path->n_resizes < G_N_ELEMENTS(path->resizes))
            path->resizes[path->n_resizes++] = op;
        else if (op && op->kind == HRNET_ONNX_CONV && path->n_convs < G_N_ELEMENTS(path->convs))
            path->convs[path->n_convs++] = op;
        else
            return FALSE;
        path->from = op->inputs[0];
    }
}

/* From branch j to output i. */
static gboolean claim_path(HrnetOnnxMatch *match, Path *path, const gchar *module, guint i, guint j,
                           guint sum)
{
    gchar prefix[HRNET_ONNX_NAME_SIZE];
    guint between;
    gboolean up = j > i, good = up ? path->n_resizes && path->n_convs == 1 &&
                                         hrnet_onnx_is_conv(path->convs[0], 1, 1)
                                   : !path->n_resizes && path->n_convs == i - j;
    for (guint k = 0; !up && good && k < path->n_convs; k++)
        good = hrnet_onnx_is_conv(path->convs[k], 3, 2);
    if (!good)
        return hrnet_onnx_differs(match, sum, "an exchange unit: one way from each branch");
    if (up) {
        for (guint k = 0; k < path->n_resizes; k++)
            path->resizes[k]->claimed = TRUE;
        g_snprintf(prefix, sizeof prefix, "%s.fuse_layers.%u.%u", module, i, j);
        return hrnet_onnx_claim_pair(match, path->convs[0], prefix) &&
               hrnet_onnx_read_upsampling(match->graph, path->resizes, path->n_resizes, j,
                                          1u << (j - i), match->traits, match->error);
    }
    for (guint k = 0; k < path->n_convs; k++) {
        HrnetOnnxOp *op = path->convs[path->n_convs - 1 - k];
        g_snprintf(prefix, sizeof prefix, "%s.fuse_layers.%u.%u.%u", module, i, j, k);
        if (!hrnet_onnx_claim_pair(match, op, prefix) ||
            (k + 1 < path->n_convs && !hrnet_onnx_pass_relu(match, op, &between)))
            return FALSE;
    }
    return TRUE;
}

/* Takes apart a tree of additions. FALSE where it has more than `most` leaves, or levels. */
static gboolean flatten(const HrnetOnnxMatch *match, HrnetOnnxOp *add, guint *leaves, guint *n,
                        guint most, guint depth)
{
    if (depth > most)
        return FALSE;
    add->claimed = TRUE;
    for (guint i = 0; i < add->n_inputs; i++) {
        HrnetOnnxOp *op = hrnet_onnx_producer(match, add->inputs[i]);
        if (op && op->kind == HRNET_ONNX_ADD && !op->claimed) {
            if (!flatten(match, op, leaves, n, most, depth + 1))
                return FALSE;
        } else if (*n < most) {
            leaves[(*n)++] = add->inputs[i];
        } else {
            return FALSE;
        }
    }
    return TRUE;
}

/* The sum that branch i is a plain summand of: its topmost addition; NULL where there is none. */
HrnetOnnxOp *hrnet_onnx_find_sum(const HrnetOnnxMatch *match, guint branch)
{
    for (guint k = 0; k < n_consumers(match, branch); k++) {
        HrnetOnnxOp *add = consumer(match, branch, k), *next;
        if (add->kind != HRNET_ONNX_ADD)
            continue;
        for (guint depth = 0; depth < HRNET_MAX_BRANCHES &&
                              (next = hrnet_onnx_only(match, add->output, HRNET_ONNX_ADD));
             depth++)
            add = next;
        return add;
    }
    return NULL;
}

/* One output of an exchange unit. *out: its value. */
gboolean hrnet_onnx_match_sum(HrnetOnnxMatch *match, const gchar *module, const guint *branches,
                              guint n, guint i, HrnetOnnxOp *sum, guint *out)
{
    guint leaves[HRNET_MAX_BRANCHES], n_leaves = 0, found = 0;
    HrnetOnnxOp *relu = hrnet_onnx_only(match, sum->output, HRNET_ONNX_RELU);
    if (!relu || !flatten(match, sum, leaves, &n_leaves, n, 0) || n_leaves != n)
        return hrnet_onnx_refuse(match->error, match->graph, sum->node,
                                 "expected a sum of %u branches with a ReLU behind", n);
    for (guint k = 0; k < n; k++) {
        Path path;
        guint j = 0;
        if (!trace_path(match, leaves[k], branches, n, &path))
            return hrnet_onnx_differs(match, leaves[k], "a way from one branch to another");
        while (branches[j] != path.from)
            j++;
        found |= 1u << j;
        if (!claim_path(match, &path, module, i, j, sum->output))
            return FALSE;
    }
    relu->claimed = TRUE;
    *out = relu->output;
    return found == (1u << n) - 1 ||
           hrnet_onnx_differs(match, sum->output, "a sum of all branches");
}
