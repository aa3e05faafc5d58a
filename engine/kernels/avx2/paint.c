/* Painting over video rows for AVX2.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * There is no lookup of labels worth having, but labels come in areas: a block of pixels of one
 * label is blended with constants, or left alone; the blocks on the areas' borders go to the C
 * reference. */
#include "kernels/frame_c.h"
#include "kernels/avx2/frame.h"

#include <immintrin.h>
#include <stdbool.h>

/* Pixels of a block; 16-bit integers of a vector. */
#define BLOCK 16

/* Whether 16 labels are the same. */
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

/* Sixteen bytes under keep and add of their own. */
static inline void blend_bytes(uint8_t *bytes, __m256i keep, __m256i add)
{
    __m128i *at = (__m128i *)(void *)bytes;
    const __m256i blended = blend(_mm256_cvtepu8_epi16(_mm_loadu_si128(at)), keep, add);
    _mm_storeu_si128(at, _mm_packus_epi16(_mm256_castsi256_si128(blended),
                                          _mm256_extracti128_si256(blended, 1)));
}

/* Sixteen words: value for every step-th, between for the others; step 1, 2 or 4. */
static inline __m256i every(unsigned step, uint64_t value, uint64_t between)
{
    if (step == 1)
        return _mm256_set1_epi16((short)value);
    if (step == 2)
        return _mm256_set1_epi32((int)(value | between << 16));
    return _mm256_set1_epi64x((long long)(value | between << 16 | between << 32 | between << 48));
}

/* A block of values of one component, step bytes apart, under one label. */
static inline void blend_block(uint8_t *values, unsigned step, unsigned keep, unsigned add)
{
    const __m256i keeps = every(step, keep, 255);
    const __m256i adds = every(step, add, 0);
    for (unsigned i = 0; i < step; i++)
        blend_bytes(values + i * BLOCK, keeps, adds);
}

void hrnet_paint_plane_u8_avx2(uint8_t *row, unsigned step, const uint8_t *labels,
                               const HrnetPaintTable *table, unsigned component, unsigned n)
{
    unsigned x = 0;
    /* A block reaches to just before the next one's first value: at a step that may be another's
     * memory. */
    for (; x + BLOCK < n + (step == 1); x += BLOCK) {
        uint8_t *pixels = row + (size_t)x * step;
        const unsigned label = labels[x];
        if (!one_label(labels + x))
            hrnet_paint_plane_u8_c(pixels, step, labels + x, table, component, BLOCK);
        else if (table->keep[label] < 255)
            blend_block(pixels, step, table->keep[label], table->add[component][label]);
    }
    hrnet_paint_plane_u8_c(row + (size_t)x * step, step, labels + x, table, component, n - x);
}

/* The bytes of a block of packed pixels under one label: keep and add repeat every pixel. */
typedef struct {
    uint16_t keep[4 * BLOCK], add[4 * BLOCK];
} PackedBlock;

static void packed_block_fill(PackedBlock *block, unsigned step, const unsigned offsets[3],
                              const HrnetPaintTable *table, unsigned label)
{
    for (unsigned i = 0; i < step * BLOCK; i++) {
        block->keep[i] = 255;
        block->add[i] = 0;
    }
    for (unsigned i = 0; i < 3 * BLOCK; i++) {
        block->keep[i / 3 * step + offsets[i % 3]] = table->keep[label];
        block->add[i / 3 * step + offsets[i % 3]] = table->add[i % 3][label];
    }
}

static inline void blend_packed_block(uint8_t *pixels, unsigned step, const PackedBlock *block)
{
    for (unsigned i = 0; i < step * BLOCK; i += BLOCK)
        blend_bytes(pixels + i,
                    _mm256_loadu_si256((const __m256i *)(const void *)(block->keep + i)),
                    _mm256_loadu_si256((const __m256i *)(const void *)(block->add + i)));
}

void hrnet_paint_packed_u8_avx2(uint8_t *row, unsigned step, const unsigned offsets[3],
                                const uint8_t *labels, const HrnetPaintTable *table, unsigned n)
{
    PackedBlock block;
    unsigned block_label = 256, x = 0;
    for (; x + BLOCK <= n; x += BLOCK) {
        uint8_t *pixels = row + (size_t)x * step;
        const unsigned label = labels[x];
        if (!one_label(labels + x)) {
            hrnet_paint_packed_u8_c(pixels, step, offsets, labels + x, table, BLOCK);
        } else if (table->keep[label] < 255) {
            if (block_label != label)
                packed_block_fill(&block, step, offsets, table, label);
            block_label = label;
            blend_packed_block(pixels, step, &block);
        }
    }
    hrnet_paint_packed_u8_c(row + (size_t)x * step, step, offsets, labels + x, table, n - x);
}

/* Four labels that are one make the very sum of one label: (4 a + 510) / 1020 is (a + 127) / 255,
 * rounded down. */
void hrnet_paint_chroma_u8_avx2(uint8_t *row_u, uint8_t *row_v, unsigned step,
                                const uint8_t *labels0, const uint8_t *labels1,
                                const HrnetPaintTable *table, unsigned n)
{
    unsigned x = 0;
    for (; x + 2 * BLOCK < n + (step == 1); x += 2 * BLOCK) {
        uint8_t *u = row_u + (size_t)(x / 2) * step;
        uint8_t *v = row_v + (size_t)(x / 2) * step;
        const unsigned label = labels0[x];
        const bool uniform = labels1[x] == label && labels0[x + BLOCK] == label &&
                             labels1[x + BLOCK] == label && one_label(labels0 + x) &&
                             one_label(labels1 + x) && one_label(labels0 + x + BLOCK) &&
                             one_label(labels1 + x + BLOCK);
        if (!uniform) {
            hrnet_paint_chroma_u8_c(u, v, step, labels0 + x, labels1 + x, table, 2 * BLOCK);
        } else if (table->keep[label] < 255) {
            blend_block(u, step, table->keep[label], table->add[1][label]);
            blend_block(v, step, table->keep[label], table->add[2][label]);
        }
    }
    hrnet_paint_chroma_u8_c(row_u + (size_t)(x / 2) * step, row_v + (size_t)(x / 2) * step, step,
                            labels0 + x, labels1 + x, table, n - x);
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
