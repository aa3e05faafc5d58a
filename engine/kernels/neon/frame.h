/* The frame kernels for NEON, see kernels/frame_kernels.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_NEON_FRAME_H
#define HRNET_KERNELS_NEON_FRAME_H

#include "kernels/frame_kernels.h"

void hrnet_blend_rows_u8_neon(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                              const float *weights, unsigned n_rows, size_t n);
void hrnet_blend_rows_u16_neon(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                               const float *weights, unsigned n_rows, size_t n,
                               HrnetSampleBits bits);
void hrnet_pick_f32_neon(float *line, const float *buffer, unsigned step, unsigned offset,
                         size_t n);
void hrnet_filter_columns_f32_neon(float *out, const float *line, const HrnetFilterColumns *filter);
void hrnet_color_f32_neon(float *const out[3], const float *const in[3],
                          const HrnetColorMatrix *matrix, size_t n);

/* The same, exactly (kernels/exact.h). */
void hrnet_blend_rows_u8_neon_exact(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                                    const float *weights, unsigned n_rows, size_t n);
void hrnet_blend_rows_u16_neon_exact(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                                     const float *weights, unsigned n_rows, size_t n,
                                     HrnetSampleBits bits);
void hrnet_filter_columns_f32_neon_exact(float *out, const float *line,
                                         const HrnetFilterColumns *filter);
void hrnet_color_f32_neon_exact(float *const out[3], const float *const in[3],
                                const HrnetColorMatrix *matrix, size_t n);

void hrnet_paint_plane_u8_neon(uint8_t *row, unsigned step, const uint8_t *labels,
                               const HrnetPaintTable *table, unsigned component, unsigned n);
void hrnet_paint_packed_u8_neon(uint8_t *row, unsigned step, const unsigned offsets[3],
                                const uint8_t *labels, const HrnetPaintTable *table, unsigned n);
void hrnet_paint_chroma_u8_neon(uint8_t *row_u, uint8_t *row_v, unsigned step,
                                const uint8_t *labels0, const uint8_t *labels1,
                                const HrnetPaintTable *table, unsigned n);

void hrnet_paint_plane_u16_neon(uint8_t *row, unsigned step, const uint8_t *labels,
                                const HrnetPaintTable16 *table, unsigned component, unsigned n);
void hrnet_paint_chroma_u16_neon(uint8_t *row_u, uint8_t *row_v, unsigned step,
                                 const uint8_t *labels0, const uint8_t *labels1,
                                 const HrnetPaintTable16 *table, unsigned n);

#endif
