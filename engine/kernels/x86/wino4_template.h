/* Winograd F(4x4, 3x3) for any vector type: included after vector_*.h and conv_tile_template.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lanes of wino4.h are chosen for the 4x4 transpositions within 128 bits: piece q's columns 4 i
 * + j, i the tile, go to lane 4 i + q of vector j, by unpacking alone. */

/* Four pieces of one vector: where they are read and which lanes exist. */
typedef struct {
    bool inside;            /* every load whole and inside the plane */
    ptrdiff_t offset[6][4]; /* of row i of piece q, column -1; 0 where the row does not exist */
    vec_mask near[6][4];    /* lanes of the load there, columns -1.. */
    vec_mask far[6][4];     /* and of that 4 floats further */
} Wino4Patch;

static void wino4_patch_set(Wino4Patch *patch, const HrnetWino4Input *t, unsigned first_piece)
{
    const unsigned pieces_per_row = (t->width + VECTOR_FLOATS - 1) / VECTOR_FLOATS;
    const long width = t->width, height = t->height;
    patch->inside = true;
    for (unsigned q = 0; q < 4; q++) {
        const long y0 = 4L * ((first_piece + q) / pieces_per_row) - 1;
        const long x0 = (long)((first_piece + q) % pieces_per_row) * VECTOR_FLOATS - 1;
        patch->inside = patch->inside && y0 >= 0 && y0 + 6 <= height && x0 >= 0 &&
                        x0 + 4 + VECTOR_FLOATS <= width;
        for (unsigned i = 0; i < 6; i++) {
            const long y = y0 + i;
            const bool exists = y >= 0 && y < height;
            patch->offset[i][q] = exists ? y * width + x0 : 0;
            patch->near[i][q] = exists ? vec_mask_range(-x0, width - x0) : vec_mask_range(0, 0);
            patch->far[i][q] =
                exists ? vec_mask_range(-x0 - 4, width - x0 - 4) : vec_mask_range(0, 0);
        }
    }
}

/* B^T d: out[i] = row i of the matrix in wino4.h times d. */
ALWAYS_INLINE void wino4_input_1d(const vec d[6], vec out[6])
{
    const vec two = vec_set1(2), four = vec_set1(4), five = vec_set1(5);
    const vec a = vec_fnma(four, d[2], d[4]), b = vec_fnma(four, d[1], d[3]);
    const vec c = vec_sub(d[4], d[2]), e = vec_sub(d[3], d[1]);
    out[0] = vec_fma(four, d[0], vec_fnma(five, d[2], d[4]));
    out[1] = vec_add(a, b);
    out[2] = vec_sub(a, b);
    out[3] = vec_fma(two, e, c);
    out[4] = vec_fnma(two, e, c);
    out[5] = vec_fma(four, d[1], vec_fnma(five, d[3], d[5]));
}

/* Row i of the four pieces as six vectors: column j of every tile. */
ALWAYS_INLINE void wino4_load_row(const float *plane, const Wino4Patch *patch, unsigned i,
                                  const bool masked, vec d[6])
{
    vec near[4], far[4];
#pragma GCC unroll 4
    for (unsigned q = 0; q < 4; q++) {
        const float *p = plane + patch->offset[i][q];
        near[q] = masked ? vec_load_mask(patch->near[i][q], p) : vec_load(p);
        far[q] = masked ? vec_load_mask(patch->far[i][q], p + 4) : vec_load(p + 4);
    }
    const vec lo01 = vec_unpack_lo(near[0], near[1]), hi01 = vec_unpack_hi(near[0], near[1]);
    const vec lo23 = vec_unpack_lo(near[2], near[3]), hi23 = vec_unpack_hi(near[2], near[3]);
    const vec far01 = vec_unpack_lo(far[0], far[1]), far23 = vec_unpack_lo(far[2], far[3]);
    d[0] = vec_unpack2_lo(lo01, lo23);
    d[1] = vec_unpack2_hi(lo01, lo23);
    d[2] = vec_unpack2_lo(hi01, hi23);
    d[3] = vec_unpack2_hi(hi01, hi23);
    d[4] = vec_unpack2_lo(far01, far23);
    d[5] = vec_unpack2_hi(far01, far23);
}

ALWAYS_INLINE void wino4_input_channel(const float *plane, const Wino4Patch *patch,
                                       const bool masked, float *v, size_t v_point_floats)
{
    vec rows[6][6];
#pragma GCC unroll 6
    for (unsigned i = 0; i < 6; i++) { /* d B */
        vec d[6];
        wino4_load_row(plane, patch, i, masked, d);
        wino4_input_1d(d, rows[i]);
    }
#pragma GCC unroll 6
    for (unsigned j = 0; j < 6; j++) { /* B^T (d B) */
        const vec d[6] = { rows[0][j], rows[1][j], rows[2][j], rows[3][j], rows[4][j], rows[5][j] };
        vec out[6];
        wino4_input_1d(d, out);
#pragma GCC unroll 6
        for (unsigned i = 0; i < 6; i++)
            vec_store(v + (6 * i + j) * v_point_floats, out[i]);
    }
}

ALWAYS_INLINE void wino4_input(const HrnetWino4Input *t)
{
    for (unsigned i = 0; i < t->n_vectors; i++) {
        Wino4Patch patch;
        wino4_patch_set(&patch, t, t->first_piece + 4 * i);
        const float *plane = t->in;
        float *v = t->v + (size_t)i * VECTOR_FLOATS;
        for (unsigned c = 0; c < t->n_channels; c++) {
            if (patch.inside)
                wino4_input_channel(plane, &patch, false, v, t->v_point_floats);
            else
                wino4_input_channel(plane, &patch, true, v, t->v_point_floats);
            plane += t->in_plane_floats;
            v += t->v_channel_floats;
        }
    }
}

/* Rows first_row to end_row of one point, in groups of so many rows. */
ALWAYS_INLINE void wino4_product_rows(const HrnetWino4Product *t, unsigned point,
                                      unsigned first_row, unsigned end_row, const unsigned rows,
                                      const unsigned vectors)
{
    const float *bias = point == HRNET_WINO4_BIAS_POINT ? t->bias : NULL;
    TileSource source = {
        .weights = t->u + point * t->u_point_floats + (size_t)first_row * t->n_channels,
        .src = t->v + point * t->v_point_floats,
        .src_channel_floats = t->v_channel_floats,
        .n_channels = t->n_channels,
        .n_taps = 1,
    };
    float *m = t->m + first_row * t->m_row_floats + point * t->m_point_floats;
    for (unsigned row = first_row; row < end_row; row += rows) {
        vec acc[TILE_ROWS_MAX][TILE_VECTORS_MAX];
        tile_clear(acc, bias ? bias + row : NULL, rows, vectors);
        tile_accumulate(acc, &source, rows, vectors);
#pragma GCC unroll 9
        for (unsigned r = 0; r < rows; r++) {
#pragma GCC unroll 3
            for (unsigned v = 0; v < vectors; v++)
                vec_store(m + r * t->m_row_floats + v * VECTOR_FLOATS, acc[r][v]);
        }
        source.weights += (size_t)rows * t->n_channels;
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
    for (unsigned point = 0; point < HRNET_WINO4_POINTS; point++) {
        if (n_whole > 0)
            wino4_products[t->block_rows - 1][t->n_vectors - 1](t, point, 0, n_whole);
        if (n_whole < t->rows)
            wino4_products[t->rows - n_whole - 1][t->n_vectors - 1](t, point, n_whole, t->rows);
    }
}

/* A^T m: out[i] = row i of the matrix in wino4.h times m. */
ALWAYS_INLINE void wino4_output_1d(const vec m[6], vec out[4])
{
    const vec two = vec_set1(2), four = vec_set1(4), eight = vec_set1(8);
    const vec s1 = vec_add(m[1], m[2]), d1 = vec_sub(m[1], m[2]);
    const vec s2 = vec_add(m[3], m[4]), d2 = vec_sub(m[3], m[4]);
    out[0] = vec_add(m[0], vec_add(s1, s2));
    out[1] = vec_fma(two, d2, d1);
    out[2] = vec_fma(four, s2, s1);
    out[3] = vec_fma(eight, d2, vec_add(d1, m[5]));
}

/* Where the four pieces of one vector are written. */
typedef struct {
    bool inside;         /* four whole rows of every piece */
    ptrdiff_t offset[4]; /* of the piece's first pixel */
    unsigned n_rows[4];
    vec_mask columns[4];
} Wino4Place;

static void wino4_place_set(Wino4Place *place, const HrnetWino4Output *t, unsigned first_piece)
{
    const unsigned pieces_per_row = (t->width + VECTOR_FLOATS - 1) / VECTOR_FLOATS;
    place->inside = true;
    for (unsigned q = 0; q < 4; q++) {
        const long y = 4L * ((first_piece + q) / pieces_per_row);
        const long x = (long)((first_piece + q) % pieces_per_row) * VECTOR_FLOATS;
        const long n_rows = (long)t->height - y;
        place->n_rows[q] = n_rows >= 4 ? 4 : n_rows > 0 ? (unsigned)n_rows : 0;
        place->inside = place->inside && n_rows >= 4 && x + VECTOR_FLOATS <= (long)t->width;
        place->offset[q] = y * (long)t->width + x;
        place->columns[q] = vec_mask_range(0, (long)t->width - x);
    }
}

/* Row i of the four pieces: column j of every tile in o[j]. */
ALWAYS_INLINE void wino4_store_row(const vec o[4], const Wino4Place *place, unsigned i,
                                   size_t width, const bool masked, float *out,
                                   const float *residual, vec floor)
{
    const vec lo01 = vec_unpack_lo(o[0], o[1]), hi01 = vec_unpack_hi(o[0], o[1]);
    const vec lo23 = vec_unpack_lo(o[2], o[3]), hi23 = vec_unpack_hi(o[2], o[3]);
    const vec pieces[4] = { vec_unpack2_lo(lo01, lo23), vec_unpack2_hi(lo01, lo23),
                            vec_unpack2_lo(hi01, hi23), vec_unpack2_hi(hi01, hi23) };
#pragma GCC unroll 4
    for (unsigned q = 0; q < 4; q++) {
        if (masked && i >= place->n_rows[q])
            continue;
        const ptrdiff_t at = place->offset[q] + (ptrdiff_t)(i * width);
        vec value = pieces[q];
        if (residual)
            value = vec_add(value, masked ? vec_load_mask(place->columns[q], residual + at)
                                          : vec_load(residual + at));
        value = vec_max(floor, value);
        if (masked)
            vec_store_mask(out + at, place->columns[q], value);
        else
            vec_store(out + at, value);
    }
}

ALWAYS_INLINE void wino4_output_row(const HrnetWino4Output *t, const Wino4Place *place,
                                    const float *m, const bool masked, float *out,
                                    const float *residual)
{
    const vec floor = t->relu ? vec_zero() : vec_set1(-__builtin_inff());
    vec columns[6][4];
#pragma GCC unroll 6
    for (unsigned j = 0; j < 6; j++) { /* A^T M */
        vec d[6];
#pragma GCC unroll 6
        for (unsigned i = 0; i < 6; i++)
            d[i] = vec_load(m + (6 * i + j) * t->m_point_floats);
        wino4_output_1d(d, columns[j]);
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) { /* (A^T M) A */
        const vec d[6] = { columns[0][i], columns[1][i], columns[2][i],
                           columns[3][i], columns[4][i], columns[5][i] };
        vec o[4];
        wino4_output_1d(d, o);
        wino4_store_row(o, place, i, t->width, masked, out, residual, floor);
    }
}

ALWAYS_INLINE void wino4_output(const HrnetWino4Output *t)
{
    for (unsigned i = 0; i < t->n_vectors; i++) {
        Wino4Place place;
        wino4_place_set(&place, t, t->first_piece + 4 * i);
        for (unsigned k = 0; k < t->n_rows; k++) {
            const float *m = t->m + k * t->m_row_floats + (size_t)i * VECTOR_FLOATS;
            float *out = t->out + k * t->out_plane_floats;
            const float *residual = t->residual ? t->residual + k * t->residual_plane_floats : NULL;
            if (place.inside)
                wino4_output_row(t, &place, m, false, out, residual);
            else
                wino4_output_row(t, &place, m, true, out, residual);
        }
    }
}
