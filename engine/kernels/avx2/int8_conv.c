/* Convolution of bytes for AVX2, eight pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Without a dot product of bytes: that of AVX2 saturates its 16 bits (2 * 255 * 127 = 64770), which
 * would change bits. So bytes and weights are widened to 16 bits, whose products are summed in 32
 * (vpmaddwd): 2 * 255 * 127 there is exact. */
#include "kernels/avx2/int8_vector.h"
#include "kernels/avx2/kernels.h"

#define WEIGHT_BYTES 8

/* 4 x 2 sums leave 8 of the 16 registers for 2 x 2 vectors of the source, the weights and a
 * product. */
#define TILE_ROWS_MAX    4
#define TILE_VECTORS_MAX 2

/* Channels 0 and 2, 1 and 3 of each pixel, as 16 bits. */
typedef struct {
    __m256i even, odd;
} source;
typedef source weight;

static inline source source_load(const uint8_t *p, const unsigned stride)
{
    const __m256i pixels = load_pixels(p, stride);
    return (source){ _mm256_and_si256(pixels, _mm256_set1_epi16(255)),
                     _mm256_srli_epi16(pixels, 8) };
}

static inline weight weight_load(const uint8_t *p)
{
    const int32_t *pairs = (const int32_t *)(const void *)p;
    return (weight){ _mm256_set1_epi32(pairs[0]), _mm256_set1_epi32(pairs[1]) };
}

static inline ivec dot(ivec sum, source s, weight w)
{
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(s.even, w.even));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(s.odd, w.odd));
}

#include "kernels/vector/int8_conv.h"

void hrnet_int8_conv_avx2(const HrnetInt8Conv *conv)
{
    int8_conv(conv);
}
