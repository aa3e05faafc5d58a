/* The graph of each variant: published parameter counts and multiply-adds, order and halving.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/graph.h"
#include "support/synthetic.h"

#include <math.h>

static const struct {
    const gchar *variant;
    gdouble gmac; /* at 512x1024, 19 classes */
} published[] = {
    { "w18-small-v1", 8.35 }, { "w18-small-v2", 19.21 }, { "w18", 36.85 },      { "w32", 90.31 },
    { "w48", 186.88 },        { "w32-single", 45.83 },   { "w48-ocr", 324.48 },
};

static void test_gmac(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(published); i++) {
        HrnetConfig config;
        g_assert_true(synthetic_config(published[i].variant, 19, &config));
        HrnetGraph *graph = hrnet_graph_new(&config);
        g_test_message("%s: %.4f", published[i].variant, hrnet_graph_gmac(graph, 512, 1024));
        g_assert_cmpfloat(fabs(hrnet_graph_gmac(graph, 512, 1024) - published[i].gmac), <, 0.006);
        hrnet_graph_free(graph);
    }
}

/* Every tensor is written by one node, before any node reads it. */
static void test_order(gconstpointer variant)
{
    HrnetConfig config;
    g_assert_true(synthetic_config(variant, 19, &config));
    HrnetGraph *graph = hrnet_graph_new(&config);
    g_autofree gboolean *written = g_new0(gboolean, graph->tensors->len);
    written[graph->input] = TRUE;
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        g_assert_true(node->in == HRNET_NO_TENSOR || written[node->in]);
        g_assert_true(node->residual == HRNET_NO_TENSOR || written[node->residual]);
        for (guint s = 0; s < node->n_sources; s++)
            g_assert_true(written[node->sources[s]]);
        g_assert_false(written[node->out]);
        written[node->out] = TRUE;
    }
    g_assert_true(written[graph->logits]);
    hrnet_graph_free(graph);
}

static void test_level_size(void)
{
    g_assert_cmpuint(hrnet_graph_level_size(33, 0), ==, 33);
    g_assert_cmpuint(hrnet_graph_level_size(33, 1), ==, 17);
    g_assert_cmpuint(hrnet_graph_level_size(33, 5), ==, 2);
    g_assert_cmpuint(hrnet_graph_level_size(1, 5), ==, 1);
    g_assert_cmpuint(hrnet_graph_level_size(1024, 5), ==, 32);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/graph/gmac", test_gmac);
    g_test_add_data_func("/graph/order", "w18", test_order);
    g_test_add_data_func("/graph/order/ocr", "w18-ocr", test_order);
    g_test_add_func("/graph/level-size", test_level_size);
    return g_test_run();
}
