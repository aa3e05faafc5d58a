/* Output transforms of Winograd F(4x4, 3x3), stride 1 and 2, for any vector type: included after
 * vector.h and conv_tile.h. Lanes as in wino4_input.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A^T m: out[i] = row i of the matrix in wino4.h times m. */
ALWAYS_INLINE void wino4_output_1d(const vec *m, vec out[4])
{
    const vec two = vec_set1(2), four = vec_set1(4), eight = vec_set1(8);
    const vec s1 = vec_add(m[1], m[2]), d1 = vec_sub(m[1], m[2]);
    const vec s2 = vec_add(m[3], m[4]), d2 = vec_sub(m[3], m[4]);
    out[0] = vec_add(m[0], vec_add(s1, s2));
    out[1] = vec_fma(two, d2, d1);
    out[2] = vec_fma(four, s2, s1);
    out[3] = vec_fma(eight, d2, vec_add(d1, m[5]));
}

/* The same for the points of wino4s2.h. */
ALWAYS_INLINE void wino4s2_output_1d(const vec *m, vec out[4])
{
    const vec two = vec_set1(2), four = vec_set1(4), eight = vec_set1(8);
    const vec s = vec_add(m[1], m[2]), d = vec_sub(m[1], m[2]);
    out[0] = vec_add(vec_add(m[0], m[3]), s);
    out[1] = vec_fma(two, m[3], d);
    out[2] = vec_fma(four, m[3], s);
    out[3] = vec_fma(eight, m[3], vec_add(d, m[4]));
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

/* Stores all four rows of the four pieces. columns[j] is column j of A^T M, of `points` points;
 * the transform is applied along the rows. */
typedef void (*Wino4Output1d)(const vec *m, vec out[4]);

ALWAYS_INLINE void wino4_output_columns(const HrnetWino4Output *t, const Wino4Place *place,
                                        vec columns[][4], const unsigned points,
                                        const Wino4Output1d transform, const bool masked,
                                        float *out, const float *residual)
{
    const vec floor = t->relu ? vec_zero() : vec_set1(-__builtin_inff());
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) { /* (A^T M) A */
        vec d[6], o[4];
#pragma GCC unroll 6
        for (unsigned j = 0; j < points; j++)
            d[j] = columns[j][i];
        transform(d, o);
        wino4_store_row(o, place, i, t->width, masked, out, residual, floor);
    }
}

ALWAYS_INLINE void wino4_output_tiles(const HrnetWino4Output *t, const Wino4Place *place,
                                      const float *m, const bool masked, float *out,
                                      const float *residual)
{
    vec columns[6][4];
#pragma GCC unroll 6
    for (unsigned j = 0; j < 6; j++) { /* A^T M */
        vec d[6];
#pragma GCC unroll 6
        for (unsigned i = 0; i < 6; i++)
            d[i] = vec_load(m + (6 * i + j) * t->m_point_floats);
        wino4_output_1d(d, columns[j]);
    }
    wino4_output_columns(t, place, columns, 6, wino4_output_1d, masked, out, residual);
}

ALWAYS_INLINE void wino4s2_output_tiles(const HrnetWino4Output *t, const Wino4Place *place,
                                        const float *m, const bool masked, float *out,
                                        const float *residual)
{
    vec columns[5][4];
#pragma GCC unroll 5
    for (unsigned j = 0; j < 5; j++) { /* A^T M */
        vec d[5];
#pragma GCC unroll 5
        for (unsigned i = 0; i < 5; i++)
            d[i] = vec_load(m + hrnet_wino4s2_point(i, j) * t->m_point_floats);
        wino4s2_output_1d(d, columns[j]);
    }
    wino4_output_columns(t, place, columns, 5, wino4s2_output_1d, masked, out, residual);
}

typedef void (*Wino4OutputTiles)(const HrnetWino4Output *t, const Wino4Place *place, const float *m,
                                 const bool masked, float *out, const float *residual);

ALWAYS_INLINE void wino4_output_vectors(const HrnetWino4Output *t, const Wino4OutputTiles tiles)
{
    for (unsigned i = 0; i < t->n_vectors; i++) {
        Wino4Place place;
        wino4_place_set(&place, t, t->first_piece + 4 * i);
        for (unsigned k = 0; k < t->n_rows; k++) {
            const float *m = t->m + k * t->m_row_floats + (size_t)i * VECTOR_FLOATS;
            float *out = t->out + k * t->out_plane_floats;
            const float *residual = t->residual ? t->residual + k * t->residual_plane_floats : NULL;
            if (place.inside)
                tiles(t, &place, m, false, out, residual);
            else
                tiles(t, &place, m, true, out, residual);
        }
    }
}

ALWAYS_INLINE void wino4_output(const HrnetWino4Output *t)
{
    wino4_output_vectors(t, wino4_output_tiles);
}

ALWAYS_INLINE void wino4s2_output(const HrnetWino4Output *t)
{
    wino4_output_vectors(t, wino4s2_output_tiles);
}
