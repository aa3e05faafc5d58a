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

/* window[first] and window[second], of which n_left floats are there. */
ALWAYS_INLINE void spread_left(const float *window, long n_left, vec_index first, vec_index second,
                               Reach reach, vec *a, vec *b)
{
    if (reach == WITHIN_ONE_VECTOR) {
        const vec values = load_left(window, n_left);
        *a = _mm256_permutevar8x32_ps(values, first);
        *b = _mm256_permutevar8x32_ps(values, second);
    } else {
        *a = _mm256_i32gather_ps(window, first, sizeof *window);
        *b = _mm256_i32gather_ps(window, second, sizeof *window);
    }
}

#include "kernels/vector/resize_lines.h"

const HrnetResizeKernels HRNET_EXACT_NAME(hrnet_resize_kernels_avx2) = {
    .lerp_row = lerp_row,
    .spread_row = spread_row,
    .add_row = add_row,
    .argmax_row = argmax_row,
    .refine_row = refine_row,
};
