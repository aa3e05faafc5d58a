/* Painting over video rows for AVX-512: 32 pixels as 16-bit integers, labels looked up by
 * permutations. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/frame_c.h"
#include "kernels/vector/always_inline.h"
#include "kernels/avx512/frame.h"

#include <immintrin.h>

#define LANES 32
/* Labels that one permutation of two vectors of 16-bit entries tells apart. */
#define LABELS_A_LOOKUP (2 * LANES)

#define ALL_UNPAINTED 255

static inline __mmask32 tail_mask32(unsigned n_left)
{
    return n_left >= 32 ? 0xffffffffu : (1u << n_left) - 1;
}

static inline __m512i load_labels(const uint8_t *labels, __mmask32 mask)
{
    return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(mask, labels));
}

/* entries[label]; unpainted for labels from n_labels on, which the table says too up to the
 * lookup's end. */
static inline __m512i lookup(const uint16_t *entries, __m512i labels, unsigned n_labels,
                             unsigned unpainted)
{
    __m512i found = _mm512_set1_epi16((short)unpainted);
    if (n_labels <= LANES) {
        const __mmask32 inside = _mm512_cmplt_epu16_mask(labels, _mm512_set1_epi16(LANES));
        return _mm512_mask_permutexvar_epi16(found, inside, labels, _mm512_loadu_si512(entries));
    }
    for (unsigned first = 0; first < n_labels; first += LABELS_A_LOOKUP) {
        const __m512i relative = _mm512_sub_epi16(labels, _mm512_set1_epi16((short)first));
        const __mmask32 inside =
            _mm512_cmplt_epu16_mask(relative, _mm512_set1_epi16(LABELS_A_LOOKUP));
        const __m512i entry =
            _mm512_permutex2var_epi16(_mm512_loadu_si512(entries + first), relative,
                                      _mm512_loadu_si512(entries + first + LANES));
        found = _mm512_mask_mov_epi16(found, inside, entry);
    }
    return found;
}

static inline int nothing_painted(__m512i keep)
{
    return _mm512_cmpneq_epi16_mask(keep, _mm512_set1_epi16(ALL_UNPAINTED)) == 0;
}

/* (value * keep + add + 127) / 255; the sum is below 65535, for which the quotient is (t + 1 + (t
 * >> 8)) >> 8. */
static inline __m512i blend(__m512i value, __m512i keep, __m512i add)
{
    const __m512i t = _mm512_add_epi16(_mm512_mullo_epi16(value, keep),
                                       _mm512_add_epi16(add, _mm512_set1_epi16(127)));
    const __m512i t_plus_one = _mm512_add_epi16(t, _mm512_set1_epi16(1));
    return _mm512_srli_epi16(_mm512_add_epi16(t_plus_one, _mm512_srli_epi16(t, 8)), 8);
}

void hrnet_paint_plane_u8_avx512(uint8_t *row, unsigned step, const uint8_t *labels,
                                 const HrnetPaintTable *table, unsigned component, unsigned n)
{
    const uint16_t *add = table->add[component];
    for (unsigned x = 0; x < n; x += LANES) {
        const __mmask32 mask = tail_mask32(n - x);
        const __m512i label = load_labels(labels + x, mask);
        const __m512i keep = lookup(table->keep, label, table->n_labels, ALL_UNPAINTED);
        if (nothing_painted(keep))
            continue;
        const __m512i added = lookup(add, label, table->n_labels, 0);
        uint8_t *pixels = row + (size_t)x * step;
        if (step == 1) {
            const __m512i value = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(mask, pixels));
            _mm512_mask_cvtepi16_storeu_epi8(pixels, mask, blend(value, keep, added));
        } else {
            /* Every second byte: the low one of a 16-bit lane. */
            const __mmask64 bytes = _mm512_movepi8_mask(_mm512_maskz_set1_epi16(mask, 0x0080));
            const __m512i value = _mm512_maskz_loadu_epi8(bytes, pixels);
            _mm512_mask_storeu_epi8(pixels, bytes, blend(value, keep, added));
        }
    }
}

/* Bytes of 32 pixels in two vectors, of which component lanes are made and put back. */
typedef struct {
    __m512i low, high;
} Pixels;

/* Component lanes of four-byte pixels: byte number `offset` of every 32-bit lane. */
static inline __m512i split4(Pixels pixels, unsigned offset)
{
    const __m128i shift = _mm_cvtsi32_si128((int)(8 * offset));
    const __m512i byte = _mm512_set1_epi32(255);
    const __m512i low = _mm512_and_si512(_mm512_srl_epi32(pixels.low, shift), byte);
    const __m512i high = _mm512_and_si512(_mm512_srl_epi32(pixels.high, shift), byte);
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(low)),
                              _mm512_cvtepi32_epi16(high), 1);
}

static inline __m512i replace4(__m512i pixels, __m256i values, unsigned offset)
{
    const __m128i shift = _mm_cvtsi32_si128((int)(8 * offset));
    const __m512i place = _mm512_sll_epi32(_mm512_set1_epi32(255), shift);
    const __m512i moved = _mm512_sll_epi32(_mm512_cvtepu16_epi32(values), shift);
    return _mm512_or_si512(_mm512_andnot_si512(place, pixels), moved);
}

static void paint_packed4(uint8_t *row, const unsigned offsets[3], const uint8_t *labels,
                          const HrnetPaintTable *table, unsigned n)
{
    for (unsigned x = 0; x < n; x += LANES) {
        const __mmask32 mask = tail_mask32(n - x);
        const __mmask16 low_mask = (__mmask16)mask, high_mask = (__mmask16)(mask >> 16);
        const __m512i label = load_labels(labels + x, mask);
        const __m512i keep = lookup(table->keep, label, table->n_labels, ALL_UNPAINTED);
        if (nothing_painted(keep))
            continue;
        uint8_t *at = row + 4 * (size_t)x;
        Pixels pixels = { _mm512_maskz_loadu_epi32(low_mask, at),
                          _mm512_maskz_loadu_epi32(high_mask, at + 64) };
        for (unsigned i = 0; i < 3; i++) {
            const __m512i added = lookup(table->add[i], label, table->n_labels, 0);
            const __m512i value = blend(split4(pixels, offsets[i]), keep, added);
            pixels.low = replace4(pixels.low, _mm512_castsi512_si256(value), offsets[i]);
            pixels.high = replace4(pixels.high, _mm512_extracti64x4_epi64(value, 1), offsets[i]);
        }
        _mm512_mask_storeu_epi32(at, low_mask, pixels.low);
        _mm512_mask_storeu_epi32(at + 64, high_mask, pixels.high);
    }
}

static inline __m512i iota16(void)
{
    return _mm512_set_epi16(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14,
                            13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/* Component lanes of three-byte pixels: byte 3 x + offset is half of 16-bit word (3 x + offset)
 * / 2. */
static inline __m512i split3(Pixels pixels, unsigned offset)
{
    const __m512i byte = _mm512_add_epi16(_mm512_mullo_epi16(iota16(), _mm512_set1_epi16(3)),
                                          _mm512_set1_epi16((short)offset));
    const __m512i words =
        _mm512_permutex2var_epi16(pixels.low, _mm512_srli_epi16(byte, 1), pixels.high);
    const __m512i odd = _mm512_and_si512(byte, _mm512_set1_epi16(1));
    return _mm512_and_si512(_mm512_srlv_epi16(words, _mm512_slli_epi16(odd, 3)),
                            _mm512_set1_epi16(255));
}

/* For bytes first, first + 2, ... of 32 three-byte pixels, the lanes they come from: byte b is
 * component b % 3 of pixel b / 3. */
static inline __m512i join3_bytes(const __m512i components[3], unsigned first)
{
    const __m512i byte =
        _mm512_add_epi16(_mm512_slli_epi16(iota16(), 1), _mm512_set1_epi16((short)first));
    /* 43691 / 131072 is a third, near enough below 2^15. */
    const __m512i pixel =
        _mm512_srli_epi16(_mm512_mulhi_epu16(byte, _mm512_set1_epi16((short)43691)), 1);
    const __m512i component =
        _mm512_sub_epi16(byte, _mm512_mullo_epi16(pixel, _mm512_set1_epi16(3)));
    const __m512i place = _mm512_add_epi16(pixel, _mm512_slli_epi16(component, 5));
    const __mmask32 third = _mm512_cmpeq_epi16_mask(component, _mm512_set1_epi16(2));
    const __m512i joined = _mm512_permutex2var_epi16(components[0], place, components[1]);
    return _mm512_mask_permutexvar_epi16(joined, third, pixel, components[2]);
}

static inline __m512i join3(const __m512i components[3], unsigned first)
{
    return _mm512_or_si512(join3_bytes(components, first),
                           _mm512_slli_epi16(join3_bytes(components, first + 1), 8));
}

static void paint_packed3(uint8_t *row, const unsigned offsets[3], const uint8_t *labels,
                          const HrnetPaintTable *table, unsigned n)
{
    for (unsigned x = 0; x < n; x += LANES) {
        const unsigned n_bytes = n - x < LANES ? 3 * (n - x) : 3 * LANES;
        const __mmask64 low_mask = n_bytes >= 64 ? ~0ull : (1ull << n_bytes) - 1;
        const __mmask64 high_mask = n_bytes > 64 ? (1ull << (n_bytes - 64)) - 1 : 0;
        const __m512i label = load_labels(labels + x, tail_mask32(n - x));
        const __m512i keep = lookup(table->keep, label, table->n_labels, ALL_UNPAINTED);
        if (nothing_painted(keep))
            continue;
        uint8_t *at = row + 3 * (size_t)x;
        const Pixels pixels = { _mm512_maskz_loadu_epi8(low_mask, at),
                                _mm512_maskz_loadu_epi8(high_mask, at + 64) };
        __m512i components[3];
        for (unsigned i = 0; i < 3; i++) {
            const __m512i added = lookup(table->add[i], label, table->n_labels, 0);
            components[offsets[i]] = blend(split3(pixels, offsets[i]), keep, added);
        }
        _mm512_mask_storeu_epi8(at, low_mask, join3(components, 0));
        _mm512_mask_storeu_epi8(at + 64, high_mask, join3(components, 64));
    }
}

void hrnet_paint_packed_u8_avx512(uint8_t *row, unsigned step, const unsigned offsets[3],
                                  const uint8_t *labels, const HrnetPaintTable *table, unsigned n)
{
    if (step == 4)
        paint_packed4(row, offsets, labels, table, n);
    else
        paint_packed3(row, offsets, labels, table, n);
}

/* Sixteen chroma samples of one component, as 32-bit integers: bytes 0, step, 2 * step, ... */
static inline __m512i load_chroma(const uint8_t *row, unsigned step, __mmask16 mask)
{
    if (step == 1)
        return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, row));
    if (step == 2) {
        const __mmask32 bytes = _mm256_movepi8_mask(_mm256_maskz_set1_epi16(mask, 0x0080));
        return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi8(bytes, row));
    }
    const __mmask64 bytes = _mm512_movepi8_mask(_mm512_maskz_set1_epi32(mask, 0x00000080));
    return _mm512_maskz_loadu_epi8(bytes, row);
}

static inline void store_chroma(uint8_t *row, unsigned step, __mmask16 mask, __m512i value)
{
    if (step == 1) {
        _mm512_mask_cvtepi32_storeu_epi8(row, mask, value);
    } else if (step == 2) {
        const __mmask32 bytes = _mm256_movepi8_mask(_mm256_maskz_set1_epi16(mask, 0x0080));
        _mm256_mask_storeu_epi8(row, bytes, _mm512_cvtepi32_epi16(value));
    } else {
        const __mmask64 bytes = _mm512_movepi8_mask(_mm512_maskz_set1_epi32(mask, 0x00000080));
        _mm512_mask_storeu_epi8(row, bytes, value);
    }
}

/* The sum of add over the 2x2 labels of each of sixteen samples. Entries reach 65025, beyond what
 * the signed pairwise sum takes: they go in less 2^15, four of which are given back. */
static inline __m512i sum_added(const uint16_t *add, __m512i labels0, __m512i labels1,
                                unsigned n_labels)
{
    const __m512i ones = _mm512_set1_epi16(1);
    const __m512i middle = _mm512_set1_epi16((short)0x8000);
    const __m512i added0 = _mm512_xor_si512(lookup(add, labels0, n_labels, 0), middle);
    const __m512i added1 = _mm512_xor_si512(lookup(add, labels1, n_labels, 0), middle);
    const __m512i sum =
        _mm512_add_epi32(_mm512_madd_epi16(added0, ones), _mm512_madd_epi16(added1, ones));
    return _mm512_add_epi32(sum, _mm512_set1_epi32(4 << 15));
}

/* (value * keep + added + 510) / 1020. In float with half a unit more, so that no rounding reaches
 * an integer. */
static inline __m512i blend_chroma(__m512i value, __m512i keep, __m512i added)
{
    const __m512i t = _mm512_add_epi32(_mm512_mullo_epi32(value, keep), added);
    const __m512 inverse = _mm512_set1_ps(1.0f / 1020.0f);
    const __m512 shift = _mm512_set1_ps(510.5f / 1020.0f);
    return _mm512_cvttps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(t), inverse, shift));
}

ALWAYS_INLINE void paint_chroma(uint8_t *row_u, uint8_t *row_v, unsigned step,
                                const uint8_t *labels0, const uint8_t *labels1,
                                const HrnetPaintTable *table, unsigned n_samples)
{
    const unsigned n_labels = table->n_labels;
    for (unsigned i = 0; i < n_samples; i += LANES / 2) {
        const unsigned n_left = n_samples - i;
        const __mmask32 label_mask = tail_mask32(2 * n_left);
        const __mmask16 mask = (__mmask16)tail_mask32(n_left);
        const __m512i label0 = load_labels(labels0 + 2 * i, label_mask);
        const __m512i label1 = load_labels(labels1 + 2 * i, label_mask);
        const __m512i keeps =
            _mm512_add_epi16(lookup(table->keep, label0, n_labels, ALL_UNPAINTED),
                             lookup(table->keep, label1, n_labels, ALL_UNPAINTED));
        const __m512i keep = _mm512_madd_epi16(keeps, _mm512_set1_epi16(1));
        if (_mm512_cmpneq_epi32_mask(keep, _mm512_set1_epi32(4 * ALL_UNPAINTED)) == 0)
            continue;
        uint8_t *at_u = row_u + (size_t)i * step, *at_v = row_v + (size_t)i * step;
        const __m512i added_u = sum_added(table->add[1], label0, label1, n_labels);
        const __m512i added_v = sum_added(table->add[2], label0, label1, n_labels);
        /* Both are read before either is written: they may lie between each other. */
        const __m512i u = load_chroma(at_u, step, mask);
        const __m512i v = load_chroma(at_v, step, mask);
        store_chroma(at_u, step, mask, blend_chroma(u, keep, added_u));
        store_chroma(at_v, step, mask, blend_chroma(v, keep, added_v));
    }
}

void hrnet_paint_chroma_u8_avx512(uint8_t *row_u, uint8_t *row_v, unsigned step,
                                  const uint8_t *labels0, const uint8_t *labels1,
                                  const HrnetPaintTable *table, unsigned n)
{
    const unsigned n_samples = n / 2;
    if (step == 1)
        paint_chroma(row_u, row_v, 1, labels0, labels1, table, n_samples);
    else
        paint_chroma(row_u, row_v, step, labels0, labels1, table, n_samples);
    if (n & 1)
        hrnet_paint_chroma_u8_c(row_u + (size_t)n_samples * step, row_v + (size_t)n_samples * step,
                                step, labels0 + n - 1, labels1 + n - 1, table, 1);
}

const HrnetFrameKernels hrnet_frame_kernels_avx512 = {
    .blend_rows = hrnet_blend_rows_u8_avx512,
    .blend_rows16 = hrnet_blend_rows_u16_avx512,
    .pick = hrnet_pick_f32_avx512,
    .filter_columns = hrnet_filter_columns_f32_avx512,
    .color = hrnet_color_f32_avx512,
    .paint_plane = hrnet_paint_plane_u8_avx512,
    .paint_packed = hrnet_paint_packed_u8_avx512,
    .paint_chroma = hrnet_paint_chroma_u8_avx512,
};
