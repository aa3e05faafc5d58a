/* Sixteen floats, for the templates in kernels/vector.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_AVX512_VECTOR_H
#define HRNET_KERNELS_AVX512_VECTOR_H

#include <immintrin.h>

#define VECTOR_FLOATS 16

/* A register tile of 9 x 3 sums leaves 5 of the 32 registers for 3 vectors of the source and the
 * weights. */
#define TILE_ROWS_MAX    9
#define TILE_VECTORS_MAX 3

typedef __m512 vec;
typedef __mmask16 vec_mask;
typedef __m512i vec_index;

#define vec_zero()              _mm512_setzero_ps()
#define vec_set1(x)             _mm512_set1_ps(x)
#define vec_load(p)             _mm512_loadu_ps(p)
#define vec_store(p, v)         _mm512_storeu_ps(p, v)
#define vec_load_mask(m, p)     _mm512_maskz_loadu_ps(m, p)
#define vec_store_mask(p, m, v) _mm512_mask_storeu_ps(p, m, v)
#define vec_add(a, b)           _mm512_add_ps(a, b)
#define vec_sub(a, b)           _mm512_sub_ps(a, b)
#define vec_mul(a, b)           _mm512_mul_ps(a, b)
#define vec_max(a, b)           _mm512_max_ps(a, b)
#define vec_fma(a, b, c)        _mm512_fmadd_ps(a, b, c)  /* a * b + c */
#define vec_fnma(a, b, c)       _mm512_fnmadd_ps(a, b, c) /* c - a * b */

/* Which lanes of a compare as asked, and b in those lanes, a in the others. */
typedef __mmask16 vec_truth;
#define vec_greater(a, b) _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ)
#define vec_equal(a, b)   _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ)
#define vec_pick(t, b, a) _mm512_mask_mov_ps(a, t, b)
#define vec_min(a, b)     _mm512_min_ps(a, b)
#define vec_abs(a)        _mm512_abs_ps(a)

/* Computes v although nobody may look at it. */
#define vec_want(v) __asm__ volatile("" : : "x"(v))

/* Half as many doubles, from floats and back. */
typedef __m512d dvec;

#define dvec_set1(x)   _mm512_set1_pd(x)
#define dvec_load(p)   _mm512_cvtps_pd(_mm256_loadu_ps(p))
#define dvec_add(a, b) _mm512_add_pd(a, b)
#define dvec_sub(a, b) _mm512_sub_pd(a, b)
#define dvec_mul(a, b) _mm512_mul_pd(a, b)
#define vec_join(a, b)                                                                             \
    _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(a)), _mm512_cvtpd_ps(b), 1)

/* Of every 128 bits of a and b: a0 b0 a1 b1, a2 b2 a3 b3; a01 b01, a23 b23. */
#define vec_unpack_lo(a, b) _mm512_unpacklo_ps(a, b)
#define vec_unpack_hi(a, b) _mm512_unpackhi_ps(a, b)
#define vec_unpack2_lo(a, b)                                                                       \
    _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)))
#define vec_unpack2_hi(a, b)                                                                       \
    _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)))

/* *p in lane 0, zeros in the others. */
#define vec_load_first(p) _mm512_zextps128_ps512(_mm_load_ss(p))

#define vec_index_load(p)       _mm512_loadu_si512(p)
#define vec_index_set1(x)       _mm512_set1_epi32(x)
#define vec_index_add(a, b)     _mm512_add_epi32(a, b)
#define vec_index_pick(t, b, a) _mm512_mask_mov_epi32(a, t, b)
/* Lane i is lane index[i] of a, or lane index[i] - VECTOR_FLOATS of b. */
#define vec_permute2(a, index, b) _mm512_permutex2var_ps(a, index, b)

/* Lanes first..end-1; both may lie outside 0..16. */
static inline vec_mask vec_mask_range(long first, long end)
{
    if (first < 0)
        first = 0;
    if (end > VECTOR_FLOATS)
        end = VECTOR_FLOATS;
    if (first >= end)
        return 0;
    return (vec_mask)((0xffffu >> (VECTOR_FLOATS - (end - first))) << first);
}

/* The even and the odd floats of a and b behind each other. */
static inline void vec_deinterleave(vec a, vec b, vec *even, vec *odd)
{
    const __m512i pick =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *even = _mm512_permutex2var_ps(a, pick, b);
    *odd = _mm512_permutex2var_ps(a, _mm512_add_epi32(pick, _mm512_set1_epi32(1)), b);
}

#endif
