/* Class scores averaged over time and fitted to luma, for any vector type: included after
 * vector.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/score_kernels.h"

static inline vec clamp01(vec v)
{
    return vec_min(vec_max(v, vec_zero()), vec_set1(1));
}

/* How much of the new scores goes in, see HrnetSmoothing. */
static inline vec share_of(const HrnetSmoothing *s, size_t i)
{
    vec best = vec_load(s->scores + i), there = best, last_best = vec_load(s->history + i);
    for (unsigned c = 1; c < s->n_classes; c++) {
        const vec score = vec_load(s->scores + c * s->plane_floats + i);
        const vec last = vec_load(s->history + c * s->plane_floats + i);
        there = vec_pick(vec_greater(last, last_best), score, there);
        last_best = vec_max(last, last_best);
        best = vec_max(score, best);
    }
    const vec against = vec_mul(vec_sub(vec_sub(best, there), vec_set1(s->against_from)),
                                vec_set1(s->against_gain));
    const vec change = vec_abs(vec_sub(vec_load(s->luma + i), vec_load(s->last_luma + i)));
    const vec moved = vec_mul(vec_sub(change, vec_set1(s->moved_from)), vec_set1(s->moved_gain));
    const vec doubt = clamp01(vec_max(against, moved));
    return vec_fma(vec_set1(1 - s->share), doubt, vec_set1(s->share));
}

static void smooth(const HrnetSmoothing *s, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i += VECTOR_FLOATS) {
        const vec share = share_of(s, i);
        for (unsigned c = 0; c < s->n_classes; c++) {
            float *history = s->history + c * s->plane_floats + i;
            const vec last = vec_load(history);
            const vec score = vec_load(s->scores + c * s->plane_floats + i);
            vec_store(history, vec_fma(share, vec_sub(score, last), last));
        }
    }
}

static void winners(float *winner, float *best, float *second, const float *scores,
                    size_t plane_floats, unsigned n_classes, unsigned n)
{
    for (unsigned i = 0; i < n; i += VECTOR_FLOATS) {
        const vec_mask inside = vec_mask_range(0, (long)n - i);
        vec first = vec_load_mask(inside, scores + i), next = vec_set1(-__builtin_inff());
        vec number = vec_zero();
        for (unsigned c = 1; c < n_classes; c++) {
            const vec score = vec_load_mask(inside, scores + c * plane_floats + i);
            const vec_truth wins = vec_greater(score, first);
            next = vec_max(vec_pick(wins, first, score), next);
            number = vec_pick(wins, vec_set1((float)c), number);
            first = vec_pick(wins, score, first);
        }
        vec_store(winner + i, number);
        vec_store(best + i, first);
        vec_store(second + i, next);
    }
}

static void margins(float *margin, const float *scores, const float *winner, const float *best,
                    const float *second, float class_number, float limit, unsigned n)
{
    const vec class = vec_set1(class_number), most = vec_set1(limit), least = vec_set1(-limit);
    for (unsigned i = 0; i < n; i += VECTOR_FLOATS) {
        const vec_mask inside = vec_mask_range(0, (long)n - i);
        const vec_truth wins = vec_equal(vec_load(winner + i), class);
        const vec rival = vec_pick(wins, vec_load(second + i), vec_load(best + i));
        const vec ahead = vec_sub(vec_load_mask(inside, scores + i), rival);
        vec_store_mask(margin + i, inside, vec_min(vec_max(ahead, least), most));
    }
    for (unsigned i = n; i % HRNET_SCORE_BLOCK; i++)
        margin[i] = 0;
}

static void sum_rows(float *sum, const float *values, size_t stride_floats, unsigned n_rows,
                     unsigned n)
{
    for (unsigned i = 0; i < n; i += VECTOR_FLOATS) {
        vec total = vec_load(values + i);
        for (unsigned r = 1; r < n_rows; r++)
            total = vec_add(total, vec_load(values + r * stride_floats + i));
        vec_store(sum + i, total);
    }
}

static void sum_products(float *sum, const float *values, const float *weights,
                         size_t stride_floats, unsigned n_rows, unsigned n)
{
    for (unsigned i = 0; i < n; i += VECTOR_FLOATS) {
        vec total = vec_zero();
        for (unsigned r = 0; r < n_rows; r++)
            total = vec_fma(vec_load(values + r * stride_floats + i),
                            vec_load(weights + r * stride_floats + i), total);
        vec_store(sum + i, total);
    }
}

static inline vec window_mean(const float *sum, vec scale)
{
    vec total = vec_load(sum - HRNET_GUIDED_RADIUS);
    for (int k = 1 - HRNET_GUIDED_RADIUS; k <= HRNET_GUIDED_RADIUS; k++)
        total = vec_add(total, vec_load(sum + k));
    return vec_mul(scale, total);
}

static void window_means(float *mean, const float *sum, const float *scale, unsigned n)
{
    for (unsigned i = 0; i < n; i += VECTOR_FLOATS)
        vec_store(mean + i, window_mean(sum + i, vec_load(scale + i)));
}

static void fit(float *slope, float *offset, const float *sum, const float *product,
                const float *scale, const float *luma_mean, const float *gain, unsigned n)
{
    for (unsigned i = 0; i < n; i += VECTOR_FLOATS) {
        const vec weight = vec_load(scale + i), luma = vec_load(luma_mean + i);
        const vec mean = window_mean(sum + i, weight);
        const vec covariance = vec_fnma(luma, mean, window_mean(product + i, weight));
        const vec a = vec_mul(covariance, vec_load(gain + i));
        vec_store(slope + i, a);
        vec_store(offset + i, vec_fnma(a, luma, mean));
    }
}
