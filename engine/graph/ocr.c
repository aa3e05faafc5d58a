/* HRNetV2+OCR: object-contextual representations (Yuan et al., arXiv 1909.11065).
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * With F the concatenation of all branches at the highest resolution and K classes:
 *
 *   A = aux_head(F)                   a first segmentation, K scores a pixel
 *   G = relu(norm(conv3x3_ocr(F)))    pixels
 *   R = softmax over pixels of A, by G: K regions, each the mean of the pixels that A finds in it
 *   Q = f_pixel(G), keys = f_object(R), values = f_down(R)
 *   C = f_up(values by softmax over regions of Q . keys / sqrt(their channels))
 *   logits = cls_head(relu(norm(conv_bn_dropout(concatenation of C and G))))
 *
 * Regions are a picture of one row with a pixel each, so that their convolutions are ordinary ones.
 */
#include "graph/parts.h"

#define DISTRI "ocr_distri_head."
#define BLOCK  DISTRI "object_context_block."

static guint last_node(const HrnetGraphBuilder *b)
{
    return b->graph->nodes->len - 1;
}

/* Convolution NAME.INDEX with the normalisation and the ReLU behind it. */
static guint add_projection(HrnetGraphBuilder *b, const gchar *name, guint index, guint in,
                            guint channels)
{
    return hrnet_graph_add_conv(
        b, g_strdup_printf("%s.%u", name, index), g_strdup_printf("%s.%u.0", name, index + 1), in,
        (HrnetNodeSpec){ .out_channels = channels, .kernel = 1, .stride = 1, .relu = TRUE });
}

/* Two projections. */
static guint add_query(HrnetGraphBuilder *b, const gchar *name, guint in, guint channels)
{
    return add_projection(b, name, 2, add_projection(b, name, 0, in, channels), channels);
}

static guint add_classifier(HrnetGraphBuilder *b, const gchar *name, guint in)
{
    return hrnet_graph_add_conv(
        b, g_strdup(name), NULL, in,
        (HrnetNodeSpec){ .out_channels = b->config->n_classes, .kernel = 1, .stride = 1 });
}

/* conv_bn_dropout over the concatenation of context and pixels: a part over each. */
static guint add_bottleneck(HrnetGraphBuilder *b, guint context, guint pixels)
{
    const guint channels = b->config->ocr_channels;
    HrnetNodeSpec spec = { .out_channels = channels, .kernel = 1, .stride = 1 };
    spec.residual = hrnet_graph_add_conv_part(b, g_strdup(DISTRI "conv_bn_dropout.0"),
                                              g_strdup(DISTRI "conv_bn_dropout.1.0"), context, 0,
                                              2 * channels, spec);
    spec.relu = TRUE;
    return hrnet_graph_add_conv_part(b, g_strdup(DISTRI "conv_bn_dropout.0"),
                                     g_strdup(DISTRI "conv_bn_dropout.1.0"), pixels, channels,
                                     2 * channels, spec);
}

void hrnet_graph_add_ocr(HrnetGraphBuilder *b, const HrnetGraphBranches *x)
{
    const HrnetConfig *config = b->config;
    const HrnetGraphMix aux = { "aux_head.0", "aux_head.1", "aux_head", config->head_channels,
                                config->head_kernel };
    const HrnetGraphMix mix = { "conv3x3_ocr.0", "conv3x3_ocr.1", "conv3x3_ocr",
                                config->ocr_channels, 3 };
    guint wide;
    const guint hidden = hrnet_graph_add_mix(b, x, &aux, &b->graph->head);
    const guint areas = add_classifier(b, "aux_head.3", hidden);
    const guint pixels = hrnet_graph_add_mix(b, x, &mix, &wide);

    const guint regions = hrnet_graph_add_gather(b, g_strdup("ocr_gather_head"), pixels, areas);
    const guint keys = add_query(b, BLOCK "f_object", regions, config->ocr_keys);
    const guint values = add_projection(b, BLOCK "f_down", 0, regions, config->ocr_keys);

    const guint queries = add_query(b, BLOCK "f_pixel", pixels, config->ocr_keys);
    b->graph->context = last_node(b) - 1;
    const guint attended =
        hrnet_graph_add_attend(b, g_strdup("ocr_distri_head"), queries, keys, values);
    const guint context = add_projection(b, BLOCK "f_up", 0, attended, config->ocr_channels);
    b->graph->logits = add_classifier(b, "cls_head", add_bottleneck(b, context, pixels));
}
