/* Video rows into the network's input for AVX2 and FMA.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/exact.h"
#include "kernels/frame_c.h"
#include "kernels/vector/always_inline.h"
#include "kernels/avx2/frame.h"
#include "kernels/avx2/vector.h"

#include <immintrin.h>
#include <stdbool.h>

#define LANES 8

static inline __m256 floats_of_bytes(const uint8_t *bytes)
{
    const __m128i eight = _mm_loadl_epi64((const __m128i *)(const void *)bytes);
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(eight));
}

/* Sums stay in registers over the rows: 32 bytes, half a cache line of each row, at a time. */
void HRNET_EXACT_NAME(hrnet_blend_rows_u8_avx2)(float *buffer, const uint8_t *rows,
                                                ptrdiff_t stride_bytes, const float *weights,
                                                unsigned n_rows, size_t n)
{
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        const uint8_t *bytes = rows + i;
        __m256 sum[4] = { _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                          _mm256_setzero_ps() };
        for (unsigned r = 0; r < n_rows; r++, bytes += stride_bytes) {
            const __m256 weight = _mm256_set1_ps(weights[r]);
            for (unsigned j = 0; j < 4; j++)
                sum[j] = vec_fma(weight, floats_of_bytes(bytes + j * LANES), sum[j]);
        }
        for (unsigned j = 0; j < 4; j++)
            _mm256_storeu_ps(buffer + i + j * LANES, sum[j]);
    }
    if (i < n)
        HRNET_EXACT_NAME(hrnet_blend_rows_u8_c)
    (buffer + i, rows + i, stride_bytes, weights, n_rows, n - i);
}

static inline __m256 floats_of_samples(const uint8_t *samples, __m128i shift, __m256i mask)
{
    const __m128i eight = _mm_loadu_si128((const __m128i *)(const void *)samples);
    const __m256i values = _mm256_cvtepu16_epi32(_mm_srl_epi16(eight, shift));
    return _mm256_cvtepi32_ps(_mm256_and_si256(values, mask));
}

void HRNET_EXACT_NAME(hrnet_blend_rows_u16_avx2)(float *buffer, const uint8_t *rows,
                                                 ptrdiff_t stride_bytes, const float *weights,
                                                 unsigned n_rows, size_t n, HrnetSampleBits bits)
{
    const __m128i shift = _mm_cvtsi32_si128((int)bits.shift);
    const __m256i mask = _mm256_set1_epi32((int)bits.mask);
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        const uint8_t *samples = rows + 2 * i;
        __m256 sum[4] = { _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                          _mm256_setzero_ps() };
        for (unsigned r = 0; r < n_rows; r++, samples += stride_bytes) {
            const __m256 weight = _mm256_set1_ps(weights[r]);
            for (unsigned j = 0; j < 4; j++)
                sum[j] = vec_fma(weight, floats_of_samples(samples + 2 * j * LANES, shift, mask),
                                 sum[j]);
        }
        for (unsigned j = 0; j < 4; j++)
            _mm256_storeu_ps(buffer + i + j * LANES, sum[j]);
    }
    if (i < n)
        HRNET_EXACT_NAME(hrnet_blend_rows_u16_c)
    (buffer + i, rows + 2 * i, stride_bytes, weights, n_rows, n - i, bits);
}

#ifndef HRNET_EXACT
/* Lane i of a step's two or four vectors is float offset + i * step: each vector is spread by the
 * same permutation, and the lanes that come from it taken. */
void hrnet_pick_f32_avx2(float *line, const float *buffer, unsigned step, unsigned offset, size_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i place = _mm256_add_epi32(_mm256_set1_epi32((int)offset),
                                           _mm256_mullo_epi32(lane, _mm256_set1_epi32((int)step)));
    const __m256i source = _mm256_srli_epi32(place, 3);
    __m256 from_source[4];
    for (unsigned j = 0; j < 4; j++)
        from_source[j] = _mm256_castsi256_ps(_mm256_cmpeq_epi32(source, _mm256_set1_epi32((int)j)));
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const float *from = buffer + i * step;
        __m256 picked = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from), place);
        for (unsigned j = 1; j < step; j++) {
            const __m256 spread =
                _mm256_permutevar8x32_ps(_mm256_loadu_ps(from + j * LANES), place);
            picked = _mm256_blendv_ps(picked, spread, from_source[j]);
        }
        _mm256_storeu_ps(line + i, picked);
    }
    for (; i < n; i++)
        line[i] = buffer[offset + i * step];
}
#endif

/* How far apart a block's columns start decides what spreads them. */
typedef enum { WITHIN_ONE_VECTOR, WITHIN_TWO_VECTORS, ANYWHERE } Reach;

/* beyond: lanes whose relative place is in the second of two vectors. */
ALWAYS_INLINE __m256 spread(const float *line, __m256i relative, __m256 beyond, Reach reach)
{
    if (reach == ANYWHERE)
        return _mm256_i32gather_ps(line, relative, sizeof *line);
    const __m256 first = _mm256_permutevar8x32_ps(_mm256_loadu_ps(line), relative);
    if (reach == WITHIN_ONE_VECTOR)
        return first;
    return _mm256_blendv_ps(
        first, _mm256_permutevar8x32_ps(_mm256_loadu_ps(line + LANES), relative), beyond);
}

ALWAYS_INLINE void filter_columns(float *out, const float *line, const HrnetFilterColumns *filter,
                                  Reach reach)
{
    const __m256i last_of_first = _mm256_set1_epi32(LANES - 1);
    for (size_t x = 0; x < filter->stride; x += LANES) {
        const int32_t start = filter->start[x];
        const __m256i starts =
            _mm256_load_si256((const __m256i *)(const void *)(filter->start + x));
        const __m256i relative = _mm256_sub_epi32(starts, _mm256_set1_epi32(start));
        const __m256 beyond = _mm256_castsi256_ps(_mm256_cmpgt_epi32(relative, last_of_first));
        const float *weights = filter->weights + x;
        __m256 sum = _mm256_setzero_ps();
        for (unsigned k = 0; k < filter->n_taps; k++, weights += filter->stride)
            sum = vec_fma(_mm256_load_ps(weights),
                          spread(line + start + k, relative, beyond, reach), sum);
        _mm256_storeu_ps(out + x, sum);
    }
}

void HRNET_EXACT_NAME(hrnet_filter_columns_f32_avx2)(float *out, const float *line,
                                                     const HrnetFilterColumns *filter)
{
    if (filter->span8 < LANES)
        filter_columns(out, line, filter, WITHIN_ONE_VECTOR);
    else if (filter->span8 < 2 * LANES)
        filter_columns(out, line, filter, WITHIN_TWO_VECTORS);
    else
        filter_columns(out, line, filter, ANYWHERE);
}

void HRNET_EXACT_NAME(hrnet_color_f32_avx2)(float *const out[3], const float *const in[3],
                                            const HrnetColorMatrix *matrix, size_t n)
{
    const __m256 zero = _mm256_setzero_ps();
    const __m256 one = _mm256_set1_ps(1.0f);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const __m256 a = _mm256_loadu_ps(in[0] + i);
        const __m256 b = _mm256_loadu_ps(in[1] + i);
        const __m256 d = _mm256_loadu_ps(in[2] + i);
        for (unsigned c = 0; c < 3; c++) {
            const float *m = matrix->m[c];
            __m256 v = vec_fma(_mm256_set1_ps(m[0]), a, _mm256_set1_ps(m[3]));
            v = vec_fma(_mm256_set1_ps(m[1]), b, v);
            v = vec_fma(_mm256_set1_ps(m[2]), d, v);
            v = _mm256_min_ps(one, _mm256_max_ps(zero, v));
            v = vec_fma(v, _mm256_set1_ps(matrix->gain[c]), _mm256_set1_ps(matrix->shift[c]));
            _mm256_storeu_ps(out[c] + i, v);
        }
    }
    if (i < n) {
        float *const out_tail[3] = { out[0] + i, out[1] + i, out[2] + i };
        const float *const in_tail[3] = { in[0] + i, in[1] + i, in[2] + i };
        HRNET_EXACT_NAME(hrnet_color_f32_c)(out_tail, in_tail, matrix, n - i);
    }
}
