/* Convolution of bytes by dot products of four (AVX512-VNNI), sixteen pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx512vnni/int8_vector.h"
#include "kernels/avx512vnni/kernels.h"

#define WEIGHT_BYTES 4

/* 8 x 3 sums leave 8 of the 32 registers for 3 vectors of the source and the weights. */
#define TILE_ROWS_MAX    8
#define TILE_VECTORS_MAX 3

typedef __m512i source, weight;

#define dot(sum, s, w) _mm512_dpbusd_epi32(sum, s, w)
#define weight_load(p) _mm512_set1_epi32(*(const int32_t *)(const void *)(p))

static inline source source_load(const uint8_t *p, const unsigned stride)
{
    const __m512i a = _mm512_loadu_si512(p);
    if (stride == 1)
        return a;
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_epi32(a, even, _mm512_loadu_si512(p + sizeof a));
}

/* 32 bits to 16 and to 8, rows of four pixels side by side, then pixels of four rows. */
static inline ivec pack_quads(const ivec rows[4], int zero_point)
{
    const __m512i zero = _mm512_set1_epi16((short)zero_point);
    const __m512i transpose =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m512i a = _mm512_adds_epi16(_mm512_packs_epi32(rows[0], rows[1]), zero);
    const __m512i b = _mm512_adds_epi16(_mm512_packs_epi32(rows[2], rows[3]), zero);
    return _mm512_shuffle_epi8(_mm512_packus_epi16(a, b), transpose);
}

#include "kernels/vector/int8_conv.h"

void hrnet_int8_conv_avx512vnni(const HrnetInt8Conv *conv)
{
    int8_conv(conv);
}
