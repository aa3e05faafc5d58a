/* Graphs that are no network any more: every node of a small export dropped, bypassed, replaced,
 * duplicated and rewired in its turn. What comes of that is refused in one line, or is the same
 * network still.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "graph/convs.h"
#include "weights/onnx.pb-c.h"
#include "weights/weights.h"

#define FARTHEST 40 /* values back and forth that an input is rewired to */

/* An export, and which names in it are feature maps. */
typedef struct {
    gchar *bytes;
    gsize n_bytes;
    Onnx__ModelProto *model;
    GHashTable *features;
    GPtrArray *in_order; /* the same names */
    GHashTable *weights; /* layer -> its floats, of the network as it is */
} Export;

static gboolean is_one_of(const gchar *type, const gchar *const *types)
{
    return g_strv_contains(types, type);
}

static void add_feature(Export *export, gchar *name)
{
    g_hash_table_add(export->features, name);
    g_ptr_array_add(export->in_order, name);
}

/* Sizes are read off feature maps, but are none. */
static gboolean makes_feature(const Export *export, const Onnx__NodeProto *node)
{
    if (strcmp(node->op_type, "Shape") == 0)
        return FALSE;
    for (gsize i = 0; i < node->n_input; i++)
        if (g_hash_table_contains(export->features, node->input[i]))
            return TRUE;
    return FALSE;
}

static void find_features(Export *export)
{
    Onnx__GraphProto *graph = export->model->graph;
    export->features = g_hash_table_new(g_str_hash, g_str_equal);
    export->in_order = g_ptr_array_new();
    add_feature(export, graph->input[0]->name);
    for (gsize i = 0; i < graph->n_node; i++)
        if (makes_feature(export, graph->node[i]))
            add_feature(export, graph->node[i]->output[0]);
}

/* Over the one before: a file made anew each time, thousands of them, waits for what others write
 * to the disc. */
static gchar *write_model(const Onnx__ModelProto *model)
{
    gchar *path = g_build_filename(checkpoint_folder(), "graph.onnx", NULL);
    const gsize n_bytes = onnx__model_proto__get_packed_size(model);
    g_autofree guint8 *bytes = g_malloc(n_bytes);
    onnx__model_proto__pack(model, bytes);
    const int file = g_open(path, O_WRONLY | O_CREAT, 0600);
    g_assert_cmpint(file, >=, 0);
    g_assert_cmpint(write(file, bytes, n_bytes), ==, (gssize)n_bytes);
    g_assert_cmpint(ftruncate(file, (off_t)n_bytes), ==, 0);
    g_close(file, NULL);
    return path;
}

static gboolean read_layer(const HrnetConvSpec *spec, GBytes **bytes, HrnetWeights *weights)
{
    const gsize n =
        (gsize)spec->out_channels * (spec->in_channels * spec->kernel * spec->kernel + 1);
    gfloat *values = g_new(gfloat, n);
    const gboolean good = hrnet_weights_read_conv(
        weights, spec->conv, spec->norm, spec->out_channels, spec->in_channels, spec->kernel,
        values, values + n - spec->out_channels, NULL);
    *bytes = g_bytes_new_take(values, n * sizeof *values);
    return good;
}

typedef struct {
    Export *export;
    HrnetWeights *weights;
} Reading;

static gboolean note_layer(const HrnetConvSpec *spec, gpointer data)
{
    Reading *reading = data;
    GBytes *bytes;
    g_assert_true(read_layer(spec, &bytes, reading->weights));
    g_hash_table_insert(reading->export->weights, g_strdup(spec->conv), bytes);
    return TRUE;
}

static gboolean same_layer(const HrnetConvSpec *spec, gpointer data)
{
    Reading *reading = data;
    g_autoptr(GBytes) bytes = NULL;
    GBytes *expected = g_hash_table_lookup(reading->export->weights, spec->conv);
    return read_layer(spec, &bytes, reading->weights) && expected && g_bytes_equal(bytes, expected);
}

/* Whether the changed graph is refused; else it has to hold the same network. */
static gboolean refused(Export *export, const gchar *what, guint node)
{
    g_autofree gchar *path = write_model(export->model);
    g_autoptr(GError) error = NULL;
    HrnetWeights *weights = hrnet_weights_open(path, NULL, &error);
    if (!weights) {
        g_assert_true(g_str_has_prefix(error->message, path));
        g_assert_null(strchr(error->message, '\n'));
        return TRUE;
    }
    g_assert_no_error(error);
    Reading reading = { export, weights };
    if (!hrnet_config_each_conv(hrnet_weights_config(weights), same_layer, &reading))
        g_error("node %u %s: read as another network", node, what);
    hrnet_weights_close(weights);
    return FALSE;
}

static void expect_refusal(Export *export, const gchar *what, guint node)
{
    if (!refused(export, what, node))
        g_error("node %u (%s) %s: not refused", node, export->model->graph->node[node]->op_type,
                what);
}

static void open_export(Export *export, const gchar *name)
{
    g_autofree gchar *path = g_build_filename(HRNET_TEST_CORPUS, name, NULL);
    g_assert_true(g_file_get_contents(path, &export->bytes, &export->n_bytes, NULL));
    export->model = onnx__model_proto__unpack(NULL, export->n_bytes, (const guint8 *)export->bytes);
    g_assert_nonnull(export->model);
    find_features(export);
    export->weights =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    HrnetWeights *weights = hrnet_weights_open(path, NULL, NULL);
    g_assert_nonnull(weights);
    Reading reading = { export, weights };
    hrnet_config_each_conv(hrnet_weights_config(weights), note_layer, &reading);
    hrnet_weights_close(weights);
}

static void close_export(Export *export)
{
    g_hash_table_unref(export->weights);
    g_hash_table_unref(export->features);
    g_ptr_array_unref(export->in_order);
    onnx__model_proto__free_unpacked(export->model, NULL);
    g_free(export->bytes);
}

/* Takes a node out for the while, and puts it back. */
static Onnx__NodeProto *take_out(Onnx__GraphProto *graph, guint i)
{
    Onnx__NodeProto *node = graph->node[i];
    memmove(graph->node + i, graph->node + i + 1, (graph->n_node - i - 1) * sizeof *graph->node);
    graph->n_node--;
    return node;
}

static void put_back(Onnx__GraphProto *graph, guint i, Onnx__NodeProto *node)
{
    memmove(graph->node + i + 1, graph->node + i, (graph->n_node - i) * sizeof *graph->node);
    graph->node[i] = node;
    graph->n_node++;
}

/* Every use of a name, the graph's outputs included, is one of another. */
static void rename_uses(Onnx__GraphProto *graph, gchar *from, gchar *to)
{
    for (gsize k = 0; k < graph->n_node; k++)
        for (gsize i = 0; i < graph->node[k]->n_input; i++)
            if (graph->node[k]->input[i] == from || strcmp(graph->node[k]->input[i], from) == 0)
                graph->node[k]->input[i] = to;
    for (gsize i = 0; i < graph->n_output; i++)
        if (strcmp(graph->output[i]->name, from) == 0)
            graph->output[i]->name = to;
}

static void test_dropped(gconstpointer name)
{
    Export export;
    open_export(&export, name);
    Onnx__GraphProto *graph = export.model->graph;
    for (guint i = 0; i < graph->n_node; i++) {
        Onnx__NodeProto *node = take_out(graph, i);
        const gboolean good = refused(&export, "dropped", i);
        put_back(graph, i, node);
        if (!good)
            g_error("node %u (%s) dropped: not refused", i, node->op_type);
    }
    close_export(&export);
}

/* The node's input in the place of its output: among others, the ReLU between two convolutions of
 * an exchange unit is gone. Each graph is parsed anew, as names are shared. */
static void test_bypassed(gconstpointer name)
{
    /* without a normalisation it is a sound network of other weights */
    static const gchar *const same[] = { "Identity", "Cast", "BatchNormalization", NULL };
    guint n_nodes = 1;
    for (guint i = 0; i < n_nodes; i++) {
        Export export;
        open_export(&export, name);
        Onnx__GraphProto *graph = export.model->graph;
        n_nodes = (guint)graph->n_node;
        Onnx__NodeProto *node = graph->node[i];
        if (makes_feature(&export, node) && !is_one_of(node->op_type, same)) {
            gchar *input = g_strdup(node->input[0]), *output = node->output[0];
            GPtrArray *uses = g_ptr_array_new();
            take_out(graph, i);
            for (gsize k = 0; k < graph->n_node; k++)
                for (gsize j = 0; j < graph->node[k]->n_input; j++)
                    if (strcmp(graph->node[k]->input[j], output) == 0) {
                        g_ptr_array_add(uses, &graph->node[k]->input[j]);
                        g_ptr_array_add(uses, graph->node[k]->input[j]);
                    }
            gchar *outer = graph->output[0]->name;
            rename_uses(graph, output, input);
            const gboolean good = refused(&export, "bypassed", i);
            for (guint k = 0; k < uses->len; k += 2)
                *(gchar **)uses->pdata[k] = uses->pdata[k + 1];
            graph->output[0]->name = outer;
            put_back(graph, i, node);
            g_ptr_array_unref(uses);
            g_free(input);
            if (!good)
                g_error("node %u (%s) bypassed: not refused", i, node->op_type);
        }
        close_export(&export);
    }
}

static void test_replaced(gconstpointer name)
{
    static gchar *const others[] = {
        (gchar *)"Sigmoid", (gchar *)"Relu",   (gchar *)"Conv",
        (gchar *)"Add",     (gchar *)"Concat", (gchar *)"Resize",
        (gchar *)"Clip",    (gchar *)"Pad",    (gchar *)"BatchNormalization"
    };
    Export export;
    open_export(&export, name);
    for (guint i = 0; i < export.model->graph->n_node; i++) {
        Onnx__NodeProto *node = export.model->graph->node[i];
        gchar *type = node->op_type, *domain = node->domain;
        node->domain = (gchar *)"com.example";
        expect_refusal(&export, "of another domain", i);
        node->domain = domain;
        const gboolean feature = makes_feature(&export, node);
        node->op_type = NULL;
        if (!refused(&export, "of no type", i) && feature)
            g_error("node %u (%s) of no type: not refused", i, type);
        for (guint k = 0; k < G_N_ELEMENTS(others); k++) {
            if (strcmp(type, others[k]) == 0 || (!feature && k != i % G_N_ELEMENTS(others)))
                continue;
            node->op_type = others[k];
            if (!refused(&export, others[k], i) && feature)
                g_error("node %u (%s) as %s: not refused", i, type, others[k]);
        }
        node->op_type = type;
    }
    close_export(&export);
}

/* Twice by one name; and once more by another, which nothing uses. */
static void test_duplicated(gconstpointer name)
{
    static const gchar *const same[] = { "Identity", "Cast", NULL };
    Export export;
    open_export(&export, name);
    Onnx__GraphProto *graph = export.model->graph;
    Onnx__NodeProto **nodes = graph->node;
    graph->node = g_new(Onnx__NodeProto *, graph->n_node + 1);
    memcpy(graph->node, nodes, graph->n_node * sizeof *nodes);
    for (guint i = 0; i < graph->n_node; i++) {
        Onnx__NodeProto copy = *graph->node[i];
        gchar *output = (gchar *)"another";
        const gboolean feature = makes_feature(&export, &copy) && !is_one_of(copy.op_type, same);
        put_back(graph, i + 1, &copy);
        expect_refusal(&export, "twice", i + 1);
        copy.output = &output;
        copy.n_output = 1;
        if (!refused(&export, "again", i + 1) && feature)
            g_error("node %u (%s) again: not refused", i, copy.op_type);
        take_out(graph, i + 1);
    }
    g_free(graph->node);
    graph->node = nodes;
    close_export(&export);
}

static void test_rewired(gconstpointer name)
{
    Export export;
    guint n = 0;
    open_export(&export, name);
    Onnx__GraphProto *graph = export.model->graph;
    for (guint i = 0; i < graph->n_node; i++) {
        Onnx__NodeProto *node = graph->node[i];
        for (gsize k = 0; makes_feature(&export, node) && k < node->n_input; k++) {
            gchar *input = node->input[k];
            for (guint v = i % 5; v < export.in_order->len && v < n + FARTHEST; v += 5) {
                gchar *other = export.in_order->pdata[v];
                if (!g_hash_table_contains(export.features, input) || strcmp(other, input) == 0)
                    continue;
                node->input[k] = other;
                expect_refusal(&export, "rewired", i);
            }
            node->input[k] = (gchar *)"no such value";
            expect_refusal(&export, "rewired to nothing", i);
            node->input[k] = input;
        }
        n += makes_feature(&export, node);
    }
    close_export(&export);
}

int main(int argc, char **argv)
{
    static const struct {
        const gchar *name;
        GTestDataFunc func;
    } tests[] = {
        { "dropped", test_dropped },   { "bypassed", test_bypassed },
        { "replaced", test_replaced }, { "duplicated", test_duplicated },
        { "rewired", test_rewired },
    };
    static const gchar *const exports[] = { "folded", "norm" };
    g_test_init(&argc, &argv, NULL);
    for (guint e = 0; e < G_N_ELEMENTS(exports); e++)
        for (guint t = 0; t < G_N_ELEMENTS(tests); t++) {
            g_autofree gchar *path =
                g_strdup_printf("/onnx-graphs/%s/%s", exports[e], tests[t].name);
            g_test_add_data_func(path, exports[e], tests[t].func);
        }
    return g_test_run();
}
