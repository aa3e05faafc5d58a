/* Class scores where the network leaves them, at a quarter of its input's size: averaged over time,
 * and fitted to the picture's luma.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All kernels work on n floats, n a multiple of 16, at addresses aligned to 64 bytes, and neither
 * read nor write outside of them, except where a function says so: planes are padded, and what is
 * computed from padding is padding again. Outputs do not overlap inputs. Luma counts in levels,
 * 0..255. Versions differ from the C reference by rounding alone (fused multiply-add): 1e-5 of the
 * largest term. */
#ifndef HRNET_KERNELS_SCORE_KERNELS_H
#define HRNET_KERNELS_SCORE_KERNELS_H

#include <stddef.h>

#define HRNET_SCORE_BLOCK 16

/* The window of the guided filter: 2 * 2 + 1 places each way. */
#define HRNET_GUIDED_RADIUS 2

/* Scores averaged over time. With l the new scores of a pixel and h those before:
 *
 *   against = max l - l[argmax h]   by how much, in log odds, the new scores are for another class
 *   moved = |luma - last_luma|
 *   doubt = max(clamp((against - against_from) * against_gain, 0, 1),
 *               clamp((moved - moved_from) * moved_gain, 0, 1))
 *   h += (share + (1 - share) * doubt) * (l - h)
 *
 * argmax: the lowest class where equal. */
typedef struct {
    float *history;      /* class c's plane: history + c * plane_floats; in and out */
    const float *scores; /* likewise */
    size_t plane_floats;
    unsigned n_classes; /* 1..255 */
    const float *luma, *last_luma;
    float share; /* of the new scores where nothing else is known, 0..1 */
    float against_from, against_gain;
    float moved_from, moved_gain;
} HrnetSmoothing;

typedef struct {
    /* Pixels begin <= i < end of the planes, both multiples of 16. */
    void (*smooth)(const HrnetSmoothing *smoothing, size_t begin, size_t end);

    /* winner[i] = the class with the largest score, the lowest where equal, as a float; best[i] =
     * that score; second[i] = the largest of the others, -infinity where there are none. Class c's
     * row is scores + c * plane_floats, of any alignment, and n of any size: what is written from n
     * up to a multiple of 16 means nothing. */
    void (*winners)(float *winner, float *best, float *second, const float *scores,
                    size_t plane_floats, unsigned n_classes, unsigned n);
    /* How far one class is ahead of all others, or behind: margin[i] = clamp(scores[i] - (winner[i]
     * == class_number ? second[i] : best[i]), -limit, limit). scores and n: as in winners(), but
     * from n up to a multiple of 16 zeros are written. */
    void (*margins)(float *margin, const float *scores, const float *winner, const float *best,
                    const float *second, float class_number, float limit, unsigned n);

    /* sum[i] = sum over r < n_rows of values[r * stride_floats + i]. n_rows >= 1. */
    void (*sum_rows)(float *sum, const float *values, size_t stride_floats, unsigned n_rows,
                     unsigned n);
    /* The same of values * weights, which lie alike. */
    void (*sum_products)(float *sum, const float *values, const float *weights,
                         size_t stride_floats, unsigned n_rows, unsigned n);
    /* mean[i] = scale[i] * sum of sum[i - HRNET_GUIDED_RADIUS .. i + HRNET_GUIDED_RADIUS]. Reads
     * HRNET_GUIDED_RADIUS floats before and behind the n. */
    void (*window_means)(float *mean, const float *sum, const float *scale, unsigned n);
    /* The line through a window: with mean() as in window_means(), slope[i] = (mean(product) -
     * luma_mean[i] * mean(sum)) * gain[i] and offset[i] = mean(sum) - slope[i] * luma_mean[i]. */
    void (*fit)(float *slope, float *offset, const float *sum, const float *product,
                const float *scale, const float *luma_mean, const float *gain, unsigned n);
} HrnetScoreKernels;

/* The references. */
extern const HrnetScoreKernels hrnet_score_kernels_c;

#endif
