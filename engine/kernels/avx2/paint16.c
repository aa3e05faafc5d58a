/* Painting over rows of 16-bit samples for AVX2.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/frame.h"

#include <immintrin.h>

#define PAINT_NAME(name) name##_avx2

typedef struct {
    __m128i shift;
    __m256i mask, place; /* of the value at bit 0, and where it lies */
    __m256i keep, add;
} Blend;

#include "kernels/vector/paint16.h"

static inline bool all_labels(const uint8_t *labels, unsigned label)
{
    const __m128i all = _mm_loadu_si128((const __m128i *)(const void *)labels);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_set1_epi8((char)label))) == 0xffff;
}

static inline Blend blend_of(const HrnetPaintTable16 *table, unsigned component, unsigned label,
                             unsigned step)
{
    const uint64_t keep = table->keep[label], add = table->add[component][label] + 127;
    const uint64_t keep_next = step == 1 ? keep : 255, add_next = step == 1 ? add : 127;
    const unsigned mask = table->bits.mask, shift = table->bits.shift;
    return (Blend){
        .shift = _mm_cvtsi32_si128((int)shift),
        .mask = _mm256_set1_epi32((int)mask),
        .place = _mm256_set1_epi16((short)(mask << shift)),
        .keep = _mm256_set1_epi64x((long long)(keep | keep_next << 32)),
        .add = _mm256_set1_epi64x((long long)(add | add_next << 32)),
    };
}

/* t / 255 = t * 0x80808081 >> 39 for all of 32 bits, the even and the odd on their own. */
static inline __m256i divide_by_255(__m256i t)
{
    const __m256i inverse = _mm256_set1_epi32((int)0x80808081u);
    const __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(t, inverse), 39);
    const __m256i odd = _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(t, 32), inverse), 39);
    return _mm256_or_si256(even, _mm256_slli_epi64(odd, 32));
}

static inline __m256i blend_eight(__m128i samples, const Blend *blend)
{
    const __m256i shifted = _mm256_cvtepu16_epi32(_mm_srl_epi16(samples, blend->shift));
    const __m256i value = _mm256_and_si256(shifted, blend->mask);
    return divide_by_255(_mm256_add_epi32(_mm256_mullo_epi32(value, blend->keep), blend->add));
}

static inline void blend_vector(uint8_t *samples, const Blend *blend)
{
    __m256i *at = (__m256i *)(void *)samples;
    const __m256i before = _mm256_loadu_si256(at);
    const __m256i low = blend_eight(_mm256_castsi256_si128(before), blend);
    const __m256i high = blend_eight(_mm256_extracti128_si256(before, 1), blend);
    const __m256i values = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xd8);
    _mm256_storeu_si256(at, _mm256_or_si256(_mm256_sll_epi16(values, blend->shift),
                                            _mm256_andnot_si256(blend->place, before)));
}
