/* Lines and spread rows, for vectors of four or eight floats: included after resize.h and its
 * instruction set's spread_left().
 * SPDX-License-Identifier: LGPL-2.1-or-later */

static void lerp_row(float *line, const float *row0, const float *row1, float weight1, unsigned n)
{
    const float weight0 = 1.0f - weight1;
    const vec w0 = vec_set1(weight0);
    const vec w1 = vec_set1(weight1);
    unsigned i = 0;
    for (; i + VECTOR_FLOATS <= n; i += VECTOR_FLOATS)
        vec_store(line + i, vec_fma(w1, vec_load(row1 + i), vec_mul(w0, vec_load(row0 + i))));
    for (; i < n; i++)
        line[i] = weight0 * row0[i] + weight1 * row1[i];
    line[n] = weight0 * row0[n - 1] + weight1 * row1[n - 1];
}

/* Both columns of a pair come from the same vector. */
ALWAYS_INLINE void spread_within(float *out, const float *row, unsigned n_in, HrnetColumns columns,
                                 unsigned n, Reach reach)
{
    for (unsigned x = 0; x < n || x % HRNET_COLUMN_BLOCK; x += VECTOR_FLOATS) {
        const float *window = row + columns.index[x];
        const vec_index first = relative_indices(&columns, columns.first, x);
        const vec_index second = relative_indices(&columns, columns.second, x);
        const vec weight = vec_load(columns.weight + x);
        vec a, b;
        spread_left(window, (long)n_in - columns.index[x], first, second, reach, &a, &b);
        vec_store(out + x, vec_fma(weight, b, vec_fnma(weight, a, a)));
    }
}

static void spread_row(float *out, const float *row, unsigned n_in, const HrnetColumns *columns,
                       unsigned n)
{
    WITH_REACH(columns, spread_within, out, row, n_in, *columns, n)
}
