/* Video rows into the network's input: the reference.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/exact.h"
#include "kernels/frame_c.h"
#include "kernels/sample16.h"

void HRNET_EXACT_NAME(hrnet_blend_rows_u8_c)(float *buffer, const uint8_t *rows,
                                             ptrdiff_t stride_bytes, const float *weights,
                                             unsigned n_rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buffer[i] = weights[0] * (float)rows[i];
    for (unsigned r = 1; r < n_rows; r++) {
        const uint8_t *row = rows + r * stride_bytes;
        for (size_t i = 0; i < n; i++)
            buffer[i] += weights[r] * (float)row[i];
    }
}

void HRNET_EXACT_NAME(hrnet_blend_rows_u16_c)(float *buffer, const uint8_t *rows,
                                              ptrdiff_t stride_bytes, const float *weights,
                                              unsigned n_rows, size_t n, HrnetSampleBits bits)
{
    for (size_t i = 0; i < n; i++)
        buffer[i] = 0.0f;
    for (unsigned r = 0; r < n_rows; r++) {
        const uint8_t *row = rows + r * stride_bytes;
        for (size_t i = 0; i < n; i++)
            buffer[i] += weights[r] * (float)hrnet_sample_get(row + 2 * i, bits);
    }
}

#ifndef HRNET_EXACT
void hrnet_pick_f32_c(float *line, const float *buffer, unsigned step, unsigned offset, size_t n)
{
    for (size_t i = 0; i < n; i++)
        line[i] = buffer[offset + i * step];
}
#endif

void HRNET_EXACT_NAME(hrnet_filter_columns_f32_c)(float *out, const float *line,
                                                  const HrnetFilterColumns *filter)
{
    for (size_t x = 0; x < filter->stride; x++) {
        const float *taps = line + filter->start[x];
        float sum = 0.0f;
        for (unsigned k = 0; k < filter->n_taps; k++)
            sum += filter->weights[k * filter->stride + x] * taps[k];
        out[x] = sum;
    }
}

static inline float clamp01(float v)
{
    return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v;
}

void HRNET_EXACT_NAME(hrnet_color_f32_c)(float *const out[3], const float *const in[3],
                                         const HrnetColorMatrix *matrix, size_t n)
{
    for (unsigned c = 0; c < 3; c++) {
        const float *m = matrix->m[c];
        for (size_t i = 0; i < n; i++) {
            const float v = m[0] * in[0][i] + m[3] + m[1] * in[1][i] + m[2] * in[2][i];
            out[c][i] = clamp01(v) * matrix->gain[c] + matrix->shift[c];
        }
    }
}
