/* Class scores averaged over time and fitted to luma: the reference.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/score_kernels.h"

#include <math.h>

static float clamp(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

static float share_of(const HrnetSmoothing *s, size_t i)
{
    float best = s->scores[i], there = best, last_best = s->history[i];
    for (unsigned c = 1; c < s->n_classes; c++) {
        const float score = s->scores[c * s->plane_floats + i];
        const float last = s->history[c * s->plane_floats + i];
        best = score > best ? score : best;
        if (last > last_best) {
            last_best = last;
            there = score;
        }
    }
    const float against = clamp((best - there - s->against_from) * s->against_gain, 0, 1);
    const float moved =
        clamp((fabsf(s->luma[i] - s->last_luma[i]) - s->moved_from) * s->moved_gain, 0, 1);
    return s->share + (1 - s->share) * (against > moved ? against : moved);
}

static void hrnet_smooth_f32_c(const HrnetSmoothing *s, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        const float share = share_of(s, i);
        for (unsigned c = 0; c < s->n_classes; c++) {
            float *history = s->history + c * s->plane_floats + i;
            *history += share * (s->scores[c * s->plane_floats + i] - *history);
        }
    }
}

static void hrnet_winners_f32_c(float *winner, float *best, float *second, const float *scores,
                                size_t plane_floats, unsigned n_classes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        winner[i] = 0;
        best[i] = scores[i];
        second[i] = -INFINITY;
        for (unsigned c = 1; c < n_classes; c++) {
            const float score = scores[c * plane_floats + i];
            if (score > best[i]) {
                second[i] = best[i];
                best[i] = score;
                winner[i] = (float)c;
            } else if (score > second[i]) {
                second[i] = score;
            }
        }
    }
}

static void hrnet_margins_f32_c(float *margin, const float *scores, const float *winner,
                                const float *best, const float *second, float class_number,
                                float limit, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const float rival = winner[i] == class_number ? second[i] : best[i];
        margin[i] = clamp(scores[i] - rival, -limit, limit);
    }
    for (unsigned i = n; i % HRNET_SCORE_BLOCK; i++)
        margin[i] = 0;
}

static void hrnet_sum_rows_f32_c(float *sum, const float *values, size_t stride_floats,
                                 unsigned n_rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        sum[i] = 0;
        for (unsigned r = 0; r < n_rows; r++)
            sum[i] += values[r * stride_floats + i];
    }
}

static void hrnet_sum_products_f32_c(float *sum, const float *values, const float *weights,
                                     size_t stride_floats, unsigned n_rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        sum[i] = 0;
        for (unsigned r = 0; r < n_rows; r++)
            sum[i] += values[r * stride_floats + i] * weights[r * stride_floats + i];
    }
}

static float window_sum(const float *sum)
{
    float total = 0;
    for (int k = -HRNET_GUIDED_RADIUS; k <= HRNET_GUIDED_RADIUS; k++)
        total += sum[k];
    return total;
}

static void hrnet_window_means_f32_c(float *mean, const float *sum, const float *scale, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        mean[i] = scale[i] * window_sum(sum + i);
}

static void hrnet_fit_f32_c(float *slope, float *offset, const float *sum, const float *product,
                            const float *scale, const float *luma_mean, const float *gain,
                            unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const float mean = scale[i] * window_sum(sum + i);
        slope[i] = (scale[i] * window_sum(product + i) - luma_mean[i] * mean) * gain[i];
        offset[i] = mean - slope[i] * luma_mean[i];
    }
}

const HrnetScoreKernels hrnet_score_kernels_c = {
    .smooth = hrnet_smooth_f32_c,
    .winners = hrnet_winners_f32_c,
    .margins = hrnet_margins_f32_c,
    .sum_rows = hrnet_sum_rows_f32_c,
    .sum_products = hrnet_sum_products_f32_c,
    .window_means = hrnet_window_means_f32_c,
    .fit = hrnet_fit_f32_c,
};
