/* Painting over video rows for NEON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/frame.h"

#include <arm_neon.h>

#define PAINT_NAME(name) name##_neon

typedef uint16x8x2_t words;

#include "kernels/vector/paint.h"

static inline bool one_label(const uint8_t *labels)
{
    return vminvq_u8(vceqq_u8(vld1q_u8(labels), vdupq_n_u8(labels[0]))) == 255;
}

static inline words words_load(const uint16_t *p)
{
    return vld1q_u16_x2(p);
}

static inline words words_every(unsigned step, uint64_t value, uint64_t between)
{
    const uint16_t w = (uint16_t)value, b = (uint16_t)between;
    const uint16_t four[4] = { w, step == 1 ? w : b, step == 4 ? b : w, step == 1 ? w : b };
    const uint16x4_t quarter = vld1_u16(four);
    const uint16x8_t half = vcombine_u16(quarter, quarter);
    return (words){ { half, half } };
}

/* (value * keep + add + 127) / 255; the sum is below 65535, for which the quotient is (t + 1 + (t
 * >> 8)) >> 8. */
static inline uint8x8_t blend(uint8x8_t bytes, uint16x8_t keep, uint16x8_t add)
{
    const uint16x8_t t = vmlaq_u16(vaddq_u16(add, vdupq_n_u16(127)), vmovl_u8(bytes), keep);
    return vshrn_n_u16(vaddq_u16(vsraq_n_u16(t, t, 8), vdupq_n_u16(1)), 8);
}

static inline void blend_bytes(uint8_t *bytes, words keep, words add)
{
    const uint8x16_t before = vld1q_u8(bytes);
    vst1q_u8(bytes, vcombine_u8(blend(vget_low_u8(before), keep.val[0], add.val[0]),
                                blend(vget_high_u8(before), keep.val[1], add.val[1])));
}

const HrnetFrameKernels hrnet_frame_kernels_neon = {
    .blend_rows = hrnet_blend_rows_u8_neon,
    .blend_rows16 = hrnet_blend_rows_u16_neon,
    .pick = hrnet_pick_f32_neon,
    .filter_columns = hrnet_filter_columns_f32_neon,
    .color = hrnet_color_f32_neon,
    .paint_plane = hrnet_paint_plane_u8_neon,
    .paint_packed = hrnet_paint_packed_u8_neon,
    .paint_chroma = hrnet_paint_chroma_u8_neon,
    .paint_plane16 = hrnet_paint_plane_u16_neon,
    .paint_chroma16 = hrnet_paint_chroma_u16_neon,
};
