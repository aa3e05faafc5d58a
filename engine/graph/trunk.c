/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/parts.h"

#define BOTTLENECK_EXPANSION 4

static guint add_shortcut(HrnetGraphBuilder *b, const gchar *prefix, guint in, guint out_channels)
{
    if (hrnet_graph_channels(b, in) == out_channels)
        return in;
    return hrnet_graph_add_conv(
        b, hrnet_graph_sub(prefix, "downsample.0"), hrnet_graph_sub(prefix, "downsample.1"), in,
        (HrnetNodeSpec){ .out_channels = out_channels, .kernel = 1, .stride = 1 });
}

static guint add_bottleneck(HrnetGraphBuilder *b, const gchar *prefix, guint in, guint planes)
{
    const guint out_channels = planes * BOTTLENECK_EXPANSION;
    const guint narrow = hrnet_graph_add_conv(
        b, hrnet_graph_sub(prefix, "conv1"), hrnet_graph_sub(prefix, "bn1"), in,
        (HrnetNodeSpec){ .out_channels = planes, .kernel = 1, .stride = 1, .relu = TRUE });
    const guint middle = hrnet_graph_add_conv(
        b, hrnet_graph_sub(prefix, "conv2"), hrnet_graph_sub(prefix, "bn2"), narrow,
        (HrnetNodeSpec){ .out_channels = planes, .kernel = 3, .stride = 1, .relu = TRUE });
    if (hrnet_graph_channels(b, in) == out_channels && !b->group_goes_on)
        hrnet_graph_end_group(
            b); /* conv3 takes over its residual's memory, which a group could not */
    const guint shortcut = add_shortcut(b, prefix, in, out_channels);
    return hrnet_graph_add_conv(b, hrnet_graph_sub(prefix, "conv3"), hrnet_graph_sub(prefix, "bn3"),
                                middle,
                                (HrnetNodeSpec){ .out_channels = out_channels,
                                                 .kernel = 1,
                                                 .stride = 1,
                                                 .relu = TRUE,
                                                 .residual = shortcut });
}

/* Both convolutions are a group: between them the tensor is read where it was just made. */
static guint add_basic_block(HrnetGraphBuilder *b, const gchar *prefix, guint in, guint channels)
{
    hrnet_graph_begin_group(b);
    const guint middle = hrnet_graph_add_conv(
        b, hrnet_graph_sub(prefix, "conv1"), hrnet_graph_sub(prefix, "bn1"), in,
        (HrnetNodeSpec){ .out_channels = channels, .kernel = 3, .stride = 1, .relu = TRUE });
    const guint shortcut = add_shortcut(b, prefix, in, channels);
    const guint out = hrnet_graph_add_conv(b, hrnet_graph_sub(prefix, "conv2"),
                                           hrnet_graph_sub(prefix, "bn2"), middle,
                                           (HrnetNodeSpec){ .out_channels = channels,
                                                            .kernel = 3,
                                                            .stride = 1,
                                                            .relu = TRUE,
                                                            .residual = shortcut });
    hrnet_graph_end_group(b);
    return out;
}

/* Tensors of 64 and 256 channels at these resolutions are larger than the caches. So the stem's two
 * convolutions are a group, and so is what each bottleneck does before it adds to its input in
 * place, or all of it if it does not; the last one takes the transition to stage 2 along. Leaves
 * the last group open. */
static guint add_stem(HrnetGraphBuilder *b)
{
    const HrnetConfig *config = b->config;
    guint x = b->graph->input;
    hrnet_graph_begin_group(b);
    x = hrnet_graph_add_conv(
        b, g_strdup("conv1"), g_strdup("bn1"), x,
        (HrnetNodeSpec){
            .out_channels = config->stem_channels[0], .kernel = 3, .stride = 2, .relu = TRUE });
    x = hrnet_graph_add_conv(
        b, g_strdup("conv2"), g_strdup("bn2"), x,
        (HrnetNodeSpec){
            .out_channels = config->stem_channels[1], .kernel = 3, .stride = 2, .relu = TRUE });
    for (guint i = 0; i < config->layer1_blocks; i++) {
        g_autofree gchar *prefix = g_strdup_printf("layer1.%u", i);
        hrnet_graph_begin_group(b);
        b->group_goes_on = i + 1 == config->layer1_blocks;
        x = add_bottleneck(b, prefix, x, config->layer1_planes);
    }
    return x;
}

/* Opens the branches of stage s (0 = the network's stage 2): a branch whose channels change gets a
 * 3x3 convolution, the new one a 3x3 convolution of stride 2 from the lowest resolution so far. */
static void add_transition(HrnetGraphBuilder *b, guint s, HrnetGraphBranches *x)
{
    const HrnetStageConfig *stage = &b->config->stages[s];
    const guint n_before = x->n;
    const guint lowest = x->tensors[n_before - 1];
    for (guint i = 0; i < stage->n_branches; i++) {
        const gboolean is_new = i >= n_before;
        if (!is_new && hrnet_graph_channels(b, x->tensors[i]) == stage->in_channels[i])
            continue;
        g_autofree gchar *prefix = is_new ? g_strdup_printf("transition%u.%u.0", s + 1, i)
                                          : g_strdup_printf("transition%u.%u", s + 1, i);
        x->tensors[i] =
            hrnet_graph_add_conv(b, hrnet_graph_sub(prefix, "0"), hrnet_graph_sub(prefix, "1"),
                                 is_new ? lowest : x->tensors[i],
                                 (HrnetNodeSpec){ .out_channels = stage->in_channels[i],
                                                  .kernel = 3,
                                                  .stride = is_new ? 2 : 1,
                                                  .relu = TRUE });
    }
    x->n = stage->n_branches;
}

static void add_branch_blocks(HrnetGraphBuilder *b, const gchar *module,
                              const HrnetStageConfig *stage, HrnetGraphBranches *x)
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
static guint add_down_chain(HrnetGraphBuilder *b, const gchar *module, guint i, guint j, guint x_j,
                            guint sum, guint out_channels, gboolean ends_sum)
{
    guint x = x_j;
    for (guint k = 0; k + 1 < i - j; k++) {
        g_autofree gchar *prefix = g_strdup_printf("%s.fuse_layers.%u.%u.%u", module, i, j, k);
        x = hrnet_graph_add_conv(b, hrnet_graph_sub(prefix, "0"), hrnet_graph_sub(prefix, "1"), x,
                                 (HrnetNodeSpec){ .out_channels = hrnet_graph_channels(b, x_j),
                                                  .kernel = 3,
                                                  .stride = 2,
                                                  .relu = TRUE });
    }
    g_autofree gchar *prefix = g_strdup_printf("%s.fuse_layers.%u.%u.%u", module, i, j, i - j - 1);
    return hrnet_graph_add_conv(b, hrnet_graph_sub(prefix, "0"), hrnet_graph_sub(prefix, "1"), x,
                                (HrnetNodeSpec){ .out_channels = out_channels,
                                                 .kernel = 3,
                                                 .stride = 2,
                                                 .relu = ends_sum,
                                                 .residual = sum });
}

/* The exchange unit: out[i] = relu(x[i] + sum of lower resolutions, projected and upsampled + sum
 * of higher ones, by strided convolutions). First all projections, then the sums from the lowest
 * resolution up: so each x[i] is read for the last time where its own sum begins, and the sum may
 * take its memory. */
static void add_exchange(HrnetGraphBuilder *b, const gchar *module, guint n_outputs,
                         HrnetGraphBranches *x)
{
    guint projected[HRNET_MAX_BRANCHES][HRNET_MAX_BRANCHES] = { 0 };
    for (guint i = 0; i < n_outputs; i++)
        for (guint j = i + 1; j < x->n; j++) {
            g_autofree gchar *prefix = g_strdup_printf("%s.fuse_layers.%u.%u", module, i, j);
            projected[i][j] = hrnet_graph_add_conv(
                b, hrnet_graph_sub(prefix, "0"), hrnet_graph_sub(prefix, "1"), x->tensors[j],
                (HrnetNodeSpec){ .out_channels = hrnet_graph_channels(b, x->tensors[i]),
                                 .kernel = 1,
                                 .stride = 1 });
        }
    for (guint i = n_outputs; i-- > 0;) {
        const guint n_lower = x->n - 1 - i;
        guint sum = x->tensors[i];
        for (guint j = 0; j < i; j++)
            sum =
                add_down_chain(b, module, i, j, x->tensors[j], sum,
                               hrnet_graph_channels(b, x->tensors[i]), n_lower == 0 && j + 1 == i);
        if (n_lower > 0)
            sum = hrnet_graph_add_sum(b, g_strdup_printf("%s.fuse.%u", module, i), sum,
                                      &projected[i][i + 1], n_lower);
        x->tensors[i] = sum;
    }
    x->n = n_outputs;
}

static void add_stage(HrnetGraphBuilder *b, guint s, HrnetGraphBranches *x)
{
    const HrnetStageConfig *stage = &b->config->stages[s];
    for (guint m = 0; m < stage->n_modules; m++) {
        g_autofree gchar *module = g_strdup_printf("stage%u.%u", s + 2, m);
        const gboolean single = b->config->single_output && s == 2 && m + 1 == stage->n_modules;
        add_branch_blocks(b, module, stage, x);
        add_exchange(b, module, single ? 1 : x->n, x);
    }
}

HrnetGraphBranches hrnet_graph_add_trunk(HrnetGraphBuilder *b)
{
    HrnetGraphBranches x = { { add_stem(b) }, 1 };
    for (guint s = 0; s < G_N_ELEMENTS(b->config->stages); s++) {
        add_transition(b, s, &x);
        hrnet_graph_end_group(b);
        add_stage(b, s, &x);
    }
    return x;
}
