/* Video rows into the network's input for AVX-512.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/vector/always_inline.h"
#include "kernels/avx512/frame.h"

#include <immintrin.h>

#define LANES 16

static inline __mmask16 tail_mask(size_t n_left)
{
    return n_left >= LANES ? (__mmask16)0xffff : (__mmask16)((1u << n_left) - 1);
}

static inline __m512 floats_of_bytes(__m128i bytes)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

/* Sums stay in registers over the rows: 64 bytes, a cache line of each row, at a time. */
void hrnet_blend_rows_u8_avx512(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                                const float *weights, unsigned n_rows, size_t n)
{
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        const uint8_t *bytes = rows + i;
        __m512 sum[4] = { _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                          _mm512_setzero_ps() };
        for (unsigned r = 0; r < n_rows; r++, bytes += stride_bytes) {
            const __m512 weight = _mm512_set1_ps(weights[r]);
            for (unsigned j = 0; j < 4; j++) {
                const __m128i *part = (const __m128i *)(const void *)(bytes + j * LANES);
                sum[j] = _mm512_fmadd_ps(weight, floats_of_bytes(_mm_loadu_si128(part)), sum[j]);
            }
        }
        for (unsigned j = 0; j < 4; j++)
            _mm512_storeu_ps(buffer + i + j * LANES, sum[j]);
    }
    for (; i < n; i += LANES) {
        const __mmask16 mask = tail_mask(n - i);
        const uint8_t *bytes = rows + i;
        __m512 sum = _mm512_setzero_ps();
        for (unsigned r = 0; r < n_rows; r++, bytes += stride_bytes)
            sum = _mm512_fmadd_ps(_mm512_set1_ps(weights[r]),
                                  floats_of_bytes(_mm_maskz_loadu_epi8(mask, bytes)), sum);
        _mm512_mask_storeu_ps(buffer + i, mask, sum);
    }
}

/* The samples' values; those outside of the mask are 0 and not read. */
static inline __m512 floats_of_samples(const uint8_t *samples, __mmask16 lanes, __m128i shift,
                                       __m512i mask)
{
    const __m256i sixteen = _mm256_maskz_loadu_epi16(lanes, samples);
    const __m512i values = _mm512_cvtepu16_epi32(_mm256_srl_epi16(sixteen, shift));
    return _mm512_cvtepi32_ps(_mm512_and_si512(values, mask));
}

void hrnet_blend_rows_u16_avx512(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                                 const float *weights, unsigned n_rows, size_t n,
                                 HrnetSampleBits bits)
{
    const __m128i shift = _mm_cvtsi32_si128((int)bits.shift);
    const __m512i mask = _mm512_set1_epi32((int)bits.mask);
    const __mmask16 all = (__mmask16)0xffff;
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        const uint8_t *samples = rows + 2 * i;
        __m512 sum[4] = { _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                          _mm512_setzero_ps() };
        for (unsigned r = 0; r < n_rows; r++, samples += stride_bytes) {
            const __m512 weight = _mm512_set1_ps(weights[r]);
            for (unsigned j = 0; j < 4; j++)
                sum[j] = _mm512_fmadd_ps(
                    weight, floats_of_samples(samples + 2 * j * LANES, all, shift, mask), sum[j]);
        }
        for (unsigned j = 0; j < 4; j++)
            _mm512_storeu_ps(buffer + i + j * LANES, sum[j]);
    }
    for (; i < n; i += LANES) {
        const __mmask16 lanes = tail_mask(n - i);
        const uint8_t *samples = rows + 2 * i;
        __m512 sum = _mm512_setzero_ps();
        for (unsigned r = 0; r < n_rows; r++, samples += stride_bytes)
            sum = _mm512_fmadd_ps(_mm512_set1_ps(weights[r]),
                                  floats_of_samples(samples, lanes, shift, mask), sum);
        _mm512_mask_storeu_ps(buffer + i, lanes, sum);
    }
}

/* Lane i is float offset + i * step of four vectors: of the first two, or, beyond 32, of the
 * others. */
void hrnet_pick_f32_avx512(float *line, const float *buffer, unsigned step, unsigned offset,
                           size_t n)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i place = _mm512_add_epi32(_mm512_set1_epi32((int)offset),
                                           _mm512_mullo_epi32(lane, _mm512_set1_epi32((int)step)));
    const __mmask16 beyond = _mm512_cmpge_epi32_mask(place, _mm512_set1_epi32(2 * LANES));
    for (size_t i = 0; i < n; i += LANES) {
        const float *from = buffer + i * step;
        __m512 picked =
            _mm512_permutex2var_ps(_mm512_loadu_ps(from), place, _mm512_loadu_ps(from + LANES));
        if (step > 2) {
            const __m512 others = _mm512_permutex2var_ps(_mm512_loadu_ps(from + 2 * LANES), place,
                                                         _mm512_loadu_ps(from + 3 * LANES));
            picked = _mm512_mask_mov_ps(picked, beyond, others);
        }
        _mm512_mask_storeu_ps(line + i, tail_mask(n - i), picked);
    }
}

/* How far apart a block's columns start decides what spreads them. */
typedef enum { WITHIN_ONE_VECTOR, WITHIN_TWO_VECTORS, ANYWHERE } Reach;

ALWAYS_INLINE __m512 spread(const float *line, __m512i relative, Reach reach)
{
    if (reach == WITHIN_ONE_VECTOR)
        return _mm512_permutexvar_ps(relative, _mm512_loadu_ps(line));
    if (reach == WITHIN_TWO_VECTORS)
        return _mm512_permutex2var_ps(_mm512_loadu_ps(line), relative,
                                      _mm512_loadu_ps(line + LANES));
    return _mm512_i32gather_ps(relative, line, sizeof *line);
}

ALWAYS_INLINE void filter_columns(float *out, const float *line, const HrnetFilterColumns *filter,
                                  Reach reach)
{
    for (size_t x = 0; x < filter->stride; x += LANES) {
        const int32_t start = filter->start[x];
        const __m512i relative =
            _mm512_sub_epi32(_mm512_load_si512(filter->start + x), _mm512_set1_epi32(start));
        const float *weights = filter->weights + x;
        __m512 sum = _mm512_setzero_ps();
        for (unsigned k = 0; k < filter->n_taps; k++, weights += filter->stride)
            sum = _mm512_fmadd_ps(_mm512_load_ps(weights),
                                  spread(line + start + k, relative, reach), sum);
        _mm512_storeu_ps(out + x, sum);
    }
}

void hrnet_filter_columns_f32_avx512(float *out, const float *line,
                                     const HrnetFilterColumns *filter)
{
    if (filter->span16 < LANES)
        filter_columns(out, line, filter, WITHIN_ONE_VECTOR);
    else if (filter->span16 < 2 * LANES)
        filter_columns(out, line, filter, WITHIN_TWO_VECTORS);
    else
        filter_columns(out, line, filter, ANYWHERE);
}

void hrnet_color_f32_avx512(float *const out[3], const float *const in[3],
                            const HrnetColorMatrix *matrix, size_t n)
{
    const __m512 zero = _mm512_setzero_ps();
    const __m512 one = _mm512_set1_ps(1.0f);
    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 mask = tail_mask(n - i);
        const __m512 a = _mm512_loadu_ps(in[0] + i);
        const __m512 b = _mm512_loadu_ps(in[1] + i);
        const __m512 d = _mm512_loadu_ps(in[2] + i);
        for (unsigned c = 0; c < 3; c++) {
            const float *m = matrix->m[c];
            __m512 v = _mm512_fmadd_ps(_mm512_set1_ps(m[0]), a, _mm512_set1_ps(m[3]));
            v = _mm512_fmadd_ps(_mm512_set1_ps(m[1]), b, v);
            v = _mm512_fmadd_ps(_mm512_set1_ps(m[2]), d, v);
            v = _mm512_min_ps(one, _mm512_max_ps(zero, v));
            v = _mm512_fmadd_ps(v, _mm512_set1_ps(matrix->gain[c]),
                                _mm512_set1_ps(matrix->shift[c]));
            _mm512_mask_storeu_ps(out[c] + i, mask, v);
        }
    }
}
