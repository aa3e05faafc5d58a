/* Sums of bytes for AVX2, four pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/int8_vector.h"
#include "kernels/avx2/kernels.h"

#define SUM_PIXELS 4

static inline ivec load_bytes(const uint8_t *p)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline void store_bytes(uint8_t *p, ivec low, ivec high, int zero_point)
{
    const __m256i words =
        _mm256_adds_epi16(_mm256_packs_epi32(low, high), _mm256_set1_epi16((short)zero_point));
    const __m128i bytes =
        _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)(void *)p, bytes);
}

#include "kernels/vector/int8_sum.h"

void hrnet_int8_sum_avx2(const HrnetInt8Sum *sum)
{
    int8_sum(sum);
}
