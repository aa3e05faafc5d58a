/* Products of Winograd's points for any vector type: included after vector.h and
 * conv_tile.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

ALWAYS_INLINE void wino4_product_store(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], float *m,
                                       size_t m_row_floats, const unsigned rows,
                                       const unsigned vectors)
{
#pragma GCC unroll 9
    for (unsigned r = 0; r < rows; r++) {
#pragma GCC unroll 3
        for (unsigned v = 0; v < vectors; v++)
            vec_store(m + r * m_row_floats + v * VECTOR_FLOATS, acc[r][v]);
    }
}

ALWAYS_INLINE void wino4_product_load(vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX], const float *m,
                                      size_t m_row_floats, const unsigned rows,
                                      const unsigned vectors)
{
#pragma GCC unroll 9
    for (unsigned r = 0; r < rows; r++) {
#pragma GCC unroll 3
        for (unsigned v = 0; v < vectors; v++)
            acc[r][v] = vec_load(m + r * m_row_floats + v * VECTOR_FLOATS);
    }
}

/* Rows first_row to end_row of one point, in groups of so many rows. */
ALWAYS_INLINE void wino4_product_rows(const HrnetWino4Product *t, unsigned point,
                                      unsigned first_row, unsigned end_row, const unsigned rows,
                                      const unsigned vectors)
{
    const float *bias = point == t->bias_point ? t->bias : NULL;
    TileSource source = {
        .weights = t->u + point * t->u_point_floats + (size_t)first_row * t->u_channels +
                   (size_t)t->u_first_channel * rows,
        .src = t->v + point * t->v_point_floats,
        .src_channel_floats = t->v_channel_floats,
        .n_channels = t->n_channels,
    };
    float *m = t->m + first_row * t->m_row_floats + point * t->m_point_floats;
    for (unsigned row = first_row; row < end_row; row += rows) {
        vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX];
        if (t->accumulate)
            wino4_product_load(acc, m, t->m_row_floats, rows, vectors);
        else
            tile_clear(acc, bias ? bias + row : NULL, rows, vectors);
        tile_accumulate(acc, source, t->prefetch, t->far_weights, rows, vectors);
        wino4_product_store(acc, m, t->m_row_floats, rows, vectors);
        source.weights += (size_t)rows * t->u_channels;
        m += rows * t->m_row_floats;
    }
}

#define WINO4_PRODUCT(rows, vectors)                                                               \
    static void wino4_product_##rows##_##vectors(const HrnetWino4Product *t, unsigned point,       \
                                                 unsigned first_row, unsigned end_row)             \
    {                                                                                              \
        wino4_product_rows(t, point, first_row, end_row, rows, vectors);                           \
    }
#define WINO4_PRODUCTS(rows) WINO4_PRODUCT(rows, 1) WINO4_PRODUCT(rows, 2) WINO4_PRODUCT(rows, 3)
#define WINO4_NAMES(rows)                                                                          \
    {                                                                                              \
        wino4_product_##rows##_1, wino4_product_##rows##_2, wino4_product_##rows##_3               \
    }

typedef void (*Wino4ProductFunc)(const HrnetWino4Product *t, unsigned point, unsigned first_row,
                                 unsigned end_row);

WINO4_PRODUCTS(1)
WINO4_PRODUCTS(2)
WINO4_PRODUCTS(3)
WINO4_PRODUCTS(4)
#if TILE_ROWS_MAX == 9
WINO4_PRODUCTS(5)
WINO4_PRODUCTS(6)
WINO4_PRODUCTS(7)
WINO4_PRODUCTS(8)
WINO4_PRODUCTS(9)
#endif

static const Wino4ProductFunc wino4_products[TILE_ROWS_MAX][TILE_VECTORS_MAX] = {
    WINO4_NAMES(1), WINO4_NAMES(2), WINO4_NAMES(3), WINO4_NAMES(4),
#if TILE_ROWS_MAX == 9
    WINO4_NAMES(5), WINO4_NAMES(6), WINO4_NAMES(7), WINO4_NAMES(8), WINO4_NAMES(9),
#endif
};

ALWAYS_INLINE void wino4_product(const HrnetWino4Product *t)
{
    const unsigned n_whole = t->rows / t->block_rows * t->block_rows;
    for (unsigned point = 0; point < t->n_points; point++) {
        if (n_whole > 0)
            wino4_products[t->block_rows - 1][t->n_vectors - 1](t, point, 0, n_whole);
        if (n_whole < t->rows)
            wino4_products[t->rows - n_whole - 1][t->n_vectors - 1](t, point, n_whole, t->rows);
    }
}
