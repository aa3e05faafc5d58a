/* Painting over rows of 16-bit samples for AVX2: as paint.c does, block by block of one label.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/frame_c.h"
#include "kernels/avx2/frame.h"

#include <immintrin.h>
#include <stdbool.h>

/* Pixels of a block, and samples of a vector. */
#define BLOCK 16

static inline bool one_label(const uint8_t *labels, unsigned label)
{
    const __m128i all = _mm_loadu_si128((const __m128i *)(const void *)labels);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_set1_epi8((char)label))) == 0xffff;
}

/* What becomes of samples: value' = (value * keep + add) / 255, add with half a unit in it. */
typedef struct {
    __m128i shift;
    __m256i mask, place; /* of the value at bit 0, and where it lies */
    __m256i keep, add;
} Blend;

/* For every step-th sample, the others as they are; step 1 or 2. */
static inline Blend blend_of(const HrnetPaintTable16 *table, unsigned component, unsigned label,
                             unsigned step)
{
    const uint64_t keep = table->keep[label], add = table->add[component][label] + 127;
    const uint64_t keep_next = step == 1 ? keep : 255, add_next = step == 1 ? add : 127;
    const unsigned mask = table->bits.mask, shift = table->bits.shift;
    return (Blend){
        .shift = _mm_cvtsi32_si128((int)shift),
        .mask = _mm256_set1_epi32((int)mask),
        .place = _mm256_set1_epi16((short)(mask << shift)),
        .keep = _mm256_set1_epi64x((long long)(keep | keep_next << 32)),
        .add = _mm256_set1_epi64x((long long)(add | add_next << 32)),
    };
}

/* t / 255 = t * 0x80808081 >> 39 for all of 32 bits, the even and the odd on their own. */
static inline __m256i divide_by_255(__m256i t)
{
    const __m256i inverse = _mm256_set1_epi32((int)0x80808081u);
    const __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(t, inverse), 39);
    const __m256i odd = _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(t, 32), inverse), 39);
    return _mm256_or_si256(even, _mm256_slli_epi64(odd, 32));
}

static inline __m256i blend_eight(__m128i samples, const Blend *blend)
{
    const __m256i shifted = _mm256_cvtepu16_epi32(_mm_srl_epi16(samples, blend->shift));
    const __m256i value = _mm256_and_si256(shifted, blend->mask);
    return divide_by_255(_mm256_add_epi32(_mm256_mullo_epi32(value, blend->keep), blend->add));
}

static inline void blend_vector(uint8_t *samples, const Blend *blend)
{
    __m256i *at = (__m256i *)(void *)samples;
    const __m256i before = _mm256_loadu_si256(at);
    const __m256i low = blend_eight(_mm256_castsi256_si128(before), blend);
    const __m256i high = blend_eight(_mm256_extracti128_si256(before, 1), blend);
    const __m256i values = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xd8);
    _mm256_storeu_si256(at, _mm256_or_si256(_mm256_sll_epi16(values, blend->shift),
                                            _mm256_andnot_si256(blend->place, before)));
}

/* A block of samples of one component, step samples apart, under one label. */
static inline void blend_block(uint8_t *samples, unsigned step, const HrnetPaintTable16 *table,
                               unsigned component, unsigned label)
{
    const Blend blend = blend_of(table, component, label, step);
    for (unsigned i = 0; i < step; i++)
        blend_vector(samples + (size_t)i * 2 * BLOCK, &blend);
}

void hrnet_paint_plane_u16_avx2(uint8_t *row, unsigned step, const uint8_t *labels,
                                const HrnetPaintTable16 *table, unsigned component, unsigned n)
{
    unsigned x = 0;
    /* A block reaches to just before the next one's first value: at a step that may be another's
     * memory. */
    for (; x + BLOCK < n + (step == 1); x += BLOCK) {
        uint8_t *samples = row + 2 * (size_t)x * step;
        const unsigned label = labels[x];
        if (!one_label(labels + x, label))
            hrnet_paint_plane_u16_c(samples, step, labels + x, table, component, BLOCK);
        else if (table->keep[label] < 255)
            blend_block(samples, step, table, component, label);
    }
    hrnet_paint_plane_u16_c(row + 2 * (size_t)x * step, step, labels + x, table, component, n - x);
}

/* Four labels that are one make the very sum of one label, see hrnet_paint_chroma_u8_avx2(). */
void hrnet_paint_chroma_u16_avx2(uint8_t *row_u, uint8_t *row_v, unsigned step,
                                 const uint8_t *labels0, const uint8_t *labels1,
                                 const HrnetPaintTable16 *table, unsigned n)
{
    unsigned x = 0;
    for (; x + 2 * BLOCK < n + (step == 1); x += 2 * BLOCK) {
        uint8_t *u = row_u + (size_t)x * step, *v = row_v + (size_t)x * step;
        const unsigned label = labels0[x];
        const bool uniform = one_label(labels0 + x, label) && one_label(labels1 + x, label) &&
                             one_label(labels0 + x + BLOCK, label) &&
                             one_label(labels1 + x + BLOCK, label);
        if (!uniform) {
            hrnet_paint_chroma_u16_c(u, v, step, labels0 + x, labels1 + x, table, 2 * BLOCK);
        } else if (table->keep[label] < 255) {
            blend_block(u, step, table, 1, label);
            blend_block(v, step, table, 2, label);
        }
    }
    hrnet_paint_chroma_u16_c(row_u + (size_t)x * step, row_v + (size_t)x * step, step, labels0 + x,
                             labels1 + x, table, n - x);
}
