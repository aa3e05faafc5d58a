/* Bilinear row kernels for AVX-512: sixteen columns at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx512/kernels.h"
#include "kernels/avx512/vector.h"
#include "kernels/vector/resize.h"

ALWAYS_INLINE Reach reach_of(const HrnetColumns *columns)
{
    return columns->span16 < VECTOR_FLOATS       ? WITHIN_ONE_VECTOR
           : columns->span16 < 2 * VECTOR_FLOATS ? WITHIN_TWO_VECTORS
                                                 : ANYWHERE;
}

ALWAYS_INLINE vec_index relative_indices(const HrnetColumns *columns, const int32_t *indices,
                                         unsigned x)
{
    (void)columns; /* they are relative to a block of sixteen as they are */
    return vec_index_load(indices + x);
}

ALWAYS_INLINE vec spread(const float *line, vec_index relative, Reach reach)
{
    if (reach == WITHIN_ONE_VECTOR)
        return _mm512_permutexvar_ps(relative, vec_load(line));
    if (reach == WITHIN_TWO_VECTORS)
        return vec_permute2(vec_load(line), relative, vec_load(line + VECTOR_FLOATS));
    return _mm512_i32gather_ps(relative, line, sizeof *line);
}

static inline __mmask16 tail_mask(unsigned n_left)
{
    return n_left >= VECTOR_FLOATS ? (__mmask16)0xffff : (__mmask16)((1u << n_left) - 1);
}

ALWAYS_INLINE vec load_luma(const uint8_t *luma, unsigned n_left)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(tail_mask(n_left), luma)));
}

ALWAYS_INLINE void store_labels(uint8_t *labels, vec_index lanes, unsigned n_left)
{
    _mm512_mask_cvtepi32_storeu_epi8(labels, tail_mask(n_left), lanes);
}

static void lerp_row(float *line, const float *row0, const float *row1, float weight1, unsigned n)
{
    const vec w0 = vec_set1(1.0f - weight1);
    const vec w1 = vec_set1(weight1);
    for (unsigned i = 0; i < n; i += VECTOR_FLOATS) {
        const vec_mask mask = tail_mask(n - i);
        const vec first = vec_load_mask(mask, row0 + i);
        const vec second = vec_load_mask(mask, row1 + i);
        vec_store(line + i, vec_fma(w1, second, vec_mul(w0, first)));
    }
    line[n] = weight1 * row1[n - 1] + (1.0f - weight1) * row0[n - 1];
}

/* Both columns of a pair come from the same one or two vectors. */
ALWAYS_INLINE void spread_within(float *out, const float *row, unsigned n_in, HrnetColumns columns,
                                 unsigned n, Reach reach)
{
    for (unsigned x = 0; x < n; x += VECTOR_FLOATS) {
        const float *window = row + columns.index[x];
        const long n_left = (long)n_in - columns.index[x];
        const vec_index first = relative_indices(&columns, columns.first, x);
        const vec_index second = relative_indices(&columns, columns.second, x);
        const vec weight = vec_load(columns.weight + x);
        vec a, b;
        if (reach == ANYWHERE) {
            a = _mm512_i32gather_ps(first, window, sizeof *row);
            b = _mm512_i32gather_ps(second, window, sizeof *row);
        } else if (reach == WITHIN_TWO_VECTORS) {
            const vec low = load_left(window, n_left);
            const vec high = load_left(window + VECTOR_FLOATS, n_left - VECTOR_FLOATS);
            a = vec_permute2(low, first, high);
            b = vec_permute2(low, second, high);
        } else {
            const vec low = load_left(window, n_left);
            a = _mm512_permutexvar_ps(first, low);
            b = _mm512_permutexvar_ps(second, low);
        }
        vec_store(out + x, vec_fma(weight, b, vec_fnma(weight, a, a)));
    }
}

static void spread_row(float *out, const float *row, unsigned n_in, const HrnetColumns *columns,
                       unsigned n)
{
    WITH_REACH(columns, spread_within, out, row, n_in, *columns, n)
}

const HrnetResizeKernels hrnet_resize_kernels_avx512 = {
    .lerp_row = lerp_row,
    .spread_row = spread_row,
    .add_row = add_row,
    .argmax_row = argmax_row,
    .refine_row = refine_row,
};
