/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/graph.h"

#define BOTTLENECK_EXPANSION 4
#define STEM_LEVEL           2 /* the highest resolution: a quarter of the input's */

/* Tensors of the branches between two steps. */
typedef struct {
    guint tensors[HRNET_MAX_BRANCHES];
    guint n;
} Branches;

typedef struct {
    HrnetGraph *graph;
    const HrnetConfig *config;
    guint group; /* of the nodes that are added now, 0 = none */
    guint n_groups;
    gboolean group_goes_on; /* behind the block that is added now */
} Builder;

guint hrnet_graph_level_size(guint n, guint level)
{
    for (guint i = 0; i < level; i++)
        n = (n + 1) / 2;
    return n;
}

static guint add_tensor(Builder *b, guint channels, guint level)
{
    const HrnetGraphTensor tensor = { channels, level };
    g_array_append_val(b->graph->tensors, tensor);
    return b->graph->tensors->len - 1;
}

static guint channels_of(const Builder *b, guint tensor)
{
    return hrnet_graph_tensor(b->graph, tensor)->channels;
}

static guint level_of(const Builder *b, guint tensor)
{
    return hrnet_graph_tensor(b->graph, tensor)->level;
}

/* What a convolution is beside its input: designated initialisers make the calls below read as a
 * table. */
typedef struct {
    guint out_channels, kernel, stride;
    gboolean relu;
    guint residual; /* tensor number, 0 (the network's input, never one) = none */
} ConvSpec;

/* The nodes that are added from here on are a new group, or none. */
static void begin_group(Builder *b)
{
    b->group = ++b->n_groups;
}

static void end_group(Builder *b)
{
    b->group = 0;
}

/* Takes conv_name and norm_name. */
static guint add_conv(Builder *b, gchar *conv_name, gchar *norm_name, guint in, ConvSpec spec)
{
    const guint level = level_of(b, in) + (spec.stride == 2);
    const HrnetNode node = {
        .type = HRNET_NODE_CONV,
        .name = conv_name,
        .norm = norm_name,
        .in = in,
        .out = add_tensor(b, spec.out_channels, level),
        .relu = spec.relu,
        .group = b->group,
        .may_overwrite = TRUE,
        .shape = { .in_channels = channels_of(b, in),
                   .out_channels = spec.out_channels,
                   .kernel = spec.kernel,
                   .stride = spec.stride,
                   .padding_same = b->config->padding == HRNET_PADDING_SAME && spec.stride == 2 },
        .residual = spec.residual ? spec.residual : HRNET_NO_TENSOR,
        .total_channels = channels_of(b, in),
        .has_bias = TRUE,
        .mac_level = level,
    };
    g_array_append_val(b->graph->nodes, node);
    return node.out;
}

/* Takes name. sources: 1 to HRNET_NODE_MAX_SOURCES tensors. */
static guint add_resize_add(Builder *b, gchar *name, guint base, const guint *sources,
                            guint n_sources)
{
    HrnetNode node = {
        .type = HRNET_NODE_RESIZE_ADD,
        .name = name,
        .in = base,
        .out = add_tensor(b, channels_of(b, base), level_of(b, base)),
        .relu = TRUE,
        .may_overwrite = TRUE,
        .residual = HRNET_NO_TENSOR,
        .n_sources = n_sources,
    };
    for (guint i = 0; i < n_sources; i++)
        node.sources[i] = sources[i];
    g_array_append_val(b->graph->nodes, node);
    return node.out;
}

/* One tensor upsampled to the highest resolution, by itself. Takes name. */
static guint add_resize(Builder *b, gchar *name, guint source)
{
    const HrnetNode node = {
        .type = HRNET_NODE_RESIZE_ADD,
        .name = name,
        .in = HRNET_NO_TENSOR,
        .out = add_tensor(b, channels_of(b, source), STEM_LEVEL),
        .residual = HRNET_NO_TENSOR,
        .sources = { source },
        .n_sources = 1,
    };
    g_array_append_val(b->graph->nodes, node);
    return node.out;
}

/* A name under a prefix: add_conv()'s arguments. */
static gchar *sub(const gchar *prefix, const gchar *name)
{
    return g_strdup_printf("%s.%s", prefix, name);
}

static guint add_shortcut(Builder *b, const gchar *prefix, guint in, guint out_channels)
{
    if (channels_of(b, in) == out_channels)
        return in;
    return add_conv(b, sub(prefix, "downsample.0"), sub(prefix, "downsample.1"), in,
                    (ConvSpec){ .out_channels = out_channels, .kernel = 1, .stride = 1 });
}

static guint add_bottleneck(Builder *b, const gchar *prefix, guint in, guint planes)
{
    const guint out_channels = planes * BOTTLENECK_EXPANSION;
    const guint narrow =
        add_conv(b, sub(prefix, "conv1"), sub(prefix, "bn1"), in,
                 (ConvSpec){ .out_channels = planes, .kernel = 1, .stride = 1, .relu = TRUE });
    const guint middle =
        add_conv(b, sub(prefix, "conv2"), sub(prefix, "bn2"), narrow,
                 (ConvSpec){ .out_channels = planes, .kernel = 3, .stride = 1, .relu = TRUE });
    if (channels_of(b, in) == out_channels && !b->group_goes_on)
        end_group(b); /* conv3 takes over its residual's memory, which a group could not */
    const guint shortcut = add_shortcut(b, prefix, in, out_channels);
    return add_conv(b, sub(prefix, "conv3"), sub(prefix, "bn3"), middle,
                    (ConvSpec){ .out_channels = out_channels,
                                .kernel = 1,
                                .stride = 1,
                                .relu = TRUE,
                                .residual = shortcut });
}

/* Both convolutions are a group: between them the tensor is read where it was just made. */
static guint add_basic_block(Builder *b, const gchar *prefix, guint in, guint channels)
{
    begin_group(b);
    const guint middle =
        add_conv(b, sub(prefix, "conv1"), sub(prefix, "bn1"), in,
                 (ConvSpec){ .out_channels = channels, .kernel = 3, .stride = 1, .relu = TRUE });
    const guint shortcut = add_shortcut(b, prefix, in, channels);
    const guint out = add_conv(b, sub(prefix, "conv2"), sub(prefix, "bn2"), middle,
                               (ConvSpec){ .out_channels = channels,
                                           .kernel = 3,
                                           .stride = 1,
                                           .relu = TRUE,
                                           .residual = shortcut });
    end_group(b);
    return out;
}

/* Tensors of 64 and 256 channels at these resolutions are larger than the caches. So the stem's two
 * convolutions are a group, and so is what each bottleneck does before it adds to its input in
 * place, or all of it if it does not; the last one takes the transition to stage 2 along. Leaves
 * the last group open. */
static guint add_stem(Builder *b)
{
    const HrnetConfig *config = b->config;
    guint x = b->graph->input;
    begin_group(b);
    x = add_conv(
        b, g_strdup("conv1"), g_strdup("bn1"), x,
        (ConvSpec){
            .out_channels = config->stem_channels[0], .kernel = 3, .stride = 2, .relu = TRUE });
    x = add_conv(
        b, g_strdup("conv2"), g_strdup("bn2"), x,
        (ConvSpec){
            .out_channels = config->stem_channels[1], .kernel = 3, .stride = 2, .relu = TRUE });
    for (guint i = 0; i < config->layer1_blocks; i++) {
        g_autofree gchar *prefix = g_strdup_printf("layer1.%u", i);
        begin_group(b);
        b->group_goes_on = i + 1 == config->layer1_blocks;
        x = add_bottleneck(b, prefix, x, config->layer1_planes);
    }
    return x;
}

/* Opens the branches of stage s (0 = the network's stage 2): a branch whose channels change gets a
 * 3x3 convolution, the new one a 3x3 convolution of stride 2 from the lowest resolution so far. */
static void add_transition(Builder *b, guint s, Branches *x)
{
    const HrnetStageConfig *stage = &b->config->stages[s];
    const guint n_before = x->n;
    const guint lowest = x->tensors[n_before - 1];
    for (guint i = 0; i < stage->n_branches; i++) {
        const gboolean is_new = i >= n_before;
        if (!is_new && channels_of(b, x->tensors[i]) == stage->channels[i])
            continue;
        g_autofree gchar *prefix = is_new ? g_strdup_printf("transition%u.%u.0", s + 1, i)
                                          : g_strdup_printf("transition%u.%u", s + 1, i);
        x->tensors[i] =
            add_conv(b, sub(prefix, "0"), sub(prefix, "1"), is_new ? lowest : x->tensors[i],
                     (ConvSpec){ .out_channels = stage->channels[i],
                                 .kernel = 3,
                                 .stride = is_new ? 2 : 1,
                                 .relu = TRUE });
    }
    x->n = stage->n_branches;
}

static void add_branch_blocks(Builder *b, const gchar *module, const HrnetStageConfig *stage,
                              Branches *x)
{
    for (guint i = 0; i < x->n; i++)
        for (guint k = 0; k < stage->n_blocks[i]; k++) {
            g_autofree gchar *prefix = g_strdup_printf("%s.branches.%u.%u", module, i, k);
            x->tensors[i] = stage->bottleneck
                                ? add_bottleneck(b, prefix, x->tensors[i],
                                                 stage->channels[i] / BOTTLENECK_EXPANSION)
                                : add_basic_block(b, prefix, x->tensors[i], stage->channels[i]);
        }
}

/* Branch j's way down to i > j: i - j convolutions of stride 2, ReLU between them; the last one
 * adds to sum, and ends with the ReLU of the whole sum if nothing comes after it. */
static guint add_down_chain(Builder *b, const gchar *module, guint i, guint j, guint x_j, guint sum,
                            guint out_channels, gboolean ends_sum)
{
    guint x = x_j;
    for (guint k = 0; k + 1 < i - j; k++) {
        g_autofree gchar *prefix = g_strdup_printf("%s.fuse_layers.%u.%u.%u", module, i, j, k);
        x = add_conv(
            b, sub(prefix, "0"), sub(prefix, "1"), x,
            (ConvSpec){
                .out_channels = channels_of(b, x_j), .kernel = 3, .stride = 2, .relu = TRUE });
    }
    g_autofree gchar *prefix = g_strdup_printf("%s.fuse_layers.%u.%u.%u", module, i, j, i - j - 1);
    return add_conv(b, sub(prefix, "0"), sub(prefix, "1"), x,
                    (ConvSpec){ .out_channels = out_channels,
                                .kernel = 3,
                                .stride = 2,
                                .relu = ends_sum,
                                .residual = sum });
}

/* The exchange unit: out[i] = relu(x[i] + sum of lower resolutions, projected and upsampled + sum
 * of higher ones, by strided convolutions). First all projections, then the sums from the lowest
 * resolution up: so each x[i] is read for the last time where its own sum begins, and the sum may
 * take its memory. */
static void add_exchange(Builder *b, const gchar *module, guint n_outputs, Branches *x)
{
    guint projected[HRNET_MAX_BRANCHES][HRNET_MAX_BRANCHES] = { 0 };
    for (guint i = 0; i < n_outputs; i++)
        for (guint j = i + 1; j < x->n; j++) {
            g_autofree gchar *prefix = g_strdup_printf("%s.fuse_layers.%u.%u", module, i, j);
            projected[i][j] = add_conv(b, sub(prefix, "0"), sub(prefix, "1"), x->tensors[j],
                                       (ConvSpec){ .out_channels = channels_of(b, x->tensors[i]),
                                                   .kernel = 1,
                                                   .stride = 1 });
        }
    for (guint i = n_outputs; i-- > 0;) {
        const guint n_lower = x->n - 1 - i;
        guint sum = x->tensors[i];
        for (guint j = 0; j < i; j++)
            sum = add_down_chain(b, module, i, j, x->tensors[j], sum, channels_of(b, x->tensors[i]),
                                 n_lower == 0 && j + 1 == i);
        if (n_lower > 0)
            sum = add_resize_add(b, g_strdup_printf("%s.fuse.%u", module, i), sum,
                                 &projected[i][i + 1], n_lower);
        x->tensors[i] = sum;
    }
    x->n = n_outputs;
}

static void add_stage(Builder *b, guint s, Branches *x)
{
    const HrnetStageConfig *stage = &b->config->stages[s];
    for (guint m = 0; m < stage->n_modules; m++) {
        g_autofree gchar *module = g_strdup_printf("stage%u.%u", s + 2, m);
        const gboolean single = b->config->single_output && s == 2 && m + 1 == stage->n_modules;
        add_branch_blocks(b, module, stage, x);
        add_exchange(b, module, single ? 1 : x->n, x);
    }
}

/* Branch i's part of the head's first convolution, over the concatenation's channels from
 * first_channel on, onto a sum of the parts before or 0, which is none. */
static guint add_head_part(Builder *b, guint branch, guint i, guint first_channel,
                           guint total_channels, guint sum, gboolean relu)
{
    const guint out = add_conv(b, g_strdup("last_layer.0"), g_strdup("last_layer.1"), branch,
                               (ConvSpec){ .out_channels = b->config->head_channels,
                                           .kernel = b->config->head_kernel,
                                           .stride = 1,
                                           .relu = relu,
                                           .residual = sum });
    HrnetNode *node = &g_array_index(b->graph->nodes, HrnetNode, b->graph->nodes->len - 1);
    node->first_channel = first_channel;
    node->total_channels = total_channels;
    node->has_bias = i == 0;
    node->mac_level = STEM_LEVEL;
    return out;
}

/* A 3x3 convolution of the concatenation sees the upsampled branches' neighbours and borders, and
 * so has to run at the highest resolution: a branch after the other, each adding to the sum. */
static guint add_wide_head(Builder *b, const Branches *x, guint total_channels)
{
    guint sum = 0, first_channel = 0;
    for (guint i = 0; i < x->n; i++) {
        const guint branch =
            i ? add_resize(b, g_strdup_printf("head.%u", i), x->tensors[i]) : x->tensors[i];
        sum = add_head_part(b, branch, i, first_channel, total_channels, sum, i + 1 == x->n);
        first_channel += channels_of(b, branch);
    }
    b->graph->head = HRNET_NO_NODE;
    return sum;
}

/* The head: concatenation of all branches at the highest resolution, 1x1 convolution, norm, ReLU,
 * classifier. A 1x1 convolution commutes with an interpolation whose weights sum to 1, so every
 * branch's part of it runs at the branch's own resolution and its result is upsampled and summed.
 */
static guint add_narrow_head(Builder *b, const Branches *x, guint total_channels)
{
    guint parts[HRNET_MAX_BRANCHES] = { 0 };
    guint first_channel = total_channels;
    for (guint i = x->n; i-- > 0;) {
        first_channel -= channels_of(b, x->tensors[i]);
        parts[i] = add_head_part(b, x->tensors[i], i, first_channel, total_channels, 0, x->n == 1);
    }
    b->graph->head = x->n > 1 ? b->graph->nodes->len - 1 : HRNET_NO_NODE;
    return x->n > 1 ? add_resize_add(b, g_strdup("head"), parts[0], &parts[1], x->n - 1) : parts[0];
}

static guint add_head(Builder *b, const Branches *x)
{
    guint total_channels = 0;
    for (guint i = 0; i < x->n; i++)
        total_channels += channels_of(b, x->tensors[i]);
    const guint hidden = b->config->head_kernel == 3 ? add_wide_head(b, x, total_channels)
                                                     : add_narrow_head(b, x, total_channels);
    return add_conv(b, g_strdup("last_layer.3"), NULL, hidden,
                    (ConvSpec){ .out_channels = b->config->n_classes,
                                .kernel = b->config->classifier_kernel,
                                .stride = 1 });
}

static void clear_node(gpointer data)
{
    HrnetNode *node = data;
    g_free(node->name);
    g_free(node->norm);
}

HrnetGraph *hrnet_graph_new(const HrnetConfig *config)
{
    Builder b = { .graph = g_new0(HrnetGraph, 1), .config = config };
    b.graph->tensors = g_array_new(FALSE, FALSE, sizeof(HrnetGraphTensor));
    b.graph->nodes = g_array_new(FALSE, FALSE, sizeof(HrnetNode));
    g_array_set_clear_func(b.graph->nodes, clear_node);

    b.graph->input = add_tensor(&b, config->input_channels, 0);
    Branches x = { { add_stem(&b) }, 1 };
    for (guint s = 0; s < G_N_ELEMENTS(config->stages); s++) {
        add_transition(&b, s, &x);
        end_group(&b);
        add_stage(&b, s, &x);
    }
    b.graph->logits = add_head(&b, &x);
    return b.graph;
}

void hrnet_graph_free(HrnetGraph *graph)
{
    if (!graph)
        return;
    g_array_unref(graph->tensors);
    g_array_unref(graph->nodes);
    g_free(graph);
}

gdouble hrnet_graph_node_gmac(const HrnetGraph *graph, const HrnetNode *node, guint height,
                              guint width)
{
    (void)graph;
    if (node->type != HRNET_NODE_CONV)
        return 0;
    const HrnetNodeShape *shape = &node->shape;
    return 1e-9 * shape->in_channels * shape->out_channels * shape->kernel * shape->kernel *
           hrnet_graph_level_size(height, node->mac_level) *
           hrnet_graph_level_size(width, node->mac_level);
}

gdouble hrnet_graph_gmac(const HrnetGraph *graph, guint height, guint width)
{
    gdouble sum = 0;
    for (guint i = 0; i < graph->nodes->len; i++)
        sum += hrnet_graph_node_gmac(graph, hrnet_graph_node(graph, i), height, width);
    return sum;
}
