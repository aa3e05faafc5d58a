/* Convolution of bytes for NEON, four pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Without a dot product of bytes: products are summed in pairs in 16 bits, 2 * 128 * 127 at most,
 * and the pairs of a pixel into its 32. Those are four instructions for sixteen products, as many
 * as of floats. */
#include "kernels/neon/int8_vector.h"
#include "kernels/neon/kernels.h"

#define WEIGHT_BYTES 4

/* 8 x 2 sums leave 16 of the 32 registers for 2 vectors of the source, the weights and products on
 * their way. */
#define TILE_ROWS_MAX    8
#define TILE_VECTORS_MAX 2

typedef int8x16_t source, weight;

#define source_load(p, stride) load_pixels(p, stride)

static inline weight weight_load(const uint8_t *p)
{
    int32_t four;
    memcpy(&four, p, sizeof four);
    return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

static inline ivec dot(ivec sum, source s, weight w)
{
    const int16x8_t low = vmull_s8(vget_low_s8(s), vget_low_s8(w)), high = vmull_high_s8(s, w);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
}

#include "kernels/vector/int8_conv.h"

void hrnet_int8_conv_neon(const HrnetInt8Conv *conv)
{
    int8_conv(conv);
}
