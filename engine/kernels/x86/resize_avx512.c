/* Bilinear row kernels for AVX-512.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sixteen columns of the output lie on few columns of the line: those are loaded as they are, once
 * for the first and once for the second of each pair, and spread by a permutation. */
#include "kernels/resize_kernels.h"

#include <immintrin.h>

#define LANES 16

/* How far apart a block's columns lie in the line decides what spreads them. */
typedef enum { WITHIN_ONE_VECTOR, WITHIN_TWO_VECTORS, ANYWHERE } Reach;

static inline Reach reach_of(const HrnetColumns *columns)
{
    return columns->span16 < LANES       ? WITHIN_ONE_VECTOR
           : columns->span16 < 2 * LANES ? WITHIN_TWO_VECTORS
                                         : ANYWHERE;
}

static inline __mmask16 tail_mask(unsigned n_left)
{
    return n_left >= LANES ? (__mmask16)0xffff : (__mmask16)((1u << n_left) - 1);
}

/* line[index], all lanes, for a line shifted to where the block starts; relative = index - start.
 */
static inline __attribute__((always_inline)) __m512 spread(const float *line, __m512i relative,
                                                           Reach reach)
{
    if (reach == WITHIN_ONE_VECTOR)
        return _mm512_permutexvar_ps(relative, _mm512_loadu_ps(line));
    if (reach == WITHIN_TWO_VECTORS)
        return _mm512_permutex2var_ps(_mm512_loadu_ps(line), relative,
                                      _mm512_loadu_ps(line + LANES));
    return _mm512_i32gather_ps(relative, line, sizeof *line);
}

/* The pairs' first columns, and how much of the second goes in. */
typedef struct {
    __m512i relative;
    __m512 weight;
    size_t start;
} Block;

static inline Block block_load(const HrnetColumns *columns, unsigned x)
{
    return (Block){
        .relative = _mm512_load_si512(columns->first + x),
        .weight = _mm512_load_ps(columns->weight + x),
        .start = (size_t)columns->index[x],
    };
}

static inline __attribute__((always_inline)) __m512 interpolate(const float *line,
                                                                const Block *block, Reach reach)
{
    const __m512 first = spread(line + block->start, block->relative, reach);
    const __m512 second = spread(line + block->start + 1, block->relative, reach);
    return _mm512_fmadd_ps(block->weight, second, _mm512_fnmadd_ps(block->weight, first, first));
}

static void hrnet_lerp_row_f32_avx512(float *line, const float *row0, const float *row1,
                                      float weight1, unsigned n)
{
    const __m512 w0 = _mm512_set1_ps(1.0f - weight1);
    const __m512 w1 = _mm512_set1_ps(weight1);
    for (unsigned i = 0; i < n; i += LANES) {
        const __mmask16 mask = tail_mask(n - i);
        const __m512 first = _mm512_maskz_loadu_ps(mask, row0 + i);
        const __m512 second = _mm512_maskz_loadu_ps(mask, row1 + i);
        _mm512_store_ps(line + i, _mm512_fmadd_ps(w1, second, _mm512_mul_ps(w0, first)));
    }
    line[n] = weight1 * row1[n - 1] + (1.0f - weight1) * row0[n - 1];
}

/* The vector at row, or as much of it as there is: n_left floats, or none. */
static inline __m512 load_left(const float *row, int n_left)
{
    if (n_left >= LANES)
        return _mm512_loadu_ps(row);
    return _mm512_maskz_loadu_ps(n_left > 0 ? tail_mask((unsigned)n_left) : 0, row);
}

/* Both columns of a pair come from the same one or two vectors. */
static inline __attribute__((always_inline)) void spread_row(float *out, const float *row,
                                                             unsigned n_in, HrnetColumns columns,
                                                             unsigned n, Reach reach)
{
    for (unsigned x = 0; x < n; x += LANES) {
        const float *window = row + columns.index[x];
        const int n_left = (int)n_in - columns.index[x];
        const __m512i first = _mm512_load_si512(columns.first + x);
        const __m512i second = _mm512_load_si512(columns.second + x);
        const __m512 weight = _mm512_load_ps(columns.weight + x);
        __m512 a, b;
        if (reach == ANYWHERE) {
            a = _mm512_i32gather_ps(first, window, sizeof *row);
            b = _mm512_i32gather_ps(second, window, sizeof *row);
        } else if (reach == WITHIN_TWO_VECTORS) {
            const __m512 low = load_left(window, n_left);
            const __m512 high = load_left(window + LANES, n_left - LANES);
            a = _mm512_permutex2var_ps(low, first, high);
            b = _mm512_permutex2var_ps(low, second, high);
        } else {
            const __m512 low = load_left(window, n_left);
            a = _mm512_permutexvar_ps(first, low);
            b = _mm512_permutexvar_ps(second, low);
        }
        _mm512_store_ps(out + x, _mm512_fmadd_ps(weight, b, _mm512_fnmadd_ps(weight, a, a)));
    }
}

static void hrnet_spread_row_f32_avx512(float *out, const float *row, unsigned n_in,
                                        const HrnetColumns *columns, unsigned n)
{
    switch (reach_of(columns)) {
    case WITHIN_ONE_VECTOR:
        spread_row(out, row, n_in, *columns, n, WITHIN_ONE_VECTOR);
        break;
    case WITHIN_TWO_VECTORS:
        spread_row(out, row, n_in, *columns, n, WITHIN_TWO_VECTORS);
        break;
    case ANYWHERE:
        spread_row(out, row, n_in, *columns, n, ANYWHERE);
        break;
    }
}

/* A pair of spread rows with its weights, held in registers over the row. */
typedef struct {
    const float *first, *second;
    __m512 weight0, weight1;
} Pair;

static inline Pair pair_load(const HrnetAddRow *row, unsigned i)
{
    return (Pair){
        .first = row->pairs[i].first,
        .second = row->pairs[i].second,
        .weight0 = _mm512_set1_ps(1.0f - row->pairs[i].weight),
        .weight1 = _mm512_set1_ps(row->pairs[i].weight),
    };
}

static inline __m512 pair_add(__m512 sum, const Pair *pair, unsigned x)
{
    sum = _mm512_fmadd_ps(pair->weight0, _mm512_load_ps(pair->first + x), sum);
    return _mm512_fmadd_ps(pair->weight1, _mm512_load_ps(pair->second + x), sum);
}

/* n_pairs is a constant where this is inlined; pairs beyond it are never looked at. */
static inline __attribute__((always_inline)) void add_row(const HrnetAddRow *row, unsigned n_pairs)
{
    const __m512 floor = _mm512_set1_ps(row->relu ? 0.0f : -__builtin_inff());
    const Pair pair0 = pair_load(row, 0);
    const Pair pair1 = n_pairs > 1 ? pair_load(row, 1) : pair0;
    const Pair pair2 = n_pairs > 2 ? pair_load(row, 2) : pair0;
    const float *base = row->base;
    float *out = row->out;
    const unsigned n = row->n;
    for (unsigned x = 0; x < n; x += LANES) {
        __m512 sum = load_left(base + x, (int)(n - x));
        sum = pair_add(sum, &pair0, x);
        if (n_pairs > 1)
            sum = pair_add(sum, &pair1, x);
        if (n_pairs > 2)
            sum = pair_add(sum, &pair2, x);
        sum = _mm512_max_ps(floor, sum);
        if (n - x >= LANES)
            _mm512_storeu_ps(out + x, sum);
        else
            _mm512_mask_storeu_ps(out + x, tail_mask(n - x), sum);
    }
}

static void hrnet_add_row_f32_avx512(const HrnetAddRow *row)
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

static inline __attribute__((always_inline)) void argmax_row(uint8_t *labels, const float *lines,
                                                             size_t line_floats, unsigned n_classes,
                                                             const HrnetColumns *columns,
                                                             unsigned n, Reach reach)
{
    const __m512i one = _mm512_set1_epi32(1);
    for (unsigned x = 0; x < n; x += LANES) {
        const Block block = block_load(columns, x);
        __m512 best = interpolate(lines, &block, reach);
        __m512i best_label = one;
        __m512i label = one;
        for (unsigned c = 1; c < n_classes; c++) {
            const __m512 value = interpolate(lines + c * line_floats, &block, reach);
            const __mmask16 wins = _mm512_cmp_ps_mask(value, best, _CMP_GT_OQ);
            label = _mm512_add_epi32(label, one);
            best = _mm512_mask_mov_ps(best, wins, value);
            best_label = _mm512_mask_mov_epi32(best_label, wins, label);
        }
        _mm512_mask_cvtepi32_storeu_epi8(labels + x, tail_mask(n - x), best_label);
    }
}

static void hrnet_argmax_row_f32_avx512(uint8_t *labels, const float *lines, size_t line_floats,
                                        unsigned n_classes, const HrnetColumns *columns, unsigned n)
{
    switch (reach_of(columns)) {
    case WITHIN_ONE_VECTOR:
        argmax_row(labels, lines, line_floats, n_classes, columns, n, WITHIN_ONE_VECTOR);
        break;
    case WITHIN_TWO_VECTORS:
        argmax_row(labels, lines, line_floats, n_classes, columns, n, WITHIN_TWO_VECTORS);
        break;
    case ANYWHERE:
        argmax_row(labels, lines, line_floats, n_classes, columns, n, ANYWHERE);
        break;
    }
}

static inline __attribute__((always_inline)) void refine_row(uint8_t *labels,
                                                             const HrnetRefineRow *row,
                                                             const HrnetColumns *columns,
                                                             unsigned n, Reach reach)
{
    const __m512 floor = _mm512_set1_ps(row->rest_label ? 0.0f : -__builtin_inff());
    const __m512i floor_label =
        _mm512_set1_epi32(row->rest_label ? row->rest_label : row->class_labels[0]);
    for (unsigned x = 0; x < n; x += LANES) {
        const __mmask16 mask = tail_mask(n - x);
        const uint8_t block_label = row->block_labels[x / HRNET_COLUMN_BLOCK];
        __m512i best_label = _mm512_set1_epi32(block_label);
        if (!block_label) {
            const Block block = block_load(columns, x);
            const __m512 luma =
                _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, row->luma + x)));
            __m512 best = floor;
            best_label = floor_label;
            for (unsigned c = 0; c < row->n_classes; c++) {
                const size_t line = c * row->line_floats;
                const __m512 value =
                    _mm512_fmadd_ps(interpolate(row->slopes + line, &block, reach), luma,
                                    interpolate(row->offsets + line, &block, reach));
                const __mmask16 wins = _mm512_cmp_ps_mask(value, best, _CMP_GT_OQ);
                best = _mm512_mask_mov_ps(best, wins, value);
                best_label = _mm512_mask_set1_epi32(best_label, wins, row->class_labels[c]);
            }
        }
        _mm512_mask_cvtepi32_storeu_epi8(labels + x, mask, best_label);
    }
}

static void hrnet_refine_row_f32_avx512(uint8_t *labels, const HrnetRefineRow *row,
                                        const HrnetColumns *columns, unsigned n)
{
    switch (reach_of(columns)) {
    case WITHIN_ONE_VECTOR:
        refine_row(labels, row, columns, n, WITHIN_ONE_VECTOR);
        break;
    case WITHIN_TWO_VECTORS:
        refine_row(labels, row, columns, n, WITHIN_TWO_VECTORS);
        break;
    case ANYWHERE:
        refine_row(labels, row, columns, n, ANYWHERE);
        break;
    }
}

const HrnetResizeKernels hrnet_resize_kernels_avx512 = {
    .lerp_row = hrnet_lerp_row_f32_avx512,
    .spread_row = hrnet_spread_row_f32_avx512,
    .add_row = hrnet_add_row_f32_avx512,
    .argmax_row = hrnet_argmax_row_f32_avx512,
    .refine_row = hrnet_refine_row_f32_avx512,
};
