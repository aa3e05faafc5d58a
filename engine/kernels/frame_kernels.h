/* Rows of video: into the network's input, and painted over.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Into the network, an output row is made in four steps, each a kernel here: the frame's rows are
 * blended vertically as bytes of whatever meaning; components that share a plane are picked apart;
 * each is filtered horizontally; and the three are turned into normalised RGB. "Buffers" of floats
 * have HRNET_LINE_ROOM floats behind their end, all of them finite: kernels may read those. Rows of
 * frames and tensors are neither read nor written outside of n.
 *
 * Versions of the float kernels differ from the C reference by rounding alone (fused multiply-add,
 * order of sums): 1e-5 of the largest term. The painting kernels are exact. */
#ifndef HRNET_KERNELS_FRAME_KERNELS_H
#define HRNET_KERNELS_FRAME_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define HRNET_LINE_ROOM    64
#define HRNET_FILTER_BLOCK 16

/* A horizontal filter:
 *
 *   out[x] = sum over k < n_taps of weights[k * stride + x] * line[start[x] + k],   x < n
 *
 * start has stride entries, the last index again behind n; weights are 0 there. Both are aligned to
 * 64 bytes. */
typedef struct {
    const int32_t *start; /* never falling; start[x] + n_taps <= n_in */
    const float *weights;
    size_t stride; /* n rounded up to HRNET_FILTER_BLOCK */
    unsigned n_taps;
    /* The largest start[x + 7] - start[x] of the aligned blocks of 8, start[x + 15] - start[x] of
     * those of 16. */
    unsigned span8, span16;
} HrnetFilterColumns;

/* out[c] = clamp(m[c][0] * a + m[c][3] + m[c][1] * b + m[c][2] * d, 0, 1) * gain[c] + shift[c]. */
typedef struct {
    float m[3][4];
    float gain[3], shift[3];
} HrnetColorMatrix;

/* Where in a 16-bit sample, little-endian, its value lies: sample >> shift & mask. Painting leaves
 * the other bits as they are. */
typedef struct {
    unsigned shift, mask;
} HrnetSampleBits;

/* What painting needs to know of every label, per colour component i of the frame. A byte v under a
 * label becomes (v * keep[label] + add[i][label] + 127) / 255, rounded down: keep is 255 - alpha,
 * add is colour * alpha. A label that is not painted has keep 255 and add 0. All labels from
 * n_labels on are not painted. */
typedef struct {
    uint16_t keep[256];
    uint16_t add[3][256];
    unsigned n_labels;
} HrnetPaintTable;

/* The same for 16-bit samples, by the same formula of their values. */
typedef struct {
    uint16_t keep[256];
    uint32_t add[3][256];
    HrnetSampleBits bits;
} HrnetPaintTable16;

typedef struct {
    /* buffer[i] = sum over r < n_rows of weights[r] * rows[r * stride_bytes + i], i < n. n_rows
     * >= 1. */
    void (*blend_rows)(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                       const float *weights, unsigned n_rows, size_t n);
    /* The same of the values of n 16-bit samples a row, at any alignment. */
    void (*blend_rows16)(float *buffer, const uint8_t *rows, ptrdiff_t stride_bytes,
                         const float *weights, unsigned n_rows, size_t n, HrnetSampleBits bits);
    /* line[i] = buffer[offset + i * step], i < n. step: 2..4, offset < step. */
    void (*pick)(float *line, const float *buffer, unsigned step, unsigned offset, size_t n);
    /* See HrnetFilterColumns; line is a buffer. Writes all of stride. */
    void (*filter_columns)(float *out, const float *line, const HrnetFilterColumns *filter);
    /* See HrnetColorMatrix; in are buffers, out rows of a tensor. */
    void (*color)(float *const out[3], const float *const in[3], const HrnetColorMatrix *matrix,
                  size_t n);

    /* Paints component add[component] of n pixels; pixel x is the byte row[x * step], step 1 or 2.
     */
    void (*paint_plane)(uint8_t *row, unsigned step, const uint8_t *labels,
                        const HrnetPaintTable *table, unsigned component, unsigned n);
    /* Paints three bytes of each of n pixels; component i of pixel x is row[x * step + offsets[i]],
     * step 3 or 4. */
    void (*paint_packed)(uint8_t *row, unsigned step, const unsigned offsets[3],
                         const uint8_t *labels, const HrnetPaintTable *table, unsigned n);
    /* Paints chroma samples that cover 2x2 pixels, components 1 (row_u) and 2 (row_v), of n pixels:
     * (n + 1) / 2 samples at row_u[i * step], row_v[i * step], step 1, 2 or 4. labels0, labels1:
     * the two rows of labels, the same twice where there is but one. A sample v becomes (sum of v *
     * keep + add, over its four labels, + 510) / 1020; the last of an odd n counts its one column
     * twice. */
    void (*paint_chroma)(uint8_t *row_u, uint8_t *row_v, unsigned step, const uint8_t *labels0,
                         const uint8_t *labels1, const HrnetPaintTable *table, unsigned n);
    /* paint_plane() and paint_chroma() of 16-bit samples, step samples apart, 1 or 2, at any
     * alignment. */
    void (*paint_plane16)(uint8_t *row, unsigned step, const uint8_t *labels,
                          const HrnetPaintTable16 *table, unsigned component, unsigned n);
    void (*paint_chroma16)(uint8_t *row_u, uint8_t *row_v, unsigned step, const uint8_t *labels0,
                           const uint8_t *labels1, const HrnetPaintTable16 *table, unsigned n);
} HrnetFrameKernels;

/* The references. */
extern const HrnetFrameKernels hrnet_frame_kernels_c;

#endif
