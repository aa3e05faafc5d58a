/* Four floats, for the templates in kernels/vector.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_NEON_VECTOR_H
#define HRNET_KERNELS_NEON_VECTOR_H

#include <arm_neon.h>

#define VECTOR_FLOATS 4

/* A register tile of 9 x 3 sums leaves 5 of the 32 registers for 3 vectors of the source and the
 * weights, of which a multiply-add takes one from any lane. A step loads 3 vectors and 9 weights,
 * in 6 instructions at most, for 27 multiply-adds. By Arm's software optimization guides Cortex-A72
 * starts one multiply-add and one load of 128 bits a cycle, Cortex-A76 and Neoverse N1 two of each:
 * loads take 6 of 27 cycles on the one, 3 of 13.5 on the others, and 27 sums are far more than a
 * multiply-add's latency asks for (8, at 4 cycles, on the latter). Nine rows, rather than 8,
 * because the branches of HRNetV2-W18 have multiples of 18 channels; those of W32 and W48 take 8 of
 * them. */
#define TILE_ROWS_MAX    9
#define TILE_VECTORS_MAX 3

typedef float32x4_t vec;
typedef int vec_mask; /* how many of the first lanes */
typedef int32x4_t vec_index;

#define vec_zero()          vdupq_n_f32(0)
#define vec_set1(x)         vdupq_n_f32(x)
#define vec_load(p)         vld1q_f32(p)
#define vec_load_aligned(p) vld1q_f32(p)
#define vec_store(p, v)     vst1q_f32(p, v)
#define vec_add(a, b)       vaddq_f32(a, b)
#define vec_sub(a, b)       vsubq_f32(a, b)
#define vec_mul(a, b)       vmulq_f32(a, b)
#ifdef HRNET_EXACT
#define vec_fma(a, b, c)  vaddq_f32(vmulq_f32(a, b), c)
#define vec_fnma(a, b, c) vsubq_f32(c, vmulq_f32(a, b))
#else
#define vec_fma(a, b, c)  vfmaq_f32(c, a, b) /* a * b + c */
#define vec_fnma(a, b, c) vfmsq_f32(c, a, b) /* c - a * b */
#endif

/* Which lanes of a compare as asked, and b in those lanes, a in the others. */
typedef uint32x4_t vec_truth;
#define vec_greater(a, b) vcgtq_f32(a, b)
#define vec_equal(a, b)   vceqq_f32(a, b)
#define vec_pick(t, b, a) vbslq_f32(t, b, a)
#define vec_abs(a)        vabsq_f32(a)
/* b where either is no number: a > b ? a : b, a < b ? a : b. */
#define vec_max(a, b) vec_pick(vcgtq_f32(a, b), a, b)
#define vec_min(a, b) vec_pick(vcltq_f32(a, b), a, b)

/* Computes v although nobody may look at it. */
#define vec_want(v) __asm__ volatile("" : : "w"(v))

/* Half as many doubles, from floats and back. */
typedef float64x2_t dvec;

#define dvec_set1(x)   vdupq_n_f64(x)
#define dvec_load(p)   vcvt_f64_f32(vld1_f32(p))
#define dvec_add(a, b) vaddq_f64(a, b)
#define dvec_sub(a, b) vsubq_f64(a, b)
#define dvec_mul(a, b) vmulq_f64(a, b)
#define vec_join(a, b) vcombine_f32(vcvt_f32_f64(a), vcvt_f32_f64(b))

/* a0 b0 a1 b1, a2 b2 a3 b3; a01 b01, a23 b23. */
#define vec_unpack_lo(a, b) vzip1q_f32(a, b)
#define vec_unpack_hi(a, b) vzip2q_f32(a, b)
#define vec_unpack2_lo(a, b)                                                                       \
    vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)))
#define vec_unpack2_hi(a, b)                                                                       \
    vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)))

/* *p in lane 0, zeros in the others. */
#define vec_load_first(p) ((vec){ *(p), 0, 0, 0 })

#define vec_index_load(p)       vld1q_s32(p)
#define vec_index_set1(x)       vdupq_n_s32(x)
#define vec_index_add(a, b)     vaddq_s32(a, b)
#define vec_index_sub(a, b)     vsubq_s32(a, b)
#define vec_index_pick(t, b, a) vbslq_s32(t, b, a)

/* Where the bytes of 32-bit lanes lie in a vector, or two. */
static inline uint8x16_t vec_index_bytes(vec_index index)
{
    return vreinterpretq_u8_u32(
        vmlaq_n_u32(vdupq_n_u32(0x03020100u), vreinterpretq_u32_s32(index), 0x04040404u));
}

/* Lane i is lane index[i] of a. */
static inline vec vec_permute(vec a, vec_index index)
{
    return vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(a), vec_index_bytes(index)));
}

/* Lane i is lane index[i] of a, or lane index[i] - VECTOR_FLOATS of b. */
static inline vec vec_permute2(vec a, vec_index index, vec b)
{
    const uint8x16x2_t both = { { vreinterpretq_u8_f32(a), vreinterpretq_u8_f32(b) } };
    return vreinterpretq_f32_u8(vqtbl2q_u8(both, vec_index_bytes(index)));
}

/* Four floats at places relative to p. */
static inline vec vec_gather(const float *p, vec_index relative)
{
    return (vec){ p[relative[0]], p[relative[1]], p[relative[2]], p[relative[3]] };
}

/* Lanes first..end-1, of which first is 0 with all who ask; end may lie outside 0..4. */
static inline vec_mask vec_mask_range(long first, long end)
{
    (void)first;
    return end < 0 ? 0 : end > VECTOR_FLOATS ? VECTOR_FLOATS : (vec_mask)end;
}

static inline vec vec_load_mask(vec_mask n, const float *p)
{
    switch (n) {
    case 0:
        return vec_zero();
    case 1:
        return vec_load_first(p);
    case 2:
        return (vec){ p[0], p[1], 0, 0 };
    case 3:
        return (vec){ p[0], p[1], p[2], 0 };
    default:
        return vec_load(p);
    }
}

static inline void vec_store_mask(float *p, vec_mask n, vec v)
{
    if (n == VECTOR_FLOATS) {
        vec_store(p, v);
        return;
    }
    if (n & 2)
        vst1_f32(p, vget_low_f32(v));
    if (n & 1)
        p[n - 1] = n == 1 ? v[0] : v[2];
}

/* The even and the odd floats of a and b behind each other. */
static inline void vec_deinterleave(vec a, vec b, vec *even, vec *odd)
{
    *even = vuzp1q_f32(a, b);
    *odd = vuzp2q_f32(a, b);
}

#endif
