/* Convolution of bytes by dot products of four (FEAT_DotProd), four pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/int8_vector.h"
#include "kernels/neondotprod/kernels.h"
#include "kernels/vector/always_inline.h"

#define WEIGHT_BYTES 4

/* 8 x 3 sums leave 8 of the 32 registers for 3 vectors of the source and two of the weights, each
 * of four rows. */
#define TILE_ROWS_MAX    8
#define TILE_VECTORS_MAX 3

/* Dot products take a row's weight from any lane, so that one load brings those of four rows. */
#define HAVE_TILE_STEP
typedef ivec Sums[TILE_ROWS_MAX][TILE_VECTORS_MAX];

#define TILE_STEP_ROW(sums, s, w, lane, vectors)                                                   \
    do {                                                                                           \
        sums[0] = vdotq_laneq_s32(sums[0], s[0], w, lane);                                         \
        if (vectors > 1)                                                                           \
            sums[1] = vdotq_laneq_s32(sums[1], s[1], w, lane);                                     \
        if (vectors > 2)                                                                           \
            sums[2] = vdotq_laneq_s32(sums[2], s[2], w, lane);                                     \
    } while (0)

/* n rows from first on, 4 or 2. */
ALWAYS_INLINE void tile_step_rows(Sums sums, const uint8_t *weights, const int8x16_t *s,
                                  const unsigned first, const unsigned n, const unsigned vectors)
{
    const uint8_t *at = weights + first * WEIGHT_BYTES;
    const int8x16_t w =
        vreinterpretq_s8_u8(n == 4 ? vld1q_u8(at) : vcombine_u8(vld1_u8(at), vdup_n_u8(0)));
    TILE_STEP_ROW(sums[first], s, w, 0, vectors);
    TILE_STEP_ROW(sums[first + 1], s, w, 1, vectors);
    if (n < 4)
        return;
    TILE_STEP_ROW(sums[first + 2], s, w, 2, vectors);
    TILE_STEP_ROW(sums[first + 3], s, w, 3, vectors);
}

ALWAYS_INLINE void tile_step(Sums sums, const uint8_t *weights, const uint8_t *src,
                             const unsigned stride, const unsigned rows, const unsigned vectors)
{
    int8x16_t s[TILE_VECTORS_MAX];
#pragma GCC unroll 3
    for (unsigned v = 0; v < vectors; v++)
        s[v] = load_pixels(src + v * stride * sizeof *s, stride);
    if (rows >= 4)
        tile_step_rows(sums, weights, s, 0, 4, vectors);
    if (rows >= 8)
        tile_step_rows(sums, weights, s, 4, 4, vectors);
    if (rows & 2)
        tile_step_rows(sums, weights, s, rows & ~3u, 2, vectors);
}

#include "kernels/vector/int8_conv.h"

void hrnet_int8_conv_neondotprod(const HrnetInt8Conv *conv)
{
    int8_conv(conv);
}
