/* Sums of bytes for NEON, two pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/int8_vector.h"
#include "kernels/neon/kernels.h"

#define SUM_PIXELS 2

static inline ivec load_bytes(const uint8_t *p)
{
    return vreinterpretq_s32_u16(vmovl_u8(vld1_u8(p)));
}

static inline void store_bytes(uint8_t *p, ivec low, ivec high, int zero_point)
{
    const int16x8_t words = vcombine_s16(vqmovn_s32(low), vqmovn_s32(high));
    vst1_u8(p, vqmovun_s16(vqaddq_s16(words, vdupq_n_s16((int16_t)zero_point))));
}

#include "kernels/vector/int8_sum.h"

void hrnet_int8_sum_neon(const HrnetInt8Sum *sum)
{
    int8_sum(sum);
}
