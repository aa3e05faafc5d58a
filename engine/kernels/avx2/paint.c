/* Painting over video rows for AVX2.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/frame.h"

#include <immintrin.h>

#define PAINT_NAME(name) name##_avx2

typedef __m256i words;

#include "kernels/vector/paint.h"

static inline bool one_label(const uint8_t *labels)
{
    const __m128i all = _mm_loadu_si128((const __m128i *)(const void *)labels);
    const __m128i first = _mm_set1_epi8((char)labels[0]);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(all, first)) == 0xffff;
}

/* (value * keep + add + 127) / 255; the sum is below 65535, for which the quotient is (t + 1 + (t
 * >> 8)) >> 8. */
static inline __m256i blend(__m256i value, __m256i keep, __m256i add)
{
    const __m256i t = _mm256_add_epi16(_mm256_mullo_epi16(value, keep),
                                       _mm256_add_epi16(add, _mm256_set1_epi16(127)));
    const __m256i t_plus_one = _mm256_add_epi16(t, _mm256_set1_epi16(1));
    return _mm256_srli_epi16(_mm256_add_epi16(t_plus_one, _mm256_srli_epi16(t, 8)), 8);
}

static inline void blend_bytes(uint8_t *bytes, words keep, words add)
{
    __m128i *at = (__m128i *)(void *)bytes;
    const __m256i blended = blend(_mm256_cvtepu8_epi16(_mm_loadu_si128(at)), keep, add);
    _mm_storeu_si128(at, _mm_packus_epi16(_mm256_castsi256_si128(blended),
                                          _mm256_extracti128_si256(blended, 1)));
}

static inline words words_load(const uint16_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline words words_every(unsigned step, uint64_t value, uint64_t between)
{
    if (step == 1)
        return _mm256_set1_epi16((short)value);
    if (step == 2)
        return _mm256_set1_epi32((int)(value | between << 16));
    return _mm256_set1_epi64x((long long)(value | between << 16 | between << 32 | between << 48));
}

const HrnetFrameKernels hrnet_frame_kernels_avx2 = {
    .blend_rows = hrnet_blend_rows_u8_avx2,
    .blend_rows16 = hrnet_blend_rows_u16_avx2,
    .pick = hrnet_pick_f32_avx2,
    .filter_columns = hrnet_filter_columns_f32_avx2,
    .color = hrnet_color_f32_avx2,
    .paint_plane = hrnet_paint_plane_u8_avx2,
    .paint_packed = hrnet_paint_packed_u8_avx2,
    .paint_chroma = hrnet_paint_chroma_u8_avx2,
    .paint_plane16 = hrnet_paint_plane_u16_avx2,
    .paint_chroma16 = hrnet_paint_chroma_u16_avx2,
};
