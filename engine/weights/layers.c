/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/layers.h"

#define NAME_SIZE 96

typedef struct {
    const HrnetConfig *config;
    HrnetConvFunc func;
    gpointer data;
} Walk;

static gboolean visit(const Walk *walk, const gchar *conv, const gchar *norm, guint out, guint in,
                      guint kernel, guint stride)
{
    HrnetConvSpec spec = { conv, norm, out, in, kernel, stride };
    return walk->func(&spec, walk->data);
}

/* PREFIXconvN + PREFIXbnN. */
static gboolean visit_numbered(const Walk *walk, const gchar *prefix, guint number, guint out,
                               guint in, guint kernel, guint stride)
{
    gchar conv[NAME_SIZE], norm[NAME_SIZE];
    g_snprintf(conv, sizeof conv, "%sconv%u", prefix, number);
    g_snprintf(norm, sizeof norm, "%sbn%u", prefix, number);
    return visit(walk, conv, norm, out, in, kernel, stride);
}

/* PREFIX.0 + PREFIX.1, as in a Sequential of convolution and normalisation. */
static gboolean visit_pair(const Walk *walk, const gchar *prefix, guint out, guint in, guint kernel,
                           guint stride)
{
    gchar conv[NAME_SIZE], norm[NAME_SIZE];
    g_snprintf(conv, sizeof conv, "%s.0", prefix);
    g_snprintf(norm, sizeof norm, "%s.1", prefix);
    return visit(walk, conv, norm, out, in, kernel, stride);
}

static gboolean visit_block(const Walk *walk, const gchar *block, gboolean bottleneck, guint out,
                            guint in)
{
    gchar prefix[NAME_SIZE];
    g_snprintf(prefix, sizeof prefix, "%s.", block);
    guint planes = bottleneck ? out / 4 : out;
    if (bottleneck) {
        if (!visit_numbered(walk, prefix, 1, planes, in, 1, 1) ||
            !visit_numbered(walk, prefix, 2, planes, planes, 3, 1) ||
            !visit_numbered(walk, prefix, 3, out, planes, 1, 1))
            return FALSE;
    } else if (!visit_numbered(walk, prefix, 1, planes, in, 3, 1) ||
               !visit_numbered(walk, prefix, 2, planes, planes, 3, 1)) {
        return FALSE;
    }
    if (in == out)
        return TRUE;
    g_snprintf(prefix, sizeof prefix, "%s.downsample", block);
    return visit_pair(walk, prefix, out, in, 1, 1);
}

static gboolean visit_transition(const Walk *walk, guint number, const HrnetStageConfig *stage,
                                 const guint *before, guint n_before)
{
    gchar prefix[NAME_SIZE];
    for (guint i = 0; i < stage->n_branches; i++) {
        gboolean opens = i >= n_before;
        guint in = before[MIN(i, n_before - 1)], out = stage->in_channels[i];
        g_snprintf(prefix, sizeof prefix, opens ? "transition%u.%u.0" : "transition%u.%u", number,
                   i);
        if ((opens || in != out) && !visit_pair(walk, prefix, out, in, 3, opens ? 2 : 1))
            return FALSE;
    }
    return TRUE;
}

/* From branch j to branch i. */
static gboolean visit_fuse_path(const Walk *walk, const gchar *module, const guint *channels,
                                guint i, guint j)
{
    gchar prefix[NAME_SIZE];
    g_snprintf(prefix, sizeof prefix, "%s.fuse_layers.%u.%u", module, i, j);
    if (j > i)
        return visit_pair(walk, prefix, channels[i], channels[j], 1, 1);
    for (guint k = 0; j + k < i; k++) {
        g_snprintf(prefix, sizeof prefix, "%s.fuse_layers.%u.%u.%u", module, i, j, k);
        if (!visit_pair(walk, prefix, channels[j + k + 1 == i ? i : j], channels[j], 3, 2))
            return FALSE;
    }
    return TRUE;
}

static gboolean visit_module(const Walk *walk, guint stage_number, const HrnetStageConfig *stage,
                             guint m)
{
    gchar module[NAME_SIZE], block[NAME_SIZE];
    g_snprintf(module, sizeof module, "stage%u.%u", stage_number, m);
    for (guint i = 0; i < stage->n_branches; i++) {
        guint in = m == 0 ? stage->in_channels[i] : stage->channels[i];
        for (guint b = 0; b < stage->n_blocks[i]; b++, in = stage->channels[i]) {
            g_snprintf(block, sizeof block, "%s.branches.%u.%u", module, i, b);
            if (!visit_block(walk, block, stage->bottleneck, stage->channels[i], in))
                return FALSE;
        }
    }

    gboolean single = walk->config->single_output && stage_number == 4 && m + 1 == stage->n_modules;
    for (guint i = 0; i < (single ? 1 : stage->n_branches); i++)
        for (guint j = 0; j < stage->n_branches; j++)
            if (!visit_fuse_path(walk, module, stage->channels, i, j))
                return FALSE;
    return TRUE;
}

static gboolean visit_head(const Walk *walk)
{
    const HrnetConfig *config = walk->config;
    const guint *channels = config->stages[2].channels;
    guint width = channels[0];
    for (guint i = 1; i < config->stages[2].n_branches && !config->single_output; i++)
        width += channels[i];
    return visit(walk, "last_layer.0", "last_layer.1", config->head_channels, width,
                 config->head_kernel, 1) &&
           visit(walk, "last_layer.3", NULL, config->n_classes, config->head_channels,
                 config->classifier_kernel, 1);
}

gboolean hrnet_config_each_conv(const HrnetConfig *config, HrnetConvFunc func, gpointer data)
{
    const Walk walk = { config, func, data };
    const guint *stem = config->stem_channels;
    if (!visit_numbered(&walk, "", 1, stem[0], config->input_channels, 3, 2) ||
        !visit_numbered(&walk, "", 2, stem[1], stem[0], 3, 2))
        return FALSE;

    gchar block[NAME_SIZE];
    guint layer1_channels = 4 * config->layer1_planes;
    for (guint b = 0, in = stem[1]; b < config->layer1_blocks; b++, in = layer1_channels) {
        g_snprintf(block, sizeof block, "layer1.%u", b);
        if (!visit_block(&walk, block, TRUE, layer1_channels, in))
            return FALSE;
    }

    const guint *before = &layer1_channels;
    guint n_before = 1;
    for (guint s = 0; s < G_N_ELEMENTS(config->stages); s++) {
        const HrnetStageConfig *stage = &config->stages[s];
        if (!visit_transition(&walk, s + 1, stage, before, n_before))
            return FALSE;
        for (guint m = 0; m < stage->n_modules; m++)
            if (!visit_module(&walk, s + 2, stage, m))
                return FALSE;
        before = stage->channels;
        n_before = stage->n_branches;
    }
    return visit_head(&walk);
}
