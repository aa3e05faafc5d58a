/* Sums of bytes for AVX-512, eight pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx512vnni/int8_vector.h"
#include "kernels/avx512vnni/kernels.h"

#define SUM_PIXELS 8

static inline ivec load_bytes(const uint8_t *p)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

static inline void store_bytes(uint8_t *p, ivec low, ivec high, int zero_point)
{
    const __m512i words =
        _mm512_adds_epi16(_mm512_packs_epi32(low, high), _mm512_set1_epi16((short)zero_point));
    const __m512i positive = _mm512_max_epi16(words, _mm512_setzero_si512());
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtusepi16_epi8(positive));
}

#include "kernels/vector/int8_sum.h"

void hrnet_int8_sum_avx512vnni(const HrnetInt8Sum *sum)
{
    int8_sum(sum);
}
