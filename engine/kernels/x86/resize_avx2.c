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

static inline __m256i load_indices(const int32_t *indices)
{
    return _mm256_load_si256((const __m256i *)(const void *)indices);
}

static inline Block block_load(const HrnetColumns *columns, unsigned x)
{
    return (Block){
        .relative = _mm256_sub_epi32(load_indices(columns->first + x),
                                     _mm256_set1_epi32(columns->first[x])),
        .weight = _mm256_load_ps(columns->weight + x),
        .start = (size_t)columns->index[x],
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

/* The vector at row, or as much of it as there is: n_left floats. */
static inline __m256 load_left(const float *row, unsigned n_left)
{
    return n_left >= LANES ? _mm256_loadu_ps(row) : _mm256_maskload_ps(row, tail_mask(n_left));
}

/* Both columns of a pair come from the same vector. */
static inline __attribute__((always_inline)) void spread_row(float *out, const float *row,
                                                             unsigned n_in, HrnetColumns columns,
                                                             unsigned n, bool within_one_vector)
{
    for (unsigned x = 0; x < n || x % HRNET_COLUMN_BLOCK; x += LANES) {
        const float *window = row + columns.index[x];
        const __m256i starts = _mm256_set1_epi32(columns.first[x]);
        const __m256i first = _mm256_sub_epi32(load_indices(columns.first + x), starts);
        const __m256i second = _mm256_sub_epi32(load_indices(columns.second + x), starts);
        const __m256 weight = _mm256_load_ps(columns.weight + x);
        __m256 a, b;
        if (within_one_vector) {
            const __m256 values = load_left(window, n_in - (unsigned)columns.index[x]);
            a = _mm256_permutevar8x32_ps(values, first);
            b = _mm256_permutevar8x32_ps(values, second);
        } else {
            a = _mm256_i32gather_ps(window, first, sizeof *row);
            b = _mm256_i32gather_ps(window, second, sizeof *row);
        }
        _mm256_store_ps(out + x, _mm256_fmadd_ps(weight, b, _mm256_fnmadd_ps(weight, a, a)));
    }
}

static void hrnet_spread_row_f32_avx2(float *out, const float *row, unsigned n_in,
                                      const HrnetColumns *columns, unsigned n)
{
    if (columns->span8 < LANES)
        spread_row(out, row, n_in, *columns, n, true);
    else
        spread_row(out, row, n_in, *columns, n, false);
}

/* A pair of spread rows with its weights, held in registers over the row. */
typedef struct {
    const float *first, *second;
    __m256 weight0, weight1;
} Pair;

static inline Pair pair_load(const HrnetAddRow *row, unsigned i)
{
    return (Pair){
        .first = row->pairs[i].first,
        .second = row->pairs[i].second,
        .weight0 = _mm256_set1_ps(1.0f - row->pairs[i].weight),
        .weight1 = _mm256_set1_ps(row->pairs[i].weight),
    };
}

static inline __m256 pair_add(__m256 sum, const Pair *pair, unsigned x)
{
    sum = _mm256_fmadd_ps(pair->weight0, _mm256_load_ps(pair->first + x), sum);
    return _mm256_fmadd_ps(pair->weight1, _mm256_load_ps(pair->second + x), sum);
}

/* n_pairs is a constant where this is inlined; pairs beyond it are never looked at. */
static inline __attribute__((always_inline)) void add_row(const HrnetAddRow *row, unsigned n_pairs)
{
    const __m256 floor = _mm256_set1_ps(row->relu ? 0.0f : -__builtin_inff());
    const Pair pair0 = pair_load(row, 0);
    const Pair pair1 = n_pairs > 1 ? pair_load(row, 1) : pair0;
    const Pair pair2 = n_pairs > 2 ? pair_load(row, 2) : pair0;
    const float *base = row->base;
    float *out = row->out;
    const unsigned n = row->n;
    for (unsigned x = 0; x < n; x += LANES) {
        __m256 sum = load_left(base + x, n - x);
        sum = pair_add(sum, &pair0, x);
        if (n_pairs > 1)
            sum = pair_add(sum, &pair1, x);
        if (n_pairs > 2)
            sum = pair_add(sum, &pair2, x);
        sum = _mm256_max_ps(floor, sum);
        if (n - x >= LANES)
            _mm256_storeu_ps(out + x, sum);
        else
            _mm256_maskstore_ps(out + x, tail_mask(n - x), sum);
    }
}

static void hrnet_add_row_f32_avx2(const HrnetAddRow *row)
{
    switch (row->n_pairs) {
    case 1:
        add_row(row, 1);
        break;
    case 2:
        add_row(row, 2);
        break;
    default:
        add_row(row, 3);
        break;
    }
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

static inline __attribute__((always_inline)) __m256i refined_labels(const HrnetRefineRow *row,
                                                                    const HrnetColumns *columns,
                                                                    unsigned x, unsigned n_left,
                                                                    bool within_one_vector)
{
    const Block block = block_load(columns, x);
    uint64_t levels = 0;
    memcpy(&levels, row->luma + x, n_left);
    const __m256 luma =
        _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)levels)));
    __m256 best = _mm256_set1_ps(row->rest_label ? 0.0f : -__builtin_inff());
    __m256i best_label =
        _mm256_set1_epi32(row->rest_label ? row->rest_label : row->class_labels[0]);
    for (unsigned c = 0; c < row->n_classes; c++) {
        const size_t line = c * row->line_floats;
        const __m256 value =
            _mm256_fmadd_ps(interpolate(row->slopes + line, &block, within_one_vector), luma,
                            interpolate(row->offsets + line, &block, within_one_vector));
        const __m256 wins = _mm256_cmp_ps(value, best, _CMP_GT_OQ);
        best = _mm256_blendv_ps(best, value, wins);
        best_label = _mm256_blendv_epi8(best_label, _mm256_set1_epi32(row->class_labels[c]),
                                        _mm256_castps_si256(wins));
    }
    return best_label;
}

static inline __attribute__((always_inline)) void refine_row(uint8_t *labels,
                                                             const HrnetRefineRow *row,
                                                             const HrnetColumns *columns,
                                                             unsigned n, bool within_one_vector)
{
    for (unsigned x = 0; x < n; x += LANES) {
        const unsigned n_left = n - x < LANES ? n - x : LANES;
        const uint8_t block_label = row->block_labels[x / HRNET_COLUMN_BLOCK];
        uint64_t bytes = block_label * UINT64_C(0x0101010101010101);
        if (!block_label)
            bytes = pack_bytes(refined_labels(row, columns, x, n_left, within_one_vector));
        memcpy(labels + x, &bytes, n_left);
    }
}

static void hrnet_refine_row_f32_avx2(uint8_t *labels, const HrnetRefineRow *row,
                                      const HrnetColumns *columns, unsigned n)
{
    if (columns->span8 < LANES)
        refine_row(labels, row, columns, n, true);
    else
        refine_row(labels, row, columns, n, false);
}

const HrnetResizeKernels hrnet_resize_kernels_avx2 = {
    .lerp_row = hrnet_lerp_row_f32_avx2,
    .spread_row = hrnet_spread_row_f32_avx2,
    .add_row = hrnet_add_row_f32_avx2,
    .argmax_row = hrnet_argmax_row_f32_avx2,
    .refine_row = hrnet_refine_row_f32_avx2,
};
