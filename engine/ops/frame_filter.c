/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/frame_filter.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The taps of one output over pixels. */
typedef struct {
    unsigned first, count;
    float *weights;
} PixelTaps;

static float triangle(float x)
{
    x = fabsf(x);
    return x < 1.0f ? 1.0f - x : 0.0f;
}

/* As ATen computes it, roundings to float included, for weights that agree to the last bits at any
 * position. */
static void pixel_taps_fill(PixelTaps *taps, unsigned o, unsigned n_in, float scale)
{
    const float support = scale >= 1.0f ? scale : 1.0f;
    const double inverse_scale = scale >= 1.0f ? (float)(1.0 / scale) : 1.0f;
    const float center = (float)((double)scale * (o + 0.5));
    const double first = (double)(center - support) + 0.5;
    const double last = fmin((double)(center + support) + 0.5, n_in);
    taps->first = first > 0.0 ? (unsigned)first : 0;
    taps->count = (unsigned)last - taps->first;
    float sum = 0.0f;
    for (unsigned k = 0; k < taps->count; k++) {
        const float distance = (float)(k + taps->first) - center;
        taps->weights[k] = triangle((float)((distance + 0.5) * inverse_scale));
        sum += taps->weights[k];
    }
    for (unsigned k = 0; k < taps->count; k++)
        taps->weights[k] /= sum;
}

/* Hands the taps over pixels on to the chroma samples that each pixel's chroma is interpolated
 * from. Returns how many samples, from *start on. */
static unsigned chroma_taps_fill(const PixelTaps *taps, unsigned n_samples, HrnetSiting siting,
                                 int32_t *start, float *weights)
{
    const double shift = siting == HRNET_SITING_FIRST ? 0.0 : 0.25;
    unsigned count = 0;
    *start = 0;
    for (unsigned k = 0; k < taps->count; k++) {
        const double position = fmin(fmax(0.5 * (taps->first + k) - shift, 0.0), n_samples - 1);
        const unsigned sample = (unsigned)position;
        const float second = (float)(position - sample);
        if (k == 0)
            *start = (int32_t)sample;
        const unsigned tap = sample - (unsigned)*start;
        weights[tap] += (1.0f - second) * taps->weights[k];
        count = tap + 1;
        if (second > 0.0f) {
            weights[tap + 1] += second * taps->weights[k];
            count = tap + 2;
        }
    }
    return count;
}

/* Drops taps of weight 0 at both ends, and repeats none. */
static void trim(int32_t *start, uint32_t *count, float *weights)
{
    unsigned n_leading = 0;
    while (*count > 1 && weights[*count - 1] == 0.0f)
        --*count;
    while (n_leading + 1 < *count && weights[n_leading] == 0.0f)
        n_leading++;
    *count -= n_leading;
    *start += (int32_t)n_leading;
    memmove(weights, weights + n_leading, *count * sizeof *weights);
}

bool hrnet_axis_filter_init(HrnetAxisFilter *filter, unsigned n_pixels, unsigned n_out,
                            HrnetSiting siting)
{
    const float scale = (float)n_pixels / (float)n_out;
    const unsigned max_taps = 2 * (unsigned)ceilf(fmaxf(scale, 1.0f)) + 3;
    memset(filter, 0, sizeof *filter);
    filter->n_samples = siting == HRNET_SITING_FULL ? n_pixels : (n_pixels + 1) / 2;
    filter->n_out = n_out;
    filter->max_taps = max_taps;
    filter->starts = calloc(n_out, sizeof *filter->starts);
    filter->counts = calloc(n_out, sizeof *filter->counts);
    filter->weights = calloc(n_out, max_taps * sizeof *filter->weights);
    PixelTaps taps = { .weights = calloc(max_taps, sizeof *taps.weights) };
    const bool complete = filter->starts && filter->counts && filter->weights && taps.weights;
    for (unsigned o = 0; complete && o < n_out; o++) {
        float *weights = filter->weights + (size_t)o * max_taps;
        pixel_taps_fill(&taps, o, n_pixels, scale);
        if (siting == HRNET_SITING_FULL) {
            filter->starts[o] = (int32_t)taps.first;
            filter->counts[o] = taps.count;
            memcpy(weights, taps.weights, taps.count * sizeof *weights);
        } else {
            filter->counts[o] =
                chroma_taps_fill(&taps, filter->n_samples, siting, &filter->starts[o], weights);
        }
        trim(&filter->starts[o], &filter->counts[o], weights);
    }
    free(taps.weights);
    return complete;
}

void hrnet_axis_filter_clear(HrnetAxisFilter *filter)
{
    free(filter->starts);
    free(filter->counts);
    free(filter->weights);
    memset(filter, 0, sizeof *filter);
}

static unsigned largest_span(const int32_t *starts, size_t n, unsigned block)
{
    int32_t span = 0;
    for (size_t x = 0; x < n; x += block)
        if (starts[x + block - 1] - starts[x] > span)
            span = starts[x + block - 1] - starts[x];
    return (unsigned)span;
}

static unsigned most_taps(const HrnetAxisFilter *filter)
{
    unsigned most = 0;
    for (unsigned o = 0; o < filter->n_out; o++)
        if (filter->counts[o] > most)
            most = filter->counts[o];
    return most;
}

bool hrnet_filter_columns_init(HrnetFilterColumns *columns, void **memory,
                               const HrnetAxisFilter *filter)
{
    const size_t stride = hrnet_round_up(filter->n_out, HRNET_FILTER_BLOCK);
    const unsigned n_taps = most_taps(filter);
    const int32_t last_start = (int32_t)(filter->n_samples - n_taps);
    float *floats = hrnet_aligned_alloc((n_taps + 1) * stride * sizeof *floats);
    *memory = floats;
    if (!floats)
        return false;
    memset(floats, 0, (n_taps + 1) * stride * sizeof *floats);
    int32_t *starts = (int32_t *)(void *)floats;
    float *weights = floats + stride;
    for (unsigned x = 0; x < filter->n_out; x++) {
        const float *from = filter->weights + (size_t)x * filter->max_taps;
        /* All outputs have the same number of taps: near the end they begin earlier, with weights
         * of 0. */
        starts[x] = filter->starts[x] < last_start ? filter->starts[x] : last_start;
        const unsigned n_before = (unsigned)(filter->starts[x] - starts[x]);
        for (unsigned k = 0; k < filter->counts[x]; k++)
            weights[(n_before + k) * stride + x] = from[k];
    }
    for (size_t x = filter->n_out; x < stride; x++)
        starts[x] = starts[filter->n_out - 1];
    *columns = (HrnetFilterColumns){
        .start = starts,
        .weights = weights,
        .stride = stride,
        .n_taps = n_taps,
        .span8 = largest_span(starts, stride, 8),
        .span16 = largest_span(starts, stride, 16),
    };
    return true;
}
