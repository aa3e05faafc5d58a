/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/loading.h"

#include "base/cpu.h"

#include <pthread.h>
#include <string.h>

#define MOST_THREADS 4

/* Room for one convolution as the checkpoint has it, kept between layers. */
typedef struct {
    gfloat *weights;
    gsize n_weights;
    gfloat *part; /* the input channels of one node of several */
    gfloat *bias;
} ReadBuffer;

static gsize kernel_area(const HrnetNode *node)
{
    return (gsize)node->shape.kernel * node->shape.kernel;
}

/* Room for the largest convolution of the graph. The sizes were checked against the file's tensors.
 */
static gboolean read_buffer_init(ReadBuffer *buffer, const HrnetGraph *graph)
{
    gsize n_weights = 0, n_bias = 0;
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        if (node->type != HRNET_NODE_CONV)
            continue;
        n_weights = MAX(n_weights,
                        (gsize)node->shape.out_channels * node->total_channels * kernel_area(node));
        n_bias = MAX(n_bias, node->shape.out_channels);
    }
    buffer->n_weights = n_weights;
    buffer->weights = g_try_new(gfloat, n_weights);
    buffer->part = g_try_new(gfloat, n_weights);
    buffer->bias = g_try_new(gfloat, n_bias);
    return buffer->weights && buffer->part && buffer->bias;
}

static void read_buffer_clear(ReadBuffer *buffer)
{
    g_free(buffer->weights);
    g_free(buffer->part);
    g_free(buffer->bias);
}

/* The node's own input channels out of the convolution's. */
static const gfloat *slice_channels(const HrnetNode *node, ReadBuffer *buffer)
{
    const HrnetConvShape *shape = &node->shape;
    if (shape->in_channels == node->total_channels)
        return buffer->weights;
    const gsize area = kernel_area(node);
    for (guint k = 0; k < shape->out_channels; k++)
        memcpy(buffer->part + k * shape->in_channels * area,
               buffer->weights + (k * (gsize)node->total_channels + node->first_channel) * area,
               shape->in_channels * area * sizeof(gfloat));
    return buffer->part;
}

typedef struct {
    const HrnetGraph *graph;
    HrnetWeights *weights; /* under the lock, as is all below but convs */
    HrnetConvAlgorithm algorithm;
    const HrnetTuning *tuning;
    HrnetConv **convs;
    pthread_mutex_t lock;
    guint next;    /* node */
    GError *error; /* of the first failure, which ends the loading */
} Loading;

/* Takes the next convolution and reads it. Its node's index, or -1 when there are no more. */
static gint read_next(Loading *loading, ReadBuffer *buffer, HrnetConvAlgorithm *algorithm,
                      guint *height, guint *width)
{
    const HrnetConfig *config = hrnet_weights_config(loading->weights);
    gint taken = -1;
    pthread_mutex_lock(&loading->lock);
    while (taken < 0 && !loading->error && loading->next < loading->graph->nodes->len) {
        const HrnetNode *node = hrnet_graph_node(loading->graph, loading->next);
        const HrnetConvShape *shape = &node->shape;
        if (node->type == HRNET_NODE_CONV &&
            hrnet_weights_read_conv(loading->weights, node->name, node->norm, shape->out_channels,
                                    node->total_channels, shape->kernel, buffer->weights,
                                    buffer->bias, &loading->error)) {
            const guint level = hrnet_graph_tensor(loading->graph, node->in)->level;
            taken = (gint)loading->next;
            *height = hrnet_graph_level_size(config->input_height, level);
            *width = hrnet_graph_level_size(config->input_width, level);
            *algorithm = loading->algorithm;
            if (*algorithm == HRNET_CONV_AUTO && loading->tuning)
                *algorithm = hrnet_tuning_get(loading->tuning, shape, *height, *width);
        }
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

static void *load_some(void *data)
{
    Loading *loading = data;
    ReadBuffer buffer = { 0 };
    HrnetConvAlgorithm algorithm;
    guint height, width;
    gint i;
    if (!read_buffer_init(&buffer, loading->graph))
        set_failure(loading,
                    g_error_new(HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_NO_MEMORY,
                                "no memory to read a convolution of %" G_GSIZE_FORMAT " weights",
                                buffer.n_weights));
    else
        while ((i = read_next(loading, &buffer, &algorithm, &height, &width)) >= 0) {
            const HrnetNode *node = hrnet_graph_node(loading->graph, (guint)i);
            loading->convs[i] =
                hrnet_conv_new(&node->shape, slice_channels(node, &buffer),
                               node->has_bias ? buffer.bias : NULL, algorithm, height, width);
            if (!loading->convs[i])
                set_failure(loading, g_error_new(HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_NO_MEMORY,
                                                 "no memory for the weights of %s", node->name));
        }
    read_buffer_clear(&buffer);
    return NULL;
}

gboolean hrnet_loading_run(const HrnetGraph *graph, HrnetWeights *weights,
                           HrnetConvAlgorithm algorithm, const HrnetTuning *tuning,
                           HrnetConv **convs, GError **error)
{
    Loading loading = { graph, weights, algorithm, tuning, convs, .next = 0, .error = NULL };
    pthread_t threads[MOST_THREADS - 1];
    guint n_threads = 0;
    pthread_mutex_init(&loading.lock, NULL);
    while (n_threads + 1 < MIN(hrnet_cpu_count(), MOST_THREADS) &&
           pthread_create(&threads[n_threads], NULL, load_some, &loading) == 0)
        n_threads++; /* where the system refuses some, fewer do it as well */
    load_some(&loading);
    for (guint t = 0; t < n_threads; t++)
        pthread_join(threads[t], NULL);
    pthread_mutex_destroy(&loading.lock);
    if (loading.error)
        g_propagate_error(error, loading.error);
    return !loading.error;
}
