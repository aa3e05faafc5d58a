/* Eight floats, for the templates in kernels/vector.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_AVX2_VECTOR_H
#define HRNET_KERNELS_AVX2_VECTOR_H

#include <immintrin.h>

#define VECTOR_FLOATS 8

/* A register tile of 4 x 3 sums leaves 4 of the 16 registers for 3 vectors of the source and the
 * weight. */
#define TILE_ROWS_MAX    4
#define TILE_VECTORS_MAX 3

typedef __m256 vec;
typedef __m256i vec_mask;
typedef __m256i vec_index;

#define vec_zero()              _mm256_setzero_ps()
#define vec_set1(x)             _mm256_set1_ps(x)
#define vec_load(p)             _mm256_loadu_ps(p)
#define vec_load_aligned(p)     _mm256_load_ps(p)
#define vec_store(p, v)         _mm256_storeu_ps(p, v)
#define vec_load_mask(m, p)     _mm256_maskload_ps(p, m)
#define vec_store_mask(p, m, v) _mm256_maskstore_ps(p, m, v)
#define vec_add(a, b)           _mm256_add_ps(a, b)
#define vec_sub(a, b)           _mm256_sub_ps(a, b)
#define vec_mul(a, b)           _mm256_mul_ps(a, b)
#define vec_max(a, b)           _mm256_max_ps(a, b)
#ifdef HRNET_EXACT
#define vec_fma(a, b, c)  _mm256_add_ps(_mm256_mul_ps(a, b), c)
#define vec_fnma(a, b, c) _mm256_sub_ps(c, _mm256_mul_ps(a, b))
#else
#define vec_fma(a, b, c)  _mm256_fmadd_ps(a, b, c)  /* a * b + c */
#define vec_fnma(a, b, c) _mm256_fnmadd_ps(a, b, c) /* c - a * b */
#endif

/* Which lanes of a compare as asked, and b in those lanes, a in the others. */
typedef __m256 vec_truth;
#define vec_greater(a, b) _mm256_cmp_ps(a, b, _CMP_GT_OQ)
#define vec_equal(a, b)   _mm256_cmp_ps(a, b, _CMP_EQ_OQ)
#define vec_pick(t, b, a) _mm256_blendv_ps(a, b, t)
#define vec_min(a, b)     _mm256_min_ps(a, b)
#define vec_abs(a)        _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a)

/* Computes v although nobody may look at it. */
#define vec_want(v) __asm__ volatile("" : : "x"(v))

/* Half as many doubles, from floats and back. */
typedef __m256d dvec;

#define dvec_set1(x)   _mm256_set1_pd(x)
#define dvec_load(p)   _mm256_cvtps_pd(_mm_loadu_ps(p))
#define dvec_add(a, b) _mm256_add_pd(a, b)
#define dvec_sub(a, b) _mm256_sub_pd(a, b)
#define dvec_mul(a, b) _mm256_mul_pd(a, b)
#define vec_join(a, b) _mm256_set_m128(_mm256_cvtpd_ps(b), _mm256_cvtpd_ps(a))

/* Of every 128 bits of a and b: a0 b0 a1 b1, a2 b2 a3 b3; a01 b01, a23 b23. */
#define vec_unpack_lo(a, b) _mm256_unpacklo_ps(a, b)
#define vec_unpack_hi(a, b) _mm256_unpackhi_ps(a, b)
#define vec_unpack2_lo(a, b)                                                                       \
    _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)))
#define vec_unpack2_hi(a, b)                                                                       \
    _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)))

/* *p in lane 0, zeros in the others. */
#define vec_load_first(p) _mm256_zextps128_ps256(_mm_load_ss(p))

#define vec_index_load(p)       _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define vec_index_set1(x)       _mm256_set1_epi32(x)
#define vec_index_add(a, b)     _mm256_add_epi32(a, b)
#define vec_index_pick(t, b, a) _mm256_blendv_epi8(a, b, _mm256_castps_si256(t))
/* Lane i is lane index[i] of a, or lane index[i] - VECTOR_FLOATS of b. */
static inline vec vec_permute2(vec a, vec_index index, vec b)
{
    const __m256i from_b = _mm256_slli_epi32(index, 28); /* bit 3 to the sign */
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(a, index), _mm256_permutevar8x32_ps(b, index),
                            _mm256_castsi256_ps(from_b));
}

/* Lanes first..end-1; both may lie outside 0..8. */
static inline vec_mask vec_mask_range(long first, long end)
{
    const int lo = first < 0 ? 0 : first > VECTOR_FLOATS ? VECTOR_FLOATS : (int)first;
    const int hi = end < 0 ? 0 : end > VECTOR_FLOATS ? VECTOR_FLOATS : (int)end;
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(lo), lane),
                               _mm256_cmpgt_epi32(_mm256_set1_epi32(hi), lane));
}

/* The even and the odd floats of a and b behind each other. */
static inline void vec_deinterleave(vec a, vec b, vec *even, vec *odd)
{
    const __m256d e = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0x88));
    const __m256d o = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0xdd));
    *even = _mm256_castpd_ps(_mm256_permute4x64_pd(e, 0xd8));
    *odd = _mm256_castpd_ps(_mm256_permute4x64_pd(o, 0xd8));
}

#endif
