/* Sixteen pixels, for the kernels of bytes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_AVX512VNNI_INT8_VECTOR_H
#define HRNET_KERNELS_AVX512VNNI_INT8_VECTOR_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_PIXELS 16

typedef __m512i ivec;
typedef __m512 fvec;
typedef __mmask16 ivec_mask;

#define ivec_zero()              _mm512_setzero_si512()
#define ivec_set1(x)             _mm512_set1_epi32(x)
#define ivec_and(a, b)           _mm512_and_si512(a, b)
#define ivec_shift_right(a, n)   _mm512_srli_epi32(a, n)
#define ivec_load(p)             _mm512_loadu_si512(p)
#define ivec_store(p, v)         _mm512_storeu_si512(p, v)
#define ivec_load_mask(m, p)     _mm512_maskz_loadu_epi32(m, p)
#define ivec_store_mask(p, m, v) _mm512_mask_storeu_epi32(p, m, v)
#define fvec_store_mask(p, m, v) _mm512_mask_storeu_ps(p, m, v)
#define ivec_convert(a)          _mm512_cvtps_epi32(a)
#define fvec_convert(a)          _mm512_cvtepi32_ps(a)
#define fvec_set1(x)             _mm512_set1_ps(x)
#define fvec_mul(a, b)           _mm512_mul_ps(a, b)
#define fvec_add(a, b)           _mm512_add_ps(a, b)

/* 16 bits: of every 128 bits a0 b0 a1 b1 ..., a4 b4 a5 b5 ...; sums of products of pairs. */
#define ivec_unpack16_low(a, b)  _mm512_unpacklo_epi16(a, b)
#define ivec_unpack16_high(a, b) _mm512_unpackhi_epi16(a, b)
#define ivec_madd16(a, b)        _mm512_madd_epi16(a, b)

static inline ivec_mask ivec_mask_first(size_t n)
{
    return n < VECTOR_PIXELS ? (ivec_mask)((1u << n) - 1) : (ivec_mask)0xffff;
}

#endif
