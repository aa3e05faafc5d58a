/* Weights of wino4s2.h for any vector type: included after vector.h and conv_tile.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A vector's lanes are rows of a channel: all of them where it has room for a tile's. */

/* G of the outer phase, points 0 to 4, and of the middle phase, points 1 to 4, for taps g[0..2]. */
ALWAYS_INLINE void wino4s2_weights_1d(const dvec g[3], dvec out[9])
{
    const dvec half = dvec_set1(1 / 2.0), third = dvec_set1(1 / 3.0), sixth = dvec_set1(1 / 6.0);
    const dvec zero = dvec_set1(0);
    out[0] = dvec_mul(g[0], half);
    out[1] = dvec_sub(zero, dvec_mul(dvec_add(g[0], g[2]), half));
    out[2] = dvec_mul(dvec_sub(g[2], g[0]), sixth);
    out[3] = dvec_add(dvec_mul(g[0], sixth), dvec_mul(g[2], third));
    out[4] = g[2];
    out[5] = dvec_sub(zero, dvec_mul(g[1], half));
    out[6] = dvec_mul(g[1], sixth);
    out[7] = dvec_mul(g[1], third);
    out[8] = g[1];
}

/* columns[j][i]: element i of column j of G g, for half of the lanes. */
ALWAYS_INLINE void wino4s2_weights_columns(float taps[9][VECTOR_FLOATS], unsigned first_lane,
                                           dvec columns[3][9])
{
    for (unsigned j = 0; j < 3; j++) {
        const dvec g[3] = { dvec_load(taps[j] + first_lane), dvec_load(taps[3 + j] + first_lane),
                            dvec_load(taps[6 + j] + first_lane) };
        wino4s2_weights_1d(g, columns[j]);
    }
}

/* All points of channel c for the rows from first on, in the lanes of mask. */
ALWAYS_INLINE void wino4s2_weights_channel(const HrnetWino4S2Weights *t, unsigned c,
                                           const unsigned first, float taps[9][VECTOR_FLOATS],
                                           vec_mask mask)
{
    dvec lo[3][9], hi[3][9];
    wino4s2_weights_columns(taps, 0, lo);
    wino4s2_weights_columns(taps, VECTOR_FLOATS / 2, hi);
    for (unsigned i = 0; i < 9; i++) {
        const dvec lo_row[3] = { lo[0][i], lo[1][i], lo[2][i] };
        const dvec hi_row[3] = { hi[0][i], hi[1][i], hi[2][i] };
        dvec lo_out[9], hi_out[9];
        wino4s2_weights_1d(lo_row, lo_out);
        wino4s2_weights_1d(hi_row, hi_out);
        for (unsigned j = 0; j < 9; j++) {
            const HrnetWino4S2Place place = hrnet_wino4s2_place(i, j);
            const size_t channel = (size_t)c * hrnet_wino4s2_depth(place.class) + place.phase;
            vec_store_mask(t->u[place.class] + place.point * t->u_point_floats[place.class] +
                               channel * t->rows + first,
                           mask, vec_join(lo_out[j], hi_out[j]));
        }
    }
}

/* How many rows from first on a vector takes. */
ALWAYS_INLINE unsigned wino4s2_weights_lanes(const HrnetWino4S2Weights *t, const unsigned first)
{
#if TILE_ROWS_MAX > VECTOR_FLOATS
    const unsigned left = t->rows - first;
    return left < VECTOR_FLOATS ? left : VECTOR_FLOATS;
#else
    (void)first;
    return t->rows;
#endif
}

ALWAYS_INLINE void wino4s2_weights_rows(const HrnetWino4S2Weights *t, const unsigned first)
{
    const vec_mask mask = vec_mask_range(0, wino4s2_weights_lanes(t, first));
    float taps[9][VECTOR_FLOATS] = { { 0 } };
    for (unsigned c = 0; c < t->n_channels; c++) {
        for (unsigned r = 0; r < wino4s2_weights_lanes(t, first); r++) {
            const float *filter = t->weights + (first + r) * t->row_floats + 9 * (size_t)c;
            for (unsigned n = 0; n < 9; n++)
                taps[n][r] = filter[n];
        }
        wino4s2_weights_channel(t, c, first, taps, mask);
    }
}

ALWAYS_INLINE void wino4s2_weights(const HrnetWino4S2Weights *t)
{
    if (TILE_ROWS_MAX <= VECTOR_FLOATS) {
        wino4s2_weights_rows(t, 0);
        return;
    }
    for (unsigned first = 0; first < t->rows; first += VECTOR_FLOATS)
        wino4s2_weights_rows(t, first);
}
