/* Bilinear row kernels: the reference.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/exact.h"
#include "kernels/resize_kernels.h"

#include <math.h>

static inline float interpolate(const float *line, const HrnetColumns *columns, unsigned x)
{
    const float *pair = line + columns->index[x];
    const float weight = columns->weight[x];
    return pair[0] - weight * pair[0] + weight * pair[1];
}

static void hrnet_lerp_row_f32_c(float *line, const float *row0, const float *row1, float weight1,
                                 unsigned n)
{
    const float weight0 = 1.0f - weight1;
    for (unsigned i = 0; i < n; i++)
        line[i] = weight0 * row0[i] + weight1 * row1[i];
    line[n] = line[n - 1];
}

static void hrnet_spread_row_f32_c(float *out, const float *row, unsigned n_in,
                                   const HrnetColumns *columns, unsigned n)
{
    for (unsigned x = 0; x < n || x % HRNET_COLUMN_BLOCK; x++) {
        const unsigned first = (unsigned)columns->index[x];
        const unsigned second = first + 1 < n_in ? first + 1 : first;
        out[x] = (1.0f - columns->weight[x]) * row[first] + columns->weight[x] * row[second];
    }
}

static void hrnet_add_row_f32_c(const HrnetAddRow *row)
{
    for (unsigned x = 0; x < row->n; x++) {
        float sum = row->base[x];
        for (unsigned i = 0; i < row->n_pairs; i++) {
            const float weight = row->pairs[i].weight;
            sum += (1.0f - weight) * row->pairs[i].first[x] + weight * row->pairs[i].second[x];
        }
        row->out[x] = row->relu && sum < 0.0f ? 0.0f : sum;
    }
}

static void hrnet_argmax_row_f32_c(uint8_t *labels, const float *lines, size_t line_floats,
                                   unsigned n_classes, const HrnetColumns *columns, unsigned n)
{
    for (unsigned x = 0; x < n; x++) {
        float best = interpolate(lines, columns, x);
        unsigned label = 1;
        for (unsigned c = 1; c < n_classes; c++) {
            const float value = interpolate(lines + c * line_floats, columns, x);
            if (value > best) {
                best = value;
                label = c + 1;
            }
        }
        labels[x] = (uint8_t)label;
    }
}

static uint8_t refined_label(const HrnetRefineRow *row, const HrnetColumns *columns, unsigned x)
{
    uint8_t label = row->rest_label ? row->rest_label : row->class_labels[0];
    float best = row->rest_label ? 0.0f : -INFINITY;
    for (unsigned c = 0; c < row->n_classes; c++) {
        const float slope = interpolate(row->slopes + c * row->line_floats, columns, x);
        const float offset = interpolate(row->offsets + c * row->line_floats, columns, x);
        const float value = slope * (float)row->luma[x] + offset;
        if (value > best) {
            best = value;
            label = row->class_labels[c];
        }
    }
    return label;
}

static void hrnet_refine_row_f32_c(uint8_t *labels, const HrnetRefineRow *row,
                                   const HrnetColumns *columns, unsigned n)
{
    for (unsigned x = 0; x < n; x++) {
        const uint8_t block_label = row->block_labels[x / HRNET_COLUMN_BLOCK];
        labels[x] = block_label ? block_label : refined_label(row, columns, x);
    }
}

const HrnetResizeKernels HRNET_EXACT_NAME(hrnet_resize_kernels_c) = {
    .lerp_row = hrnet_lerp_row_f32_c,
    .spread_row = hrnet_spread_row_f32_c,
    .add_row = hrnet_add_row_f32_c,
    .argmax_row = hrnet_argmax_row_f32_c,
    .refine_row = hrnet_refine_row_f32_c,
};
