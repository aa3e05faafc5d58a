/* Bilinear row kernels for AVX2 and FMA: as those for AVX-512, eight columns at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/resize_kernels.h"

#include <immintrin.h>
#include <string.h>

#define LANES 8

static inline __m256i tail_mask(unsigned n_left)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n_left < LANES ? (int)n_left : LANES), lane);
}

/* line[index], all lanes, for a line shifted to where the block starts; relative = index - start.
 */
static inline __attribute__((always_inline)) __m256 spread(const float *line, __m256i relative,
                                                           bool within_one_vector)
{
    if (within_one_vector)
        return _mm256_permutevar8x32_ps(_mm256_loadu_ps(line), relative);
    return _mm256_i32gather_ps(line, relative, sizeof *line);
}

/* The pairs' first columns, and how much of the second goes in. */
typedef struct {
    __m256i relative;
    __m256 weight;
    size_t start;
} Block;

static inline Block block_load(const HrnetColumns *columns, unsigned x)
{
    const int32_t start = columns->index[x];
    return (Block){
        .relative =
            _mm256_sub_epi32(_mm256_load_si256((const __m256i *)(const void *)(columns->index + x)),
                             _mm256_set1_epi32(start)),
        .weight = _mm256_load_ps(columns->weight + x),
        .start = (size_t)start,
    };
}

static inline __attribute__((always_inline)) __m256
interpolate(const float *line, const Block *block, bool within_one_vector)
{
    const __m256 first = spread(line + block->start, block->relative, within_one_vector);
    const __m256 second = spread(line + block->start + 1, block->relative, within_one_vector);
    return _mm256_fmadd_ps(block->weight, second, _mm256_fnmadd_ps(block->weight, first, first));
}

static void hrnet_lerp_row_f32_avx2(float *line, const float *row0, const float *row1,
                                    float weight1, unsigned n)
{
    const float weight0 = 1.0f - weight1;
    const __m256 w0 = _mm256_set1_ps(weight0);
    const __m256 w1 = _mm256_set1_ps(weight1);
    unsigned i = 0;
    for (; i + LANES <= n; i += LANES) {
        const __m256 first = _mm256_loadu_ps(row0 + i);
        const __m256 second = _mm256_loadu_ps(row1 + i);
        _mm256_store_ps(line + i, _mm256_fmadd_ps(w1, second, _mm256_mul_ps(w0, first)));
    }
    for (; i < n; i++)
        line[i] = weight0 * row0[i] + weight1 * row1[i];
    line[n] = weight0 * row0[n - 1] + weight1 * row1[n - 1];
}

static inline __attribute__((always_inline)) void add_row(const HrnetAddRow *row, unsigned n_lines,
                                                          bool within_one_vector)
{
    const __m256 floor = _mm256_set1_ps(row->relu ? 0.0f : -__builtin_inff());
    for (unsigned x = 0; x < row->n; x += LANES) {
        const bool whole = row->n - x >= LANES;
        const __m256i mask = tail_mask(row->n - x);
        __m256 sum =
            whole ? _mm256_loadu_ps(row->base + x) : _mm256_maskload_ps(row->base + x, mask);
        for (unsigned i = 0; i < n_lines; i++) {
            const Block block = block_load(&row->columns[i], x);
            sum = _mm256_add_ps(sum, interpolate(row->lines[i], &block, within_one_vector));
        }
        sum = _mm256_max_ps(floor, sum);
        if (whole)
            _mm256_storeu_ps(row->out + x, sum);
        else
            _mm256_maskstore_ps(row->out + x, mask, sum);
    }
}

static void hrnet_add_row_f32_avx2(const HrnetAddRow *row)
{
    bool within_one_vector = true;
    for (unsigned i = 0; i < row->n_lines; i++)
        within_one_vector = within_one_vector && row->columns[i].span8 < LANES;
    if (!within_one_vector)
        add_row(row, row->n_lines, false);
    else if (row->n_lines == 1)
        add_row(row, 1, true);
    else if (row->n_lines == 2)
        add_row(row, 2, true);
    else
        add_row(row, row->n_lines, true);
}

/* The low bytes of eight integers. */
static inline uint64_t pack_bytes(__m256i v)
{
    const __m128i words =
        _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    return (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(words, words));
}

static inline __attribute__((always_inline)) void argmax_row(uint8_t *labels, const float *lines,
                                                             size_t line_floats, unsigned n_classes,
                                                             const HrnetColumns *columns,
                                                             unsigned n, bool within_one_vector)
{
    const __m256i one = _mm256_set1_epi32(1);
    for (unsigned x = 0; x < n; x += LANES) {
        const Block block = block_load(columns, x);
        __m256 best = interpolate(lines, &block, within_one_vector);
        __m256i best_label = one;
        __m256i label = one;
        for (unsigned c = 1; c < n_classes; c++) {
            const __m256 value = interpolate(lines + c * line_floats, &block, within_one_vector);
            const __m256 wins = _mm256_cmp_ps(value, best, _CMP_GT_OQ);
            label = _mm256_add_epi32(label, one);
            best = _mm256_blendv_ps(best, value, wins);
            best_label = _mm256_blendv_epi8(best_label, label, _mm256_castps_si256(wins));
        }
        const uint64_t bytes = pack_bytes(best_label);
        memcpy(labels + x, &bytes, n - x < LANES ? n - x : LANES);
    }
}

static void hrnet_argmax_row_f32_avx2(uint8_t *labels, const float *lines, size_t line_floats,
                                      unsigned n_classes, const HrnetColumns *columns, unsigned n)
{
    if (columns->span8 < LANES)
        argmax_row(labels, lines, line_floats, n_classes, columns, n, true);
    else
        argmax_row(labels, lines, line_floats, n_classes, columns, n, false);
}

const HrnetResizeKernels hrnet_resize_kernels_avx2 = {
    .lerp_row = hrnet_lerp_row_f32_avx2,
    .add_row = hrnet_add_row_f32_avx2,
    .argmax_row = hrnet_argmax_row_f32_avx2,
};
