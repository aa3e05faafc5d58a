/* Video rows into the network's input for AVX2 and FMA.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/frame.h"
#include "kernels/avx2/vector.h"

#include <immintrin.h>

#define FRAME_NAME(name) HRNET_EXACT_NAME(name##_avx2)

typedef struct {
    __m128i shift;
    __m256i mask;
} Samples;

/* beyond: lanes whose relative place is in the second of two vectors. */
typedef struct {
    __m256i relative;
    __m256 beyond;
} Places;

#include "kernels/vector/frame_input.h"

static inline vec floats_of_bytes(const uint8_t *bytes)
{
    const __m128i eight = _mm_loadl_epi64((const __m128i *)(const void *)bytes);
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(eight));
}

static inline Samples samples_of(HrnetSampleBits bits)
{
    return (Samples){ _mm_cvtsi32_si128((int)bits.shift), _mm256_set1_epi32((int)bits.mask) };
}

static inline vec floats_of_samples(const uint8_t *samples, const Samples *kind)
{
    const __m128i eight = _mm_loadu_si128((const __m128i *)(const void *)samples);
    const __m256i values = _mm256_cvtepu16_epi32(_mm_srl_epi16(eight, kind->shift));
    return _mm256_cvtepi32_ps(_mm256_and_si256(values, kind->mask));
}

ALWAYS_INLINE Places places_of(const int32_t *starts, int32_t start)
{
    const __m256i all = _mm256_load_si256((const __m256i *)(const void *)starts);
    const __m256i relative = _mm256_sub_epi32(all, _mm256_set1_epi32(start));
    const __m256i last_of_first = _mm256_set1_epi32(VECTOR_FLOATS - 1);
    return (Places){ relative, _mm256_castsi256_ps(_mm256_cmpgt_epi32(relative, last_of_first)) };
}

ALWAYS_INLINE vec spread(const float *line, const Places *places, Reach reach)
{
    if (reach == ANYWHERE)
        return _mm256_i32gather_ps(line, places->relative, sizeof *line);
    const __m256 first = _mm256_permutevar8x32_ps(_mm256_loadu_ps(line), places->relative);
    if (reach == WITHIN_ONE_VECTOR)
        return first;
    return _mm256_blendv_ps(
        first, _mm256_permutevar8x32_ps(_mm256_loadu_ps(line + VECTOR_FLOATS), places->relative),
        places->beyond);
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
    for (; i + VECTOR_FLOATS <= n; i += VECTOR_FLOATS) {
        const float *from = buffer + i * step;
        __m256 picked = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from), place);
        for (unsigned j = 1; j < step; j++) {
            const __m256 spread =
                _mm256_permutevar8x32_ps(_mm256_loadu_ps(from + j * VECTOR_FLOATS), place);
            picked = _mm256_blendv_ps(picked, spread, from_source[j]);
        }
        _mm256_storeu_ps(line + i, picked);
    }
    for (; i < n; i++)
        line[i] = buffer[offset + i * step];
}
#endif
