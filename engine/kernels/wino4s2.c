/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/wino4s2.h"

static const float input_matrix[5][5] = {
    /* B^T */
    { 2, -1, -2, 1, 0 }, { 0, -2, -1, 1, 0 }, { 0, 2, -3, 1, 0 },
    { 0, -1, 0, 1, 0 },  { 0, 2, -1, -2, 1 },
};

static const float output_matrix[4][5] = {
    /* A^T */
    { 1, 1, 1, 1, 0 },
    { 0, 1, -1, 2, 0 },
    { 0, 1, 1, 4, 0 },
    { 0, 1, -1, 8, 1 },
};

static float pixel_or_zero(const HrnetWino4S2Input *t, unsigned c, long y, long x)
{
    if (y < 0 || x < 0 || y >= (long)t->height || x >= (long)t->width)
        return 0;
    return t->in[c * t->in_plane_floats + (size_t)y * t->width + (size_t)x];
}

/* Point index of a phase (0..4 outer, 5..8 middle) as row of B^T, and where its value n of a tile
 * that begins at output `first` lies. */
static unsigned matrix_row(unsigned index)
{
    return index < 5 ? index : index - 4;
}

static long phase_position(unsigned index, unsigned first, unsigned n)
{
    return 2L * first + 2L * n - (index < 5 ? 1 : 2);
}

static void input_value(const HrnetWino4S2Input *t, unsigned c, unsigned vector, unsigned lane,
                        unsigned i, unsigned j)
{
    const HrnetWino4Place tile =
        hrnet_wino4_place(t->first_piece, vector, lane, (t->width + 1) / 2, t->vector_floats);
    float sum = 0;
    for (unsigned m = 0; m < 5; m++) {
        for (unsigned n = 0; n < 5; n++) {
            const float factor = input_matrix[matrix_row(i)][m] * input_matrix[matrix_row(j)][n];
            if (factor != 0)
                sum += factor * pixel_or_zero(t, c, phase_position(i, tile.y, m),
                                              phase_position(j, tile.x, n));
        }
    }
    const HrnetWino4S2Place place = hrnet_wino4s2_place(i, j);
    const size_t channel = (size_t)c * hrnet_wino4s2_depth(place.class) + place.phase;
    t->v[place.class][place.point * t->v_point_floats[place.class] + channel * t->v_channel_floats +
                      (size_t)vector * t->vector_floats + lane] = sum;
}

void hrnet_wino4s2_input_f32_c(const HrnetWino4S2Input *t)
{
    for (unsigned vector = 0; vector < t->n_vectors; vector++) {
        for (unsigned c = 0; c < t->n_channels; c++) {
            for (unsigned lane = 0; lane < t->vector_floats; lane++) {
                for (unsigned i = 0; i < 9; i++) {
                    for (unsigned j = 0; j < 9; j++)
                        input_value(t, c, vector, lane, i, j);
                }
            }
        }
    }
}

static float output_sum(const float *m, size_t m_point_floats, unsigned y, unsigned x)
{
    float sum = 0;
    for (unsigned i = 0; i < 5; i++) {
        float row = 0;
        for (unsigned j = 0; j < 5; j++)
            row += output_matrix[x][j] * m[hrnet_wino4s2_point(i, j) * m_point_floats];
        sum += output_matrix[y][i] * row;
    }
    return sum;
}

void hrnet_wino4s2_output_f32_c(const HrnetWino4Output *t)
{
    for (unsigned vector = 0; vector < t->n_vectors; vector++) {
        for (unsigned k = 0; k < t->n_rows; k++) {
            for (unsigned lane = 0; lane < t->vector_floats; lane++) {
                const HrnetWino4Place tile =
                    hrnet_wino4_place(t->first_piece, vector, lane, t->width, t->vector_floats);
                const float *m = t->m + k * t->m_row_floats + vector * t->vector_floats + lane;
                for (unsigned y = 0; y < 4; y++) {
                    for (unsigned x = 0; x < 4; x++)
                        hrnet_wino4_output_pixel(t, k, tile.y + y, tile.x + x,
                                                 output_sum(m, t->m_point_floats, y, x));
                }
            }
        }
    }
}

/* Row `index` of G for a phase, times its taps g[0], g[step] and g[2 * step]. */
static double filter_point(const double *g, int step, unsigned index)
{
    static const double matrix[5][2] = { { 1 / 2.0, 0 },
                                         { -1 / 2.0, -1 / 2.0 },
                                         { -1 / 6.0, 1 / 6.0 },
                                         { 1 / 6.0, 1 / 3.0 },
                                         { 0, 1 } };
    if (index < 5)
        return matrix[index][0] * g[0] + matrix[index][1] * g[2 * step];
    return matrix[index - 4][1] * g[step];
}

static void weights_filter(const HrnetWino4S2Weights *t, unsigned r, unsigned c)
{
    double g[9], columns[3];
    for (unsigned n = 0; n < 9; n++)
        g[n] = t->weights[r * t->row_floats + 9 * (size_t)c + n];
    for (unsigned i = 0; i < 9; i++) {
        for (unsigned n = 0; n < 3; n++)
            columns[n] = filter_point(g + n, 3, i);
        for (unsigned j = 0; j < 9; j++) {
            const HrnetWino4S2Place place = hrnet_wino4s2_place(i, j);
            const size_t channel = (size_t)c * hrnet_wino4s2_depth(place.class) + place.phase;
            t->u[place.class][place.point * t->u_point_floats[place.class] + channel * t->rows +
                              r] = (float)filter_point(columns, 1, j);
        }
    }
}

void hrnet_wino4s2_weights_f32_c(const HrnetWino4S2Weights *t)
{
    for (unsigned c = 0; c < t->n_channels; c++) {
        for (unsigned r = 0; r < t->rows; r++)
            weights_filter(t, r, c);
    }
}
