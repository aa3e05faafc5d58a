/* Convolution of bytes for any vector type: included once per instruction set, after its vectors.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lanes are pixels. Per step (source quad and tap) a tile loads `vectors` vectors of the source and
 * one weight of four channels for each of `rows`, for rows * vectors dot products of four, each
 * into a sum of its own. Four rows' sums of a vector become one vector of quads. rows, vectors and
 * stride are compile-time constants everywhere below.
 *
 * What each instruction set has its own way of:
 *   ivec, fvec           VECTOR_PIXELS of 32 bits
 *   source, source_load  a vector of pixels of four channels, every stride-th
 *   weight, weight_load  a row's weight of a step, WEIGHT_BYTES of memory, in all lanes
 *   dot                  a sum with the products of both
 *   pack_quads           four rows of values to bytes, with the zero point added, saturated
 *   fvec_store_mask      some lanes of floats
 * and TILE_ROWS_MAX, TILE_VECTORS_MAX: what its registers hold. */
#include "kernels/float_mode.h"
#include "kernels/int8_conv.h"
#include "kernels/vector/always_inline.h"

#define VECTOR_BYTES (HRNET_QUAD * VECTOR_PIXELS)

typedef ivec Sums[TILE_ROWS_MAX][TILE_VECTORS_MAX];

/* Instruction sets that take a weight from any lane of a vector have a step of their own. */
#ifndef HAVE_TILE_STEP
ALWAYS_INLINE void tile_step(Sums sums, const uint8_t *weights, const uint8_t *src,
                             const unsigned stride, const unsigned rows, const unsigned vectors)
{
    source s[TILE_VECTORS_MAX];
#pragma GCC unroll 3
    for (unsigned v = 0; v < vectors; v++)
        s[v] = source_load(src + v * stride * VECTOR_BYTES, stride);
#pragma GCC unroll 8
    for (unsigned r = 0; r < rows; r++) {
        const weight w = weight_load(weights + r * WEIGHT_BYTES);
#pragma GCC unroll 3
        for (unsigned v = 0; v < vectors; v++)
            sums[r][v] = dot(sums[r][v], s[v], w);
    }
}
#endif

ALWAYS_INLINE void tile_accumulate(Sums sums, const HrnetInt8Conv *c, const uint8_t *weights,
                                   const uint8_t *src, const unsigned stride, const unsigned rows,
                                   const unsigned vectors)
{
    const ptrdiff_t *taps = c->tap_bytes, *taps_end = taps + c->n_taps;
    unsigned left = c->n_quads;
    do {
        const ptrdiff_t *tap = taps;
        do {
            tile_step(sums, weights, src + *tap, stride, rows, vectors);
            weights += rows * WEIGHT_BYTES;
        } while (++tap < taps_end);
        src += c->src_quad_bytes;
    } while (--left > 0);
}

/* What is added to a row's values: byte r % 4 of each pixel of the residual. */
ALWAYS_INLINE fvec residual_term(ivec residual, const unsigned r, fvec scale)
{
    const ivec bytes = ivec_and(ivec_shift_right(residual, 8 * (r % HRNET_QUAD)), ivec_set1(255));
    return fvec_mul(fvec_convert(bytes), scale);
}

ALWAYS_INLINE ivec row_values(ivec sum, const HrnetInt8Conv *c, unsigned row, const unsigned r,
                              ivec residual, const bool has_residual)
{
    fvec value = fvec_mul(fvec_convert(sum), fvec_set1(c->scale[row]));
    if (has_residual)
        value = fvec_add(value, residual_term(residual, r, fvec_set1(c->residual_scale)));
    return ivec_convert(value);
}

/* Lanes of the bytes that a quad has rows for. */
static inline ivec quad_bytes(unsigned n_rows)
{
    return ivec_set1(n_rows >= HRNET_QUAD ? -1 : (int)((1u << 8 * n_rows) - 1));
}

/* n pixels, of which a vector takes as many as it has. */
ALWAYS_INLINE ivec load_pixels_left(const uint8_t *p, size_t n)
{
    return n >= VECTOR_PIXELS ? ivec_load(p) : ivec_load_mask(ivec_mask_first(n), p);
}

ALWAYS_INLINE void store_pixels_left(uint8_t *p, ivec pixels, size_t n)
{
    if (n >= VECTOR_PIXELS)
        ivec_store(p, pixels);
    else
        ivec_store_mask(p, ivec_mask_first(n), pixels);
}

/* The rows' quad r / 4 of vector v, n pixels from x on. */
ALWAYS_INLINE void finish_quad(Sums sums, const HrnetInt8Conv *c, unsigned first_row, size_t x,
                               size_t n, const unsigned r, const unsigned v, const unsigned rows,
                               const bool has_residual)
{
    const unsigned row = first_row + r;
    uint8_t *out = c->out + row / HRNET_QUAD * c->out_quad_bytes + HRNET_QUAD * x;
    ivec residual = ivec_zero(), values[HRNET_QUAD];
    if (has_residual)
        residual = load_pixels_left(
            c->residual + row / HRNET_QUAD * c->residual_quad_bytes + HRNET_QUAD * x, n);
    values[0] = row_values(sums[r][v], c, row, 0, residual, has_residual);
    values[1] = row_values(sums[r + 1][v], c, row + 1, 1, residual, has_residual);
    values[2] = values[3] = ivec_zero();
    if (r + 2 < rows) {
        values[2] = row_values(sums[r + 2][v], c, row + 2, 2, residual, has_residual);
        values[3] = row_values(sums[r + 3][v], c, row + 3, 3, residual, has_residual);
    }
    const ivec quads = pack_quads(values, (int)c->zero_point);
    store_pixels_left(out, ivec_and(quads, quad_bytes(c->rows - row)), n);
}

ALWAYS_INLINE void finish_vector(Sums sums, const HrnetInt8Conv *c, unsigned first_row, size_t x,
                                 size_t n, const unsigned r, const unsigned v, const unsigned rows)
{
    const size_t done = v * VECTOR_PIXELS;
    if (c->residual)
        finish_quad(sums, c, first_row, x + done, n - done, r, v, rows, true);
    else
        finish_quad(sums, c, first_row, x + done, n - done, r, v, rows, false);
}

/* The rows' scores, n pixels from x on. */
ALWAYS_INLINE void finish_scores(Sums sums, const HrnetInt8Conv *c, unsigned first_row, size_t x,
                                 size_t n, const unsigned rows, const unsigned vectors)
{
#pragma GCC unroll 8
    for (unsigned r = 0; r < rows; r++) {
        if (first_row + r >= c->rows)
            return;
        float *scores = c->scores + (first_row + r) * c->score_plane_floats + x;
        const fvec scale = fvec_set1(c->scale[first_row + r]);
#pragma GCC unroll 3
        for (unsigned v = 0; v < vectors; v++)
            fvec_store_mask(scores + v * VECTOR_PIXELS, ivec_mask_first(n - v * VECTOR_PIXELS),
                            fvec_mul(fvec_convert(sums[r][v]), scale));
    }
}

ALWAYS_INLINE void finish_quads(Sums sums, const HrnetInt8Conv *c, unsigned first_row, size_t x,
                                size_t n, const unsigned r, const unsigned rows,
                                const unsigned vectors)
{
    finish_vector(sums, c, first_row, x, n, r, 0, rows);
    if (vectors > 1)
        finish_vector(sums, c, first_row, x, n, r, 1, rows);
    if (vectors > 2)
        finish_vector(sums, c, first_row, x, n, r, 2, rows);
}

/* One group of rows. x: the tile's first pixel; n: its pixels. */
ALWAYS_INLINE void tile_group(const HrnetInt8Conv *c, const uint8_t *weights, unsigned first_row,
                              size_t x, size_t n, const unsigned stride, const unsigned rows,
                              const unsigned vectors)
{
    Sums sums;
#pragma GCC unroll 8
    for (unsigned r = 0; r < rows; r++) {
#pragma GCC unroll 3
        for (unsigned v = 0; v < vectors; v++)
            sums[r][v] = ivec_set1(c->bias[first_row + r]);
    }
    tile_accumulate(sums, c, weights, c->src + HRNET_QUAD * stride * x, stride, rows, vectors);
    if (c->scores) {
        finish_scores(sums, c, first_row, x, n, rows, vectors);
        return;
    }
    finish_quads(sums, c, first_row, x, n, 0, rows, vectors);
    if (rows > HRNET_QUAD)
        finish_quads(sums, c, first_row, x, n, HRNET_QUAD, rows, vectors);
}

typedef void (*TileGroupFunc)(const HrnetInt8Conv *c, const uint8_t *weights, unsigned first_row,
                              size_t x, size_t n);

/* tile_group_STRIDE_ROWS_VECTORS, and a table of them. */
#define TILE_GROUP(stride, rows, vectors)                                                          \
    static void tile_group_##stride##_##rows##_##vectors(                                          \
        const HrnetInt8Conv *c, const uint8_t *weights, unsigned first_row, size_t x, size_t n)    \
    {                                                                                              \
        tile_group(c, weights, first_row, x, n, stride, rows, vectors);                            \
    }
#if TILE_VECTORS_MAX == 3
#define TILE_GROUPS(stride, rows)                                                                  \
    TILE_GROUP(stride, rows, 1) TILE_GROUP(stride, rows, 2) TILE_GROUP(stride, rows, 3)
#define TILE_NAMES(stride, rows)                                                                   \
    {                                                                                              \
        tile_group_##stride##_##rows##_1, tile_group_##stride##_##rows##_2,                        \
            tile_group_##stride##_##rows##_3                                                       \
    }
#else
#define TILE_GROUPS(stride, rows) TILE_GROUP(stride, rows, 1) TILE_GROUP(stride, rows, 2)
#define TILE_NAMES(stride, rows)                                                                   \
    {                                                                                              \
        tile_group_##stride##_##rows##_1, tile_group_##stride##_##rows##_2                         \
    }
#endif

TILE_GROUPS(1, 2)
TILE_GROUPS(1, 4)
TILE_GROUPS(2, 2)
TILE_GROUPS(2, 4)
#if TILE_ROWS_MAX == 8
TILE_GROUPS(1, 6)
TILE_GROUPS(1, 8)
TILE_GROUPS(2, 6)
TILE_GROUPS(2, 8)
#endif

static const TileGroupFunc tile_groups[2][TILE_ROWS_MAX / 2][TILE_VECTORS_MAX] = {
#if TILE_ROWS_MAX == 8
    { TILE_NAMES(1, 2), TILE_NAMES(1, 4), TILE_NAMES(1, 6), TILE_NAMES(1, 8) },
    { TILE_NAMES(2, 2), TILE_NAMES(2, 4), TILE_NAMES(2, 6), TILE_NAMES(2, 8) },
#else
    { TILE_NAMES(1, 2), TILE_NAMES(1, 4) },
    { TILE_NAMES(2, 2), TILE_NAMES(2, 4) },
#endif
};

__attribute__((noinline)) static void conv_tiles(const HrnetInt8Conv *c)
{
    const size_t tile_pixels = TILE_VECTORS_MAX * VECTOR_PIXELS;
    const size_t row_bytes = (size_t)c->n_quads * c->n_taps * WEIGHT_BYTES;
    for (size_t x = 0; x < c->pixels; x += tile_pixels) {
        const size_t left = c->pixels - x;
        const size_t n = left < tile_pixels ? left : tile_pixels;
        const size_t vectors = (n + VECTOR_PIXELS - 1) / VECTOR_PIXELS;
        for (unsigned row = 0; row < c->rows; row += TILE_ROWS_MAX) {
            const unsigned rows = hrnet_int8_group_rows(c->rows, row, TILE_ROWS_MAX);
            tile_groups[c->stride - 1][rows / 2 - 1][vectors - 1](
                c, (const uint8_t *)c->weights + row * row_bytes, row, x, n);
        }
    }
}

static void int8_conv(const HrnetInt8Conv *conv)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    conv_tiles(conv);
    hrnet_float_mode_restore(&before);
}
