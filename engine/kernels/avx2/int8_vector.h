/* Eight pixels for the kernels of bytes, for AVX2 and what builds on it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_AVX2_INT8_VECTOR_H
#define HRNET_KERNELS_AVX2_INT8_VECTOR_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_PIXELS 8

typedef __m256i ivec;
typedef __m256 fvec;
typedef __m256i ivec_mask;

#define ivec_zero()              _mm256_setzero_si256()
#define ivec_set1(x)             _mm256_set1_epi32(x)
#define ivec_and(a, b)           _mm256_and_si256(a, b)
#define ivec_or(a, b)            _mm256_or_si256(a, b)
#define ivec_shift_right(a, n)   _mm256_srli_epi32(a, n)
#define ivec_shift_left(a, n)    _mm256_slli_epi32(a, n)
#define ivec_load(p)             _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define ivec_store(p, v)         _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define ivec_load_mask(m, p)     _mm256_maskload_epi32((const int *)(const void *)(p), m)
#define ivec_store_mask(p, m, v) _mm256_maskstore_epi32((int *)(void *)(p), m, v)
#define fvec_store_mask(p, m, v) _mm256_maskstore_ps(p, m, v)
#define ivec_convert(a)          _mm256_cvtps_epi32(a)
#define fvec_convert(a)          _mm256_cvtepi32_ps(a)
#define fvec_set1(x)             _mm256_set1_ps(x)
#define fvec_load(p)             _mm256_loadu_ps(p)
#define fvec_mul(a, b)           _mm256_mul_ps(a, b)
#define fvec_add(a, b)           _mm256_add_ps(a, b)
/* b where a is no number. */
#define fvec_max(a, b) _mm256_max_ps(a, b)
#define fvec_min(a, b) _mm256_min_ps(a, b)

/* 16 bits: of every 128 bits a0 b0 a1 b1 ..., a4 b4 a5 b5 ...; sums of products of pairs. */
#define ivec_unpack16_low(a, b)  _mm256_unpacklo_epi16(a, b)
#define ivec_unpack16_high(a, b) _mm256_unpackhi_epi16(a, b)
#define ivec_madd16(a, b)        _mm256_madd_epi16(a, b)

static inline ivec_mask ivec_mask_first(size_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < VECTOR_PIXELS ? (int)n : VECTOR_PIXELS), lane);
}

static inline __m256i load_pixels(const uint8_t *p, const unsigned stride)
{
    const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
    if (stride == 1)
        return a;
    const __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + sizeof a));
    const __m256 even =
        _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), _MM_SHUFFLE(2, 0, 2, 0));
    return _mm256_permute4x64_epi64(_mm256_castps_si256(even), _MM_SHUFFLE(3, 1, 2, 0));
}

/* 32 bits to 16 and to 8, rows of four pixels side by side, then pixels of four rows. */
static inline ivec pack_quads(const ivec rows[4], int zero_point)
{
    const __m256i zero = _mm256_set1_epi16((short)zero_point);
    const __m256i transpose = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m256i a = _mm256_adds_epi16(_mm256_packs_epi32(rows[0], rows[1]), zero);
    const __m256i b = _mm256_adds_epi16(_mm256_packs_epi32(rows[2], rows[3]), zero);
    return _mm256_shuffle_epi8(_mm256_packus_epi16(a, b), transpose);
}

#endif
