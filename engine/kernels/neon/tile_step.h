/* A step of the register tile whose weights are lanes of a vector: included before conv_tile.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Broadcast by a load each, weights would take a slot of the pipelines that multiply. */
#include "kernels/vector/always_inline.h"

#define HAVE_TILE_STEP

/* n rows from first on, 4, 2 or 1: the weights of one load. */
ALWAYS_INLINE void tile_step_rows(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], const float *weights,
                                  const vec *s, const unsigned first, const unsigned n,
                                  const unsigned vectors)
{
    const vec w = n == 4   ? vec_load(weights + first)
                  : n == 2 ? vcombine_f32(vld1_f32(weights + first), vdup_n_f32(0))
                           : vec_load_first(weights + first);
#pragma GCC unroll 4
    for (unsigned r = 0; r < n; r++) {
#pragma GCC unroll 3
        for (unsigned v = 0; v < vectors; v++)
            acc[first + r][v] = vfmaq_n_f32(acc[first + r][v], s[v], w[r]);
    }
}

ALWAYS_INLINE void tile_step(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], const float *weights,
                             const float *src, const unsigned rows, const unsigned vectors)
{
    vec s[TILE_VECTORS_MAX];
#pragma GCC unroll 3
    for (unsigned v = 0; v < vectors; v++)
        s[v] = vec_load(src + v * VECTOR_FLOATS);
    if (rows >= 4)
        tile_step_rows(acc, weights, s, 0, 4, vectors);
    if (rows >= 8)
        tile_step_rows(acc, weights, s, 4, 4, vectors);
    if (rows & 2)
        tile_step_rows(acc, weights, s, rows & ~3u, 2, vectors);
    if (rows & 1)
        tile_step_rows(acc, weights, s, rows - 1, 1, vectors);
}
