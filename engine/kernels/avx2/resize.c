/* Bilinear row kernels for AVX2 and FMA: eight columns at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/kernels.h"
#include "kernels/avx2/vector.h"
#include "kernels/exact.h"
#include "kernels/vector/resize.h"

#include <string.h>

ALWAYS_INLINE Reach reach_of(const HrnetColumns *columns)
{
    return columns->span8 < VECTOR_FLOATS ? WITHIN_ONE_VECTOR : ANYWHERE;
}

ALWAYS_INLINE vec_index relative_indices(const HrnetColumns *columns, const int32_t *indices,
                                         unsigned x)
{
    /* They are relative to a block of sixteen, of which this may be the second half. */
    return _mm256_sub_epi32(vec_index_load(indices + x), vec_index_set1(columns->first[x]));
}

ALWAYS_INLINE vec spread(const float *line, vec_index relative, Reach reach)
{
    if (reach == WITHIN_ONE_VECTOR)
        return _mm256_permutevar8x32_ps(vec_load(line), relative);
    return _mm256_i32gather_ps(line, relative, sizeof *line);
}

static inline uint64_t bytes_left(unsigned n_left)
{
    return n_left < VECTOR_FLOATS ? n_left : VECTOR_FLOATS;
}

ALWAYS_INLINE vec load_luma(const uint8_t *luma, unsigned n_left)
{
    uint64_t levels = 0;
    memcpy(&levels, luma, bytes_left(n_left));
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)levels)));
}

ALWAYS_INLINE void store_labels(uint8_t *labels, vec_index lanes, unsigned n_left)
{
    const __m128i words =
        _mm_packus_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    const uint64_t bytes = (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(words, words));
    memcpy(labels, &bytes, bytes_left(n_left));
}

static void lerp_row(float *line, const float *row0, const float *row1, float weight1, unsigned n)
{
    const float weight0 = 1.0f - weight1;
    const vec w0 = vec_set1(weight0);
    const vec w1 = vec_set1(weight1);
    unsigned i = 0;
    for (; i + VECTOR_FLOATS <= n; i += VECTOR_FLOATS)
        vec_store(line + i, vec_fma(w1, vec_load(row1 + i), vec_mul(w0, vec_load(row0 + i))));
    for (; i < n; i++)
        line[i] = weight0 * row0[i] + weight1 * row1[i];
    line[n] = weight0 * row0[n - 1] + weight1 * row1[n - 1];
}

/* Both columns of a pair come from the same vector. */
ALWAYS_INLINE void spread_within(float *out, const float *row, unsigned n_in, HrnetColumns columns,
                                 unsigned n, Reach reach)
{
    for (unsigned x = 0; x < n || x % HRNET_COLUMN_BLOCK; x += VECTOR_FLOATS) {
        const float *window = row + columns.index[x];
        const vec_index first = relative_indices(&columns, columns.first, x);
        const vec_index second = relative_indices(&columns, columns.second, x);
        const vec weight = vec_load(columns.weight + x);
        vec a, b;
        if (reach == WITHIN_ONE_VECTOR) {
            const vec values = load_left(window, (long)n_in - columns.index[x]);
            a = _mm256_permutevar8x32_ps(values, first);
            b = _mm256_permutevar8x32_ps(values, second);
        } else {
            a = _mm256_i32gather_ps(window, first, sizeof *row);
            b = _mm256_i32gather_ps(window, second, sizeof *row);
        }
        vec_store(out + x, vec_fma(weight, b, vec_fnma(weight, a, a)));
    }
}

static void spread_row(float *out, const float *row, unsigned n_in, const HrnetColumns *columns,
                       unsigned n)
{
    WITH_REACH(columns, spread_within, out, row, n_in, *columns, n)
}

const HrnetResizeKernels HRNET_EXACT_NAME(hrnet_resize_kernels_avx2) = {
    .lerp_row = lerp_row,
    .spread_row = spread_row,
    .add_row = add_row,
    .argmax_row = argmax_row,
    .refine_row = refine_row,
};
