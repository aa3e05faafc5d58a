/* The register tile for any vector type: included once per instruction set, after its vector.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Per step (channel and tap) a tile loads `vectors` vectors of the source and broadcasts `rows`
 * weights for rows * vectors multiply-adds, so that the two load ports keep up with the two
 * multiply-add ports and no sum waits for itself (4 cycles of latency on 2 ports want 8 sums or
 * more). rows and vectors are compile-time constants everywhere below. */

#include "kernels/vector/always_inline.h"
#include "kernels/vector/fetch.h"

#define LINE_BYTES 64
/* Weights of some sixty steps, while which memory answers: fetching by the hardware begins
 * anew with every page. */
#define WEIGHTS_AHEAD_BYTES 2048

typedef struct {
    const float *weights, *src;
    size_t src_channel_floats;
    unsigned n_channels;
} TileSource;

/* Instruction sets that take a factor from any lane of a vector have a step of their own. */
#ifndef HAVE_TILE_STEP
ALWAYS_INLINE void tile_step(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], const float *weights,
                             const float *src, const unsigned rows, const unsigned vectors)
{
    vec s[TILE_VECTORS_MAX];
#pragma GCC unroll 3
    for (unsigned v = 0; v < vectors; v++)
        s[v] = vec_load(src + v * VECTOR_FLOATS);
#pragma GCC unroll 9
    for (unsigned r = 0; r < rows; r++) {
        const vec w = vec_set1(weights[r]);
#pragma GCC unroll 3
        for (unsigned v = 0; v < vectors; v++)
            acc[r][v] = vec_fma(w, s[v], acc[r][v]);
    }
}
#endif

/* The next n channels of one tap each; fetches two lines of `lines`, unless it is NULL, in each. */
ALWAYS_INLINE void tile_channels(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], TileSource *t,
                                 unsigned n, const HrnetConvLines *lines, const bool far_weights,
                                 const unsigned rows, const unsigned vectors)
{
    const float *weights = t->weights, *src = t->src;
    const size_t src_channel_floats = t->src_channel_floats;
    const char *line = lines ? (const char *)lines->first : NULL;
    const size_t distance = lines ? lines->plane_floats * sizeof(float) : 0;
    for (unsigned c = 0; c < n; c++) {
        tile_step(acc, weights, src, rows, vectors);
        if (lines) {
            fetch_far(line);
            fetch_far(line + LINE_BYTES);
            line += distance;
        }
        if (far_weights)
            fetch_near((const char *)weights + WEIGHTS_AHEAD_BYTES);
        weights += rows;
        src += src_channel_floats;
    }
    t->weights = weights;
    t->src = src;
}

/* acc += all channels of one tap each. */
ALWAYS_INLINE void tile_accumulate(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], TileSource t,
                                   HrnetConvPrefetch *prefetch, bool far_weights,
                                   const unsigned rows, const unsigned vectors)
{
    unsigned left = t.n_channels;
    while (prefetch && prefetch->next < prefetch->end && left > 0) {
        HrnetConvLines *lines = prefetch->next;
        const unsigned n = left < lines->n_planes ? left : lines->n_planes;
        tile_channels(acc, &t, n, lines, false, rows, vectors);
        left -= n;
        lines->first += n * lines->plane_floats;
        lines->n_planes -= n;
        if (lines->n_planes == 0)
            prefetch->next++;
    }
    if (far_weights)
        tile_channels(acc, &t, left, NULL, true, rows, vectors);
    else
        tile_channels(acc, &t, left, NULL, false, rows, vectors);
}

/* acc += all channels of several taps, which lie `taps` floats behind the source. */
ALWAYS_INLINE void tile_accumulate_taps(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], TileSource t,
                                        const size_t *taps, const unsigned n_taps,
                                        const unsigned rows, const unsigned vectors)
{
    const float *weights = t.weights, *src = t.src;
    const size_t src_channel_floats = t.src_channel_floats;
    for (unsigned c = 0; c < t.n_channels; c++) {
        for (unsigned tap = 0; tap < n_taps; tap++) {
            tile_step(acc, weights, src + taps[tap], rows, vectors);
            weights += rows;
        }
        src += src_channel_floats;
    }
}

ALWAYS_INLINE void tile_clear(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], const float *bias,
                              const unsigned rows, const unsigned vectors)
{
#pragma GCC unroll 9
    for (unsigned r = 0; r < rows; r++) {
        const vec start = bias ? vec_set1(bias[r]) : vec_zero();
#pragma GCC unroll 3
        for (unsigned v = 0; v < vectors; v++)
            acc[r][v] = start;
    }
}

/* Residual, ReLU and store; last: the lanes of the last vector. */
ALWAYS_INLINE void tile_finish(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], const HrnetConvTile *t,
                               unsigned first_row, vec_mask last, const unsigned rows,
                               const unsigned vectors)
{
    const vec floor = t->relu ? vec_zero() : vec_set1(-__builtin_inff());
#pragma GCC unroll 9
    for (unsigned r = 0; r < rows; r++) {
        float *out = t->out + (first_row + r) * t->out_row_floats;
        const float *residual =
            t->residual ? t->residual + (first_row + r) * t->residual_row_floats : NULL;
#pragma GCC unroll 3
        for (unsigned v = 0; v < vectors; v++) {
            const bool whole = v + 1 < vectors;
            vec sum = acc[r][v];
            if (residual)
                sum = vec_add(sum, whole ? vec_load(residual + v * VECTOR_FLOATS)
                                         : vec_load_mask(last, residual + v * VECTOR_FLOATS));
            sum = vec_max(floor, sum);
            if (whole)
                vec_store(out + v * VECTOR_FLOATS, sum);
            else
                vec_store_mask(out + v * VECTOR_FLOATS, last, sum);
        }
    }
}

/* One group of rows. */
ALWAYS_INLINE void tile_group(const HrnetConvTile *t, HrnetConvPrefetch *prefetch,
                              unsigned first_row, const unsigned rows, const unsigned vectors)
{
    vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX];
    tile_clear(acc, t->bias ? t->bias + first_row : NULL, rows, vectors);
    const TileSource source = {
        .weights = t->weights + (size_t)first_row * t->n_channels * t->n_taps,
        .src = t->src + (t->n_taps == 1 ? t->tap_floats[0] : 0),
        .src_channel_floats = t->src_channel_floats,
        .n_channels = t->n_channels,
    };
    if (t->n_taps == 1)
        tile_accumulate(acc, source, prefetch, false, rows, vectors);
    else
        tile_accumulate_taps(acc, source, t->tap_floats, t->n_taps, rows, vectors);
    const vec_mask last = vec_mask_range(0, (long)t->columns - (long)(vectors - 1) * VECTOR_FLOATS);
    tile_finish(acc, t, first_row, last, rows, vectors);
}

/* tile_group_ROWS_VECTORS, and a table of them. */
#define TILE_GROUP(rows, vectors)                                                                  \
    static void tile_group_##rows##_##vectors(const HrnetConvTile *t, HrnetConvPrefetch *prefetch, \
                                              unsigned first_row)                                  \
    {                                                                                              \
        tile_group(t, prefetch, first_row, rows, vectors);                                         \
    }
#define TILE_GROUPS(rows) TILE_GROUP(rows, 1) TILE_GROUP(rows, 2) TILE_GROUP(rows, 3)
#define TILE_NAMES(rows)                                                                           \
    {                                                                                              \
        tile_group_##rows##_1, tile_group_##rows##_2, tile_group_##rows##_3                        \
    }

typedef void (*TileGroupFunc)(const HrnetConvTile *t, HrnetConvPrefetch *prefetch,
                              unsigned first_row);

TILE_GROUPS(1)
TILE_GROUPS(2)
TILE_GROUPS(3)
TILE_GROUPS(4)
#if TILE_ROWS_MAX == 9
TILE_GROUPS(5)
TILE_GROUPS(6)
TILE_GROUPS(7)
TILE_GROUPS(8)
TILE_GROUPS(9)
#endif

static const TileGroupFunc tile_groups[TILE_ROWS_MAX][TILE_VECTORS_MAX] = {
    TILE_NAMES(1), TILE_NAMES(2), TILE_NAMES(3), TILE_NAMES(4),
#if TILE_ROWS_MAX == 9
    TILE_NAMES(5), TILE_NAMES(6), TILE_NAMES(7), TILE_NAMES(8), TILE_NAMES(9),
#endif
};

/* `columns` columns of each plane, where the next tile has its own. */
ALWAYS_INLINE void tile_prefetch_columns(HrnetConvPrefetch *prefetch, const float *first,
                                         size_t plane_floats, unsigned n_planes, unsigned columns)
{
    for (unsigned x = 0; x < columns; x += 2 * LINE_BYTES / sizeof(float))
        *prefetch->end++ = (HrnetConvLines){ first + x, plane_floats, n_planes };
}

#define TILE_LINES_MAX                                                                             \
    (3 *                                                                                           \
     ((TILE_VECTORS_MAX * VECTOR_FLOATS * sizeof(float) + 2 * LINE_BYTES - 1) / (2 * LINE_BYTES)))

ALWAYS_INLINE void tile_prefetch_next(HrnetConvPrefetch *prefetch, const HrnetConvTile *t)
{
    const size_t next = t->prefetch_floats;
    if (next == 0)
        return;
    tile_prefetch_columns(prefetch, t->src + next, t->src_channel_floats, t->n_channels,
                          t->columns);
    if (t->residual && t->residual != t->out)
        tile_prefetch_columns(prefetch, t->residual + next, t->residual_row_floats, t->rows,
                              t->columns);
    tile_prefetch_columns(prefetch, t->out + next, t->out_row_floats, t->rows, t->columns);
}

ALWAYS_INLINE void conv_tile(const HrnetConvTile *t)
{
    const unsigned vectors = (t->columns + VECTOR_FLOATS - 1) / VECTOR_FLOATS;
    HrnetConvLines lines[TILE_LINES_MAX];
    HrnetConvPrefetch prefetch = { lines, lines };
    tile_prefetch_next(&prefetch, t);
    for (unsigned first_row = 0; first_row < t->rows; first_row += t->block_rows) {
        const unsigned left = t->rows - first_row;
        const unsigned rows = left < t->block_rows ? left : t->block_rows;
        tile_groups[rows - 1][vectors - 1](t, &prefetch, first_row);
    }
}
