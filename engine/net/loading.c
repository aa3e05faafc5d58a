/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/loading.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "net/fingerprint.h"
#include "net/layer_buffer.h"

#include <pthread.h>

#define MOST_THREADS 4

HrnetConvShape hrnet_loading_shape(const HrnetNode *node)
{
    const HrnetNodeShape *shape = &node->shape;
    return (HrnetConvShape){
        .in_channels = shape->in_channels,
        .out_channels = shape->out_channels,
        .kernel = shape->kernel,
        .stride = shape->stride,
        .padding_same = shape->padding_same,
    };
}

/* How a node's convolution is packed, and where. */
typedef struct {
    HrnetConvAlgorithm algorithm;
    guint height, width; /* that the algorithm is chosen for */
    gsize offset;        /* bytes into the block */
} Placement;

typedef struct {
    const HrnetGraph *graph;
    HrnetWeights *weights;       /* under the lock, as are next and error */
    const Placement *placements; /* by node */
    guint8 *memory;
    HrnetConv **convs;
    guint64 *marks; /* by node, for hrnet_fingerprint_join() */
    pthread_mutex_t lock;
    guint next;    /* node */
    GError *error; /* of the first failure, which ends the loading */
} Loading;

static Placement place_node(const HrnetGraph *graph, const HrnetNode *node,
                            const HrnetConfig *config, HrnetConvAlgorithm algorithm,
                            const HrnetTuning *tuning)
{
    Placement placement = { .algorithm = algorithm };
    hrnet_graph_tensor_size(hrnet_graph_tensor(graph, node->in), config->input_height,
                            config->input_width, &placement.height, &placement.width);
    const HrnetConvShape shape = hrnet_loading_shape(node);
    if (algorithm == HRNET_CONV_AUTO && tuning)
        placement.algorithm = hrnet_tuning_get(tuning, &shape, placement.height, placement.width);
    return placement;
}

/* Places every convolution, one behind the other, and returns the bytes of them all; 0 where that
 * overflows. */
static gsize place_all(const HrnetGraph *graph, const HrnetConfig *config,
                       HrnetConvAlgorithm algorithm, const HrnetTuning *tuning,
                       Placement *placements)
{
    gsize n_bytes = 0;
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        if (node->type != HRNET_NODE_CONV)
            continue;
        placements[i] = place_node(graph, node, config, algorithm, tuning);
        placements[i].offset = n_bytes;
        const HrnetConvShape shape = hrnet_loading_shape(node);
        const gsize n_node = hrnet_conv_memory_bytes(&shape, placements[i].algorithm,
                                                     placements[i].height, placements[i].width);
        if (n_node == 0 || !hrnet_checked_add(n_bytes, n_node, &n_bytes))
            return 0;
    }
    return n_bytes;
}

/* Takes the next convolution and reads it. Its node's index, or -1 when there are no more. */
static gint read_next(Loading *loading, HrnetLayerBuffer *buffer)
{
    gint taken = -1;
    pthread_mutex_lock(&loading->lock);
    while (taken < 0 && !loading->error && loading->next < loading->graph->nodes->len) {
        const HrnetNode *node = hrnet_graph_node(loading->graph, loading->next);
        if (node->type == HRNET_NODE_CONV &&
            hrnet_layer_buffer_read(buffer, loading->weights, node, &loading->error))
            taken = (gint)loading->next;
        loading->next++;
    }
    pthread_mutex_unlock(&loading->lock);
    return taken;
}

/* Takes from. */
static void set_failure(Loading *loading, GError *from)
{
    pthread_mutex_lock(&loading->lock);
    if (loading->error)
        g_error_free(from);
    else
        loading->error = from;
    pthread_mutex_unlock(&loading->lock);
}

static HrnetConv *pack(const Loading *loading, guint i, HrnetLayerBuffer *buffer)
{
    const HrnetNode *node = hrnet_graph_node(loading->graph, i);
    const Placement *placement = &loading->placements[i];
    const HrnetConvShape shape = hrnet_loading_shape(node);
    return hrnet_conv_new_at(&shape, hrnet_layer_buffer_weights(buffer, node),
                             hrnet_layer_buffer_bias(buffer, node), placement->algorithm,
                             placement->height, placement->width,
                             loading->memory + placement->offset);
}

static void *load_some(void *data)
{
    Loading *loading = data;
    HrnetLayerBuffer buffer = { 0 };
    gint i;
    if (!hrnet_layer_buffer_init(&buffer, loading->graph))
        set_failure(loading,
                    g_error_new(HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_NO_MEMORY,
                                "no memory to read a convolution of %" G_GSIZE_FORMAT " weights",
                                buffer.n_weights));
    else
        while ((i = read_next(loading, &buffer)) >= 0) {
            loading->marks[i] =
                hrnet_fingerprint_layer(hrnet_graph_node(loading->graph, (guint)i), &buffer);
            loading->convs[i] = pack(loading, (guint)i, &buffer);
            if (!loading->convs[i])
                set_failure(loading,
                            g_error_new_literal(HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_NO_MEMORY,
                                                "no memory for a layer"));
        }
    hrnet_layer_buffer_clear(&buffer);
    return NULL;
}

static void share_loading(Loading *loading)
{
    pthread_t threads[MOST_THREADS - 1];
    guint n_threads = 0;
    pthread_mutex_init(&loading->lock, NULL);
    while (n_threads + 1 < MIN(hrnet_cpu_count(), MOST_THREADS) &&
           pthread_create(&threads[n_threads], NULL, load_some, loading) == 0)
        n_threads++; /* where the system refuses some, fewer do it as well */
    load_some(loading);
    for (guint t = 0; t < n_threads; t++)
        pthread_join(threads[t], NULL);
    pthread_mutex_destroy(&loading->lock);
}

gboolean hrnet_loading_run(const HrnetGraph *graph, HrnetWeights *weights,
                           HrnetConvAlgorithm algorithm, const HrnetTuning *tuning,
                           HrnetConv **convs, HrnetPacked *packed, guint64 *fingerprint,
                           GError **error)
{
    g_autofree guint64 *marks = g_new0(guint64, graph->nodes->len);
    g_autofree Placement *placements = g_new0(Placement, graph->nodes->len);
    packed->n_bytes =
        place_all(graph, hrnet_weights_config(weights), algorithm, tuning, placements);
    packed->memory = packed->n_bytes ? hrnet_aligned_alloc(packed->n_bytes) : NULL;
    if (!packed->memory) {
        g_set_error(error, HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_NO_MEMORY,
                    "no memory for %" G_GSIZE_FORMAT " bytes of packed weights", packed->n_bytes);
        return FALSE;
    }
    Loading loading = { graph, weights, placements, packed->memory, convs, marks, .error = NULL };
    share_loading(&loading);
    *fingerprint = hrnet_fingerprint_join(hrnet_weights_config(weights), marks, graph->nodes->len);
    if (loading.error)
        g_propagate_error(error, loading.error);
    return !loading.error;
}
