/* Four pixels, for the kernels of bytes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_NEON_INT8_VECTOR_H
#define HRNET_KERNELS_NEON_INT8_VECTOR_H

#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

#define VECTOR_PIXELS 4

typedef int32x4_t ivec;
typedef float32x4_t fvec;
typedef size_t ivec_mask; /* how many of the first lanes */

#define ivec_zero()           vdupq_n_s32(0)
#define ivec_set1(x)          vdupq_n_s32(x)
#define ivec_and(a, b)        vandq_s32(a, b)
#define ivec_or(a, b)         vorrq_s32(a, b)
#define ivec_shift_left(a, n) vshlq_s32(a, vdupq_n_s32(n))
#define ivec_shift_right(a, n)                                                                     \
    vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(-(int)(n))))
#define ivec_load(p)     vreinterpretq_s32_u8(vld1q_u8((const uint8_t *)(const void *)(p)))
#define ivec_store(p, v) vst1q_u8((uint8_t *)(p), vreinterpretq_u8_s32(v))
#define ivec_convert(a)  vcvtnq_s32_f32(a)
#define fvec_convert(a)  vcvtq_f32_s32(a)
#define fvec_set1(x)     vdupq_n_f32(x)
#define fvec_load(p)     vld1q_f32(p)
#define fvec_mul(a, b)   vmulq_f32(a, b)
#define fvec_add(a, b)   vaddq_f32(a, b)
/* b where a is no number. */
#define fvec_max(a, b) vmaxnmq_f32(a, b)
#define fvec_min(a, b) vminnmq_f32(a, b)

/* 16 bits: a0 b0 a1 b1 ..., a4 b4 a5 b5 ...; sums of products of pairs. */
#define ivec_unpack16_low(a, b)                                                                    \
    vreinterpretq_s32_s16(vzip1q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b)))
#define ivec_unpack16_high(a, b)                                                                   \
    vreinterpretq_s32_s16(vzip2q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b)))

static inline ivec ivec_madd16(ivec a, ivec b)
{
    const int16x8_t first = vreinterpretq_s16_s32(a), second = vreinterpretq_s16_s32(b);
    return vpaddq_s32(vmull_s16(vget_low_s16(first), vget_low_s16(second)),
                      vmull_high_s16(first, second));
}

static inline ivec_mask ivec_mask_first(size_t n)
{
    return n < VECTOR_PIXELS ? n : VECTOR_PIXELS;
}

static inline ivec ivec_load_mask(ivec_mask n, const uint8_t *p)
{
    uint8_t bytes[4 * VECTOR_PIXELS] = { 0 };
    for (size_t i = 0; i < n; i++)
        memcpy(bytes + 4 * i, p + 4 * i, 4);
    return ivec_load(bytes);
}

static inline void ivec_store_mask(uint8_t *p, ivec_mask n, ivec v)
{
    uint8_t bytes[4 * VECTOR_PIXELS];
    ivec_store(bytes, v);
    for (size_t i = 0; i < n; i++)
        memcpy(p + 4 * i, bytes + 4 * i, 4);
}

static inline void fvec_store_mask(float *p, ivec_mask n, fvec v)
{
    if (n == VECTOR_PIXELS) {
        vst1q_f32(p, v);
        return;
    }
    for (size_t i = 0; i < n; i++)
        p[i] = v[i];
}

/* Bytes less HRNET_INT8_SIGNED_OFFSET, which makes signed ones of them. */
static inline int8x16_t load_pixels(const uint8_t *p, const unsigned stride)
{
    uint8x16_t pixels = vld1q_u8(p);
    if (stride == 2)
        pixels = vreinterpretq_u8_u32(vuzp1q_u32(
            vreinterpretq_u32_u8(pixels), vreinterpretq_u32_u8(vld1q_u8(p + sizeof pixels))));
    return vreinterpretq_s8_u8(veorq_u8(pixels, vdupq_n_u8(0x80)));
}

/* 32 bits to 16 and to 8, rows of four pixels side by side, then pixels of four rows. */
static inline ivec pack_quads(const ivec rows[4], int zero_point)
{
    static const uint8_t transpose[] = { 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15 };
    const int16x8_t zero = vdupq_n_s16((int16_t)zero_point);
    const int16x8_t a = vqaddq_s16(vcombine_s16(vqmovn_s32(rows[0]), vqmovn_s32(rows[1])), zero);
    const int16x8_t b = vqaddq_s16(vcombine_s16(vqmovn_s32(rows[2]), vqmovn_s32(rows[3])), zero);
    const uint8x16_t bytes = vcombine_u8(vqmovun_s16(a), vqmovun_s16(b));
    return vreinterpretq_s32_u8(vqtbl1q_u8(bytes, vld1q_u8(transpose)));
}

#endif
