/* Painting over rows of 16-bit samples for NEON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/frame.h"

#include <arm_neon.h>

#define PAINT_NAME(name) name##_neon

typedef struct {
    int16x8_t up, down; /* shifts to the left: back to where the value lies, and from there */
    uint16x8_t mask, place;
    uint16x4_t keep;
    uint32x4_t add;
} Blend;

#include "kernels/vector/paint16.h"

static inline bool all_labels(const uint8_t *labels, unsigned label)
{
    return vminvq_u8(vceqq_u8(vld1q_u8(labels), vdupq_n_u8((uint8_t)label))) == 255;
}

static inline Blend blend_of(const HrnetPaintTable16 *table, unsigned component, unsigned label,
                             unsigned step)
{
    const uint64_t keep = table->keep[label], add = table->add[component][label] + 127;
    const uint64_t keep_next = step == 1 ? keep : 255, add_next = step == 1 ? add : 127;
    const unsigned mask = table->bits.mask, shift = table->bits.shift;
    return (Blend){
        .up = vdupq_n_s16((int16_t)shift),
        .down = vdupq_n_s16((int16_t) - (int)shift),
        .mask = vdupq_n_u16((uint16_t)mask),
        .place = vdupq_n_u16((uint16_t)(mask << shift)),
        .keep = vreinterpret_u16_u32(vdup_n_u32((uint32_t)(keep | keep_next << 16))),
        .add = vreinterpretq_u32_u64(vdupq_n_u64(add | add_next << 32)),
    };
}

/* t / 255 = t * 0x80808081 >> 39 for all of 32 bits. */
static inline uint16x4_t divide_by_255(uint32x4_t t)
{
    const uint32x2_t inverse = vdup_n_u32(0x80808081u);
    const uint32x2_t low = vshrn_n_u64(vmull_u32(vget_low_u32(t), inverse), 32);
    const uint32x2_t high = vshrn_n_u64(vmull_u32(vget_high_u32(t), inverse), 32);
    return vshrn_n_u32(vcombine_u32(low, high), 7);
}

static inline void blend_eight(uint8_t *samples, const Blend *blend)
{
    const uint16x8_t before = vreinterpretq_u16_u8(vld1q_u8(samples));
    const uint16x8_t value = vandq_u16(vshlq_u16(before, blend->down), blend->mask);
    const uint16x4_t low = divide_by_255(vmlal_u16(blend->add, vget_low_u16(value), blend->keep));
    const uint16x4_t high = divide_by_255(vmlal_u16(blend->add, vget_high_u16(value), blend->keep));
    const uint16x8_t after = vshlq_u16(vcombine_u16(low, high), blend->up);
    vst1q_u8(samples, vreinterpretq_u8_u16(vbslq_u16(blend->place, after, before)));
}

static inline void blend_vector(uint8_t *samples, const Blend *blend)
{
    blend_eight(samples, blend);
    blend_eight(samples + 16, blend);
}
