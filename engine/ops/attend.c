/* Both products are those of a 1x1 convolution, whose weights are the regions' keys and values.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/attend.h"

#include "ops/conv_layer.h"

#include <math.h>
#include <string.h>

#define TASK_PIXELS 192 /* a multiple of 16 */

/* Layers whose weights lie in the scratch, in this order: zeros for their biases, weights. */
typedef struct {
    HrnetConv score, mix;
    size_t n_floats;
} Layers;

static HrnetConv layer(unsigned in_channels, unsigned out_channels, float *bias, float *packed)
{
    return (HrnetConv){
        .shape = { .in_channels = in_channels,
                   .out_channels = out_channels,
                   .kernel = 1,
                   .stride = 1 },
        .method = &hrnet_conv_method_direct,
        .bias = bias,
        .packed = packed,
    };
}

static Layers layers_of(const HrnetAttendArgs *args)
{
    const unsigned channels = args->keys.channels, regions = args->keys.width;
    const size_t n_bias = hrnet_round_up(channels > regions ? channels : regions, 16);
    const size_t n_weights = hrnet_round_up((size_t)channels * regions, 16);
    float *packed = args->scratch ? args->scratch + n_bias : NULL;
    return (Layers){
        .score = layer(channels, regions, args->scratch, packed),
        .mix = layer(regions, channels, args->scratch, packed ? packed + n_weights : NULL),
        .n_floats = n_bias + 2 * n_weights,
    };
}

size_t hrnet_attend_prepared_floats(const HrnetAttendArgs *args)
{
    return layers_of(args).n_floats;
}

/* Weights that lie as [input][output] or [output][input], scaled, for the tile kernels. */
static void pack(const HrnetConv *conv, const float *weights, size_t in_floats, size_t out_floats,
                 float scale)
{
    const unsigned n_out = conv->shape.out_channels;
    const unsigned block_rows = hrnet_conv_block_rows(n_out);
    float *packed = conv->packed;
    for (unsigned first = 0; first < n_out; first += block_rows) {
        const unsigned rows = n_out - first < block_rows ? n_out - first : block_rows;
        for (unsigned i = 0; i < conv->shape.in_channels; i++)
            for (unsigned r = 0; r < rows; r++)
                *packed++ = weights[i * in_floats + (first + r) * out_floats] * scale;
    }
}

void hrnet_attend_prepare(const HrnetAttendArgs *args)
{
    const Layers layers = layers_of(args);
    memset(args->scratch, 0, (size_t)(layers.score.packed - args->scratch) * sizeof(float));
    pack(&layers.score, args->keys.data, args->keys.plane_floats, 1,
         1.0f / sqrtf((float)args->keys.channels));
    pack(&layers.mix, args->values.data, 1, args->values.plane_floats, 1.0f);
}

/* Over the regions, of each pixel. The two planes behind the scores take the largest of them and
 * their sum. */
static void softmax(const HrnetAttendPixels *pixels, unsigned n_regions)
{
    const size_t plane = pixels->scores_plane_floats;
    float *largest = pixels->scores + n_regions * plane, *sum = largest + plane;
    memcpy(largest, pixels->scores, pixels->n_pixels * sizeof *largest);
    memset(sum, 0, pixels->n_pixels * sizeof *sum);
    for (unsigned k = 1; k < n_regions; k++) {
        const float *scores = pixels->scores + k * plane;
        for (size_t p = 0; p < pixels->n_pixels; p++)
            largest[p] = scores[p] > largest[p] ? scores[p] : largest[p];
    }
    for (unsigned k = 0; k < n_regions; k++) {
        float *scores = pixels->scores + k * plane;
        for (size_t p = 0; p < pixels->n_pixels; p++) {
            scores[p] = expf(scores[p] - largest[p]);
            sum[p] += scores[p];
        }
    }
    for (size_t p = 0; p < pixels->n_pixels; p++)
        sum[p] = 1.0f / sum[p];
    for (unsigned k = 0; k < n_regions; k++) {
        float *scores = pixels->scores + k * plane;
        for (size_t p = 0; p < pixels->n_pixels; p++)
            scores[p] *= sum[p];
    }
}

void hrnet_attend_run_pixels(const HrnetAttendArgs *args, const HrnetAttendPixels *pixels)
{
    const unsigned channels = args->keys.channels, regions = args->keys.width;
    const Layers layers = layers_of(args);
    hrnet_conv_run_pixels(&layers.score,
                          &(HrnetConvPixels){ .in = pixels->queries,
                                              .in_plane_floats = pixels->queries_plane_floats,
                                              .out = pixels->scores,
                                              .out_plane_floats = pixels->scores_plane_floats,
                                              .n_pixels = pixels->n_pixels,
                                              .n_out = regions,
                                              .n_in = channels });
    softmax(pixels, regions);
    hrnet_conv_run_pixels(&layers.mix,
                          &(HrnetConvPixels){ .in = pixels->scores,
                                              .in_plane_floats = pixels->scores_plane_floats,
                                              .out = pixels->out,
                                              .out_plane_floats = pixels->out_plane_floats,
                                              .n_pixels = pixels->n_pixels,
                                              .n_out = channels,
                                              .n_in = regions });
}

static size_t scores_floats(const HrnetAttendArgs *args)
{
    return (size_t)TASK_PIXELS * (args->keys.width + 2);
}

size_t hrnet_attend_scratch_floats(const HrnetAttendArgs *args, unsigned n_threads)
{
    return hrnet_attend_prepared_floats(args) + n_threads * scores_floats(args);
}

static void attend_task(void *data, unsigned task, unsigned thread)
{
    const HrnetAttendArgs *args = data;
    const size_t first = (size_t)task * TASK_PIXELS;
    const size_t left = (size_t)args->queries.height * args->queries.width - first;
    hrnet_attend_run_pixels(args, &(HrnetAttendPixels){
                                      .queries = args->queries.data + first,
                                      .queries_plane_floats = args->queries.plane_floats,
                                      .scores = args->scratch + hrnet_attend_prepared_floats(args) +
                                                thread * scores_floats(args),
                                      .scores_plane_floats = TASK_PIXELS,
                                      .out = args->out.data + first,
                                      .out_plane_floats = args->out.plane_floats,
                                      .n_pixels = left < TASK_PIXELS ? left : TASK_PIXELS,
                                  });
}

void hrnet_attend_run(const HrnetAttendArgs *args, HrnetWorkers *workers)
{
    const size_t n_pixels = (size_t)args->queries.height * args->queries.width;
    HrnetAttendArgs shared = *args;
    hrnet_attend_prepare(args);
    hrnet_workers_run(workers, (unsigned)((n_pixels + TASK_PIXELS - 1) / TASK_PIXELS), attend_task,
                      &shared);
}
