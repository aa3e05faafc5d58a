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
    const int32_t start = columns->index[x];
    return (Block){
        .relative =
            _mm512_sub_epi32(_mm512_load_si512(columns->index + x), _mm512_set1_epi32(start)),
        .weight = _mm512_load_ps(columns->weight + x),
        .start = (size_t)start,
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

static inline __attribute__((always_inline)) void add_row(const HrnetAddRow *row, unsigned n_lines,
                                                          Reach reach)
{
    const __m512 floor = _mm512_set1_ps(row->relu ? 0.0f : -__builtin_inff());
    for (unsigned x = 0; x < row->n; x += LANES) {
        const __mmask16 mask = tail_mask(row->n - x);
        __m512 sum = _mm512_maskz_loadu_ps(mask, row->base + x);
        for (unsigned i = 0; i < n_lines; i++) {
            const Block block = block_load(&row->columns[i], x);
            sum = _mm512_add_ps(sum, interpolate(row->lines[i], &block, reach));
        }
        _mm512_mask_storeu_ps(row->out + x, mask, _mm512_max_ps(floor, sum));
    }
}

static void hrnet_add_row_f32_avx512(const HrnetAddRow *row)
{
    Reach reach = WITHIN_ONE_VECTOR;
    for (unsigned i = 0; i < row->n_lines; i++)
        if (reach_of(&row->columns[i]) > reach)
            reach = reach_of(&row->columns[i]);
    if (reach == WITHIN_TWO_VECTORS)
        add_row(row, row->n_lines, WITHIN_TWO_VECTORS);
    else if (reach == ANYWHERE)
        add_row(row, row->n_lines, ANYWHERE);
    else if (row->n_lines == 1)
        add_row(row, 1, WITHIN_ONE_VECTOR);
    else if (row->n_lines == 2)
        add_row(row, 2, WITHIN_ONE_VECTOR);
    else
        add_row(row, row->n_lines, WITHIN_ONE_VECTOR);
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

const HrnetResizeKernels hrnet_resize_kernels_avx512 = {
    .lerp_row = hrnet_lerp_row_f32_avx512,
    .add_row = hrnet_add_row_f32_avx512,
    .argmax_row = hrnet_argmax_row_f32_avx512,
};
