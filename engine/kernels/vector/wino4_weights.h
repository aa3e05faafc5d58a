/* Weights of Winograd F(4x4, 3x3) for any vector type: included after vector.h and
 * conv_tile.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A vector's lanes are filters in the order of U: rows of a channel, then the next channel. So each
 * point is stored by whole vectors, one behind the other; what jumps about in memory is the reading
 * of the filters, a quarter as much. */

/* The nine taps of the filters first..first+n-1 of U, a vector of them each; lanes behind are 0. */
ALWAYS_INLINE void wino4_weights_gather(const HrnetWino4Weights *t, size_t first, unsigned n,
                                        float taps[9][VECTOR_FLOATS])
{
    size_t c = first / t->rows, r = first % t->rows;
    for (unsigned lane = 0; lane < n; lane++) {
        const float *filter = t->weights + r * t->row_floats + 9 * c;
#pragma GCC unroll 9
        for (unsigned j = 0; j < 9; j++)
            taps[j][lane] = filter[j];
        if (++r == t->rows) {
            r = 0;
            c++;
        }
    }
    for (unsigned lane = n; lane < VECTOR_FLOATS; lane++) {
        for (unsigned j = 0; j < 9; j++)
            taps[j][lane] = 0;
    }
}

/* G g: out[i] = row i of the matrix in wino4.h times g. */
ALWAYS_INLINE void wino4_weights_1d(dvec g0, dvec g1, dvec g2, dvec out[6])
{
    const dvec quarter = dvec_set1(1 / 4.0), sixth = dvec_set1(1 / 6.0);
    const dvec twelfth = dvec_set1(1 / 12.0), part = dvec_set1(1 / 24.0);
    const dvec even = dvec_mul(dvec_add(g0, g2), sixth), odd = dvec_mul(g1, sixth);
    const dvec even2 = dvec_add(dvec_mul(g0, part), dvec_mul(g2, sixth));
    const dvec odd2 = dvec_mul(g1, twelfth);
    out[0] = dvec_mul(g0, quarter);
    out[1] = dvec_sub(dvec_set1(0), dvec_add(even, odd));
    out[2] = dvec_sub(odd, even);
    out[3] = dvec_add(even2, odd2);
    out[4] = dvec_sub(even2, odd2);
    out[5] = g2;
}

/* columns[j][i]: element i of column j of G g, for half of the lanes. */
ALWAYS_INLINE void wino4_weights_columns(float taps[9][VECTOR_FLOATS], unsigned first_lane,
                                         dvec columns[3][6])
{
    for (unsigned j = 0; j < 3; j++)
        wino4_weights_1d(dvec_load(taps[j] + first_lane), dvec_load(taps[3 + j] + first_lane),
                         dvec_load(taps[6 + j] + first_lane), columns[j]);
}

/* All points of a vector of filters. */
ALWAYS_INLINE void wino4_weights_vector(float taps[9][VECTOR_FLOATS], const bool masked,
                                        vec_mask mask, float *u, size_t u_point_floats)
{
    dvec lo[3][6], hi[3][6];
    wino4_weights_columns(taps, 0, lo);
    wino4_weights_columns(taps, VECTOR_FLOATS / 2, hi);
    for (unsigned i = 0; i < 6; i++) {
        dvec lo_row[6], hi_row[6];
        wino4_weights_1d(lo[0][i], lo[1][i], lo[2][i], lo_row);
        wino4_weights_1d(hi[0][i], hi[1][i], hi[2][i], hi_row);
#pragma GCC unroll 6
        for (unsigned k = 0; k < 6; k++, u += u_point_floats) {
            if (masked)
                vec_store_mask(u, mask, vec_join(lo_row[k], hi_row[k]));
            else
                vec_store(u, vec_join(lo_row[k], hi_row[k]));
        }
    }
}

ALWAYS_INLINE void wino4_weights(const HrnetWino4Weights *t)
{
    const size_t n = (size_t)t->rows * t->n_channels;
    const vec_mask whole = vec_mask_range(0, VECTOR_FLOATS);
    float taps[9][VECTOR_FLOATS];
    size_t first = 0;
    for (; first + VECTOR_FLOATS <= n; first += VECTOR_FLOATS) {
        wino4_weights_gather(t, first, VECTOR_FLOATS, taps);
        wino4_weights_vector(taps, false, whole, t->u + first, t->u_point_floats);
    }
    if (first == n)
        return;
    wino4_weights_gather(t, first, (unsigned)(n - first), taps);
    wino4_weights_vector(taps, true, vec_mask_range(0, (long)(n - first)), t->u + first,
                         t->u_point_floats);
}
