/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/int8_network.h"

#include "net/fingerprint.h"
#include "net/int8_ranges.h"
#include "net/int8_shifts.h"
#include "net/loading.h"
#include "ops/int8_sum.h"
#include "weights/failure.h"

#include <string.h>

typedef struct {
    const HrnetGraph *graph;
    HrnetWeights *file;
    HrnetInt8Network *network;
    HrnetLayerBuffer buffer;
    HrnetInt8Shifts *shifts;
    gfloat *weights, *bias; /* a layer's, of tensors as they are stored */
    GError **error;
} Packing;

/* The planes' own, in their order. */
static HrnetInt8LevelMap level_map(const HrnetConfig *config)
{
    const guint n = config->input_channels;
    gfloat mean[HRNET_INT8_LEVEL_PLANES], std[HRNET_INT8_LEVEL_PLANES];
    for (guint c = 0; c < n; c++) {
        const guint from = config->bgr ? n - 1 - c : c;
        mean[c] = config->mean[from];
        std[c] = config->std[from];
    }
    return hrnet_int8_level_map(n, mean, std);
}

/* Of the numbers themselves: levels that go in, scores that come out. */
static const HrnetInt8Range unscaled = { .scale = 1 };

static HrnetInt8Range tensor_range(const HrnetInt8Span *span, gboolean relu)
{
    return hrnet_int8_range(relu ? 0 : span->low, span->high);
}

/* Ranges of all tensors, from those of the numbers that calibration has seen. */
static void set_ranges(Packing *p, const HrnetInt8Span *spans)
{
    for (guint i = 0; i < p->graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(p->graph, i);
        p->network->ranges[node->out] =
            node->out == p->graph->logits ? unscaled : tensor_range(&spans[node->out], node->relu);
    }
}

static gboolean fail_range(const Packing *p, const HrnetNode *node)
{
    return hrnet_weights_fail(p->error, HRNET_WEIGHTS_ERROR_OPTION, hrnet_weights_path(p->file),
                              "layer %s cannot be computed in int8: its weights and the ranges of "
                              "what it reads and makes are too far apart",
                              node->name);
}

/* The weights of a layer that reads levels: each plane's are of a level's distance. */
static void scale_to_levels(Packing *p, const HrnetNode *node)
{
    const guint area = node->shape.kernel * node->shape.kernel, n_in = node->shape.in_channels;
    for (guint k = 0; k < node->shape.out_channels; k++)
        for (guint c = 0; c < n_in; c++)
            for (guint t = 0; t < area; t++) {
                const guint i = (k * n_in + c) * area + t;
                p->weights[i] = (gfloat)(p->weights[i] * p->network->levels.scale[c]);
            }
}

static gboolean pack_layer(Packing *p, guint i)
{
    const HrnetNode *node = hrnet_graph_node(p->graph, i);
    const gboolean reads_levels = node->in == p->graph->input;
    const HrnetInt8Range *ranges = p->network->ranges;
    const gfloat *bias = hrnet_layer_buffer_bias(&p->buffer, node);
    hrnet_int8_shifts_apply(p->shifts, node, hrnet_layer_buffer_weights(&p->buffer, node), bias,
                            p->weights, p->bias);
    if (reads_levels)
        scale_to_levels(p, node);
    HrnetInt8Layer numbers = {
        .in_channels = node->shape.in_channels,
        .out_channels = node->shape.out_channels,
        .kernel = node->shape.kernel,
        .weights = p->weights,
        .bias = bias ? p->bias : NULL,
        .in = reads_levels ? unscaled : ranges[node->in],
        .out = ranges[node->out],
        .residual = node->residual == HRNET_NO_TENSOR ? NULL : &ranges[node->residual],
        .in_zeros = reads_levels ? p->network->levels.zero : NULL,
    };
    HrnetInt8ConvLayer **layer = &p->network->layers[i];
    const HrnetConvShape shape = hrnet_loading_shape(node);
    if (!hrnet_int8_conv_new(&shape, &numbers, layer))
        return fail_range(p, node);
    if (!*layer)
        return hrnet_weights_fail(p->error, HRNET_WEIGHTS_ERROR_NO_MEMORY,
                                  hrnet_weights_path(p->file), "no memory for layer %s",
                                  node->name);
    p->network->n_bytes += hrnet_int8_conv_bytes(*layer);
    return TRUE;
}

static gboolean check_sum(const Packing *p, const HrnetNode *node)
{
    HrnetInt8SumArgs args = { .has_base = node->in != HRNET_NO_TENSOR,
                              .n_sources = node->n_sources };
    if (args.has_base)
        args.base.range = p->network->ranges[node->in];
    for (guint s = 0; s < node->n_sources; s++)
        args.sources[s].range = p->network->ranges[node->sources[s]];
    args.out.range = p->network->ranges[node->out];
    return hrnet_int8_sum_supports(&args) || fail_range(p, node);
}

/* Reads all layers for their fingerprint, before any is packed by ranges that may be of others. */
static gboolean read_fingerprint(Packing *p, guint64 *fingerprint)
{
    const guint n = p->graph->nodes->len;
    g_autofree guint64 *marks = g_new0(guint64, n);
    for (guint i = 0; i < n; i++) {
        const HrnetNode *node = hrnet_graph_node(p->graph, i);
        if (node->type != HRNET_NODE_CONV)
            continue;
        if (!hrnet_layer_buffer_read(&p->buffer, p->file, node, p->error))
            return FALSE;
        marks[i] = hrnet_fingerprint_layer(node, &p->buffer);
    }
    *fingerprint = hrnet_fingerprint_join(hrnet_weights_config(p->file), marks, n);
    return TRUE;
}

static gboolean pack_all(Packing *p)
{
    for (guint i = 0; i < p->graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(p->graph, i);
        if (node->type == HRNET_NODE_RESIZE_ADD
                ? !check_sum(p, node)
                : !hrnet_layer_buffer_read(&p->buffer, p->file, node, p->error) ||
                      !pack_layer(p, i))
            return FALSE;
    }
    return TRUE;
}

const gchar *hrnet_int8_unknown(const HrnetGraph *graph, const HrnetConfig *config)
{
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        if (node->type != HRNET_NODE_CONV && node->type != HRNET_NODE_RESIZE_ADD)
            return "the regions of HRNetV2+OCR";
    }
    return config->exchange_twice ? "hrnet.exchange_twice" : NULL;
}

static gboolean read_and_pack(Packing *p, guint64 *fingerprint)
{
    const HrnetConfig *config = hrnet_weights_config(p->file);
    const gchar *path = hrnet_weights_path(p->file);
    const gchar *unknown = hrnet_int8_unknown(p->graph, config);
    if (unknown)
        return hrnet_weights_fail(p->error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, path,
                                  "int8 does not know %s", unknown);
    const gboolean has_buffer = hrnet_layer_buffer_init(&p->buffer, p->graph);
    p->weights = g_try_new(gfloat, p->buffer.n_weights);
    p->bias = g_try_new(gfloat, p->buffer.n_bias);
    if (!has_buffer || !p->weights || !p->bias)
        return hrnet_weights_fail(p->error, HRNET_WEIGHTS_ERROR_NO_MEMORY, path,
                                  "no memory to read a convolution of %" G_GSIZE_FORMAT " weights",
                                  p->buffer.n_weights);
    g_autofree HrnetInt8Span *spans = g_new0(HrnetInt8Span, p->graph->tensors->len);
    if (!read_fingerprint(p, fingerprint) ||
        !hrnet_int8_ranges_read(p->graph, p->file, *fingerprint, spans, p->error))
        return FALSE;
    p->shifts = hrnet_int8_shifts_read(p->graph, p->file, p->error);
    if (!p->shifts)
        return FALSE;
    p->network->levels = level_map(config);
    set_ranges(p, spans);
    return pack_all(p);
}

HrnetInt8Network *hrnet_int8_network_new(const HrnetGraph *graph, HrnetWeights *weights,
                                         guint64 *fingerprint, GError **error)
{
    HrnetInt8Network *network = g_new0(HrnetInt8Network, 1);
    network->n_nodes = graph->nodes->len;
    network->layers = g_new0(HrnetInt8ConvLayer *, network->n_nodes);
    network->ranges = g_new0(HrnetInt8Range, graph->tensors->len);
    Packing packing = { graph, weights, network, .error = error };
    const gboolean good = read_and_pack(&packing, fingerprint);
    hrnet_layer_buffer_clear(&packing.buffer);
    hrnet_int8_shifts_free(packing.shifts);
    g_free(packing.weights);
    g_free(packing.bias);
    if (!good)
        g_clear_pointer(&network, hrnet_int8_network_free);
    return network;
}

/* Ranges are part of the layers' numbers but for the zero points and factors of sums. */
gboolean hrnet_int8_network_equal(const HrnetInt8Network *a, const HrnetInt8Network *b)
{
    if (a->n_nodes != b->n_nodes || a->n_bytes != b->n_bytes)
        return FALSE;
    for (guint i = 0; i < a->n_nodes; i++)
        if (!a->layers[i] != !b->layers[i] ||
            (a->layers[i] && !hrnet_int8_conv_equal(a->layers[i], b->layers[i])))
            return FALSE;
    return TRUE;
}

void hrnet_int8_network_free(HrnetInt8Network *network)
{
    if (!network)
        return;
    for (guint i = 0; i < network->n_nodes; i++)
        hrnet_int8_conv_free(network->layers[i]);
    g_free(network->layers);
    g_free(network->ranges);
    g_free(network);
}
