/* Convolution of bytes by dot products of four (AVX-VNNI), eight pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/int8_vector.h"
#include "kernels/avxvnni/kernels.h"

#define WEIGHT_BYTES 4

/* 4 x 3 sums leave 4 of the 16 registers for 3 vectors of the source and the weight. */
#define TILE_ROWS_MAX    4
#define TILE_VECTORS_MAX 3

typedef __m256i source, weight;

#define source_load(p, stride) load_pixels(p, stride)
#define weight_load(p)         _mm256_set1_epi32(*(const int32_t *)(const void *)(p))
#define dot(sum, s, w)         _mm256_dpbusd_avx_epi32(sum, s, w)

#include "kernels/vector/int8_conv.h"

void hrnet_int8_conv_avxvnni(const HrnetInt8Conv *conv)
{
    int8_conv(conv);
}
