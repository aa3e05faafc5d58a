/* Video rows into the network's input: included after vector.h and what each instruction set has
 * its own way of.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   FRAME_NAME         a kernel's name with that of the instruction set, exact where it is
 *   floats_of_bytes    a vector of them; floats_of_samples of 16-bit samples that samples_of()
 * knows Places, places_of  where the lanes of a vector of columns lie, relative to `start` spread
 * line[places] */
#include "kernels/exact.h"
#include "kernels/frame_c.h"
#include "kernels/vector/always_inline.h"

#include <stdbool.h>

/* How far apart a block's columns start decides what spreads them. */
typedef enum { WITHIN_ONE_VECTOR, WITHIN_TWO_VECTORS, ANYWHERE } Reach;

static inline vec floats_of_bytes(const uint8_t *bytes);
static inline Samples samples_of(HrnetSampleBits bits);
static inline vec floats_of_samples(const uint8_t *samples, const Samples *kind);
ALWAYS_INLINE Places places_of(const int32_t *starts, int32_t start);
ALWAYS_INLINE vec spread(const float *line, const Places *places, Reach reach);

/* Sums stay in registers over the rows: 32 bytes, half a cache line of each row, at a time. */
void FRAME_NAME(hrnet_blend_rows_u8)(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                                     const float *weights, unsigned n_rows, size_t n)
{
    size_t i = 0;
    for (; i + 4 * VECTOR_FLOATS <= n; i += 4 * VECTOR_FLOATS) {
        const uint8_t *bytes = rows + i;
        vec sum[4] = { vec_zero(), vec_zero(), vec_zero(), vec_zero() };
        for (unsigned r = 0; r < n_rows; r++, bytes += stride_bytes) {
            const vec weight = vec_set1(weights[r]);
            for (unsigned j = 0; j < 4; j++)
                sum[j] = vec_fma(weight, floats_of_bytes(bytes + j * VECTOR_FLOATS), sum[j]);
        }
        for (unsigned j = 0; j < 4; j++)
            vec_store(buffer + i + j * VECTOR_FLOATS, sum[j]);
    }
    if (i < n)
        HRNET_EXACT_NAME(hrnet_blend_rows_u8_c)
    (buffer + i, rows + i, stride_bytes, weights, n_rows, n - i);
}

void FRAME_NAME(hrnet_blend_rows_u16)(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                                      const float *weights, unsigned n_rows, size_t n,
                                      HrnetSampleBits bits)
{
    const Samples kind = samples_of(bits);
    size_t i = 0;
    for (; i + 4 * VECTOR_FLOATS <= n; i += 4 * VECTOR_FLOATS) {
        const uint8_t *samples = rows + 2 * i;
        vec sum[4] = { vec_zero(), vec_zero(), vec_zero(), vec_zero() };
        for (unsigned r = 0; r < n_rows; r++, samples += stride_bytes) {
            const vec weight = vec_set1(weights[r]);
            for (unsigned j = 0; j < 4; j++)
                sum[j] = vec_fma(weight, floats_of_samples(samples + 2 * j * VECTOR_FLOATS, &kind),
                                 sum[j]);
        }
        for (unsigned j = 0; j < 4; j++)
            vec_store(buffer + i + j * VECTOR_FLOATS, sum[j]);
    }
    if (i < n)
        HRNET_EXACT_NAME(hrnet_blend_rows_u16_c)
    (buffer + i, rows + 2 * i, stride_bytes, weights, n_rows, n - i, bits);
}

ALWAYS_INLINE void filter_columns(float *out, const float *line, const HrnetFilterColumns *filter,
                                  Reach reach)
{
    for (size_t x = 0; x < filter->stride; x += VECTOR_FLOATS) {
        const int32_t start = filter->start[x];
        const Places places = places_of(filter->start + x, start);
        const float *weights = filter->weights + x;
        vec sum = vec_zero();
        for (unsigned k = 0; k < filter->n_taps; k++, weights += filter->stride)
            sum = vec_fma(vec_load_aligned(weights), spread(line + start + k, &places, reach), sum);
        vec_store(out + x, sum);
    }
}

void FRAME_NAME(hrnet_filter_columns_f32)(float *out, const float *line,
                                          const HrnetFilterColumns *filter)
{
    if (filter->span8 < VECTOR_FLOATS)
        filter_columns(out, line, filter, WITHIN_ONE_VECTOR);
    else if (filter->span8 < 2 * VECTOR_FLOATS)
        filter_columns(out, line, filter, WITHIN_TWO_VECTORS);
    else
        filter_columns(out, line, filter, ANYWHERE);
}

void FRAME_NAME(hrnet_color_f32)(float *const out[3], const float *const in[3],
                                 const HrnetColorMatrix *matrix, size_t n)
{
    const vec zero = vec_zero();
    const vec one = vec_set1(1.0f);
    size_t i = 0;
    for (; i + VECTOR_FLOATS <= n; i += VECTOR_FLOATS) {
        const vec a = vec_load(in[0] + i);
        const vec b = vec_load(in[1] + i);
        const vec d = vec_load(in[2] + i);
        for (unsigned c = 0; c < 3; c++) {
            const float *m = matrix->m[c];
            vec v = vec_fma(vec_set1(m[0]), a, vec_set1(m[3]));
            v = vec_fma(vec_set1(m[1]), b, v);
            v = vec_fma(vec_set1(m[2]), d, v);
            v = vec_min(one, vec_max(zero, v));
            v = vec_fma(v, vec_set1(matrix->gain[c]), vec_set1(matrix->shift[c]));
            vec_store(out[c] + i, v);
        }
    }
    if (i < n) {
        float *const out_tail[3] = { out[0] + i, out[1] + i, out[2] + i };
        const float *const in_tail[3] = { in[0] + i, in[1] + i, in[2] + i };
        HRNET_EXACT_NAME(hrnet_color_f32_c)(out_tail, in_tail, matrix, n - i);
    }
}
