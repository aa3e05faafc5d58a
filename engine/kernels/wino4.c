/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/wino4.h"

static const float input_matrix[6][6] = {
    /* B^T */
    { 4, 0, -5, 0, 1, 0 },  { 0, -4, -4, 1, 1, 0 }, { 0, 4, -4, -1, 1, 0 },
    { 0, -2, -1, 2, 1, 0 }, { 0, 2, -1, -2, 1, 0 }, { 0, 4, 0, -5, 0, 1 },
};

static const float output_matrix[4][6] = {
    /* A^T */
    { 1, 1, 1, 1, 1, 0 },
    { 0, 1, -1, 2, -2, 0 },
    { 0, 1, 1, 4, 4, 0 },
    { 0, 1, -1, 8, -8, 1 },
};

HrnetWino4Place hrnet_wino4_place(unsigned first_piece, unsigned vector, unsigned lane,
                                  unsigned width, unsigned vector_floats)
{
    const unsigned pieces_per_row = (width + vector_floats - 1) / vector_floats;
    const unsigned piece = first_piece + 4 * vector + lane % 4;
    return (HrnetWino4Place){ 4 * (piece / pieces_per_row),
                              piece % pieces_per_row * vector_floats + 4 * (lane / 4) };
}

static float pixel_or_zero(const HrnetWino4Input *t, unsigned c, long y, long x)
{
    if (y < 0 || x < 0 || y >= (long)t->height || x >= (long)t->width)
        return 0;
    return t->in[c * t->in_plane_floats + (size_t)y * t->width + (size_t)x];
}

static void input_tile(const HrnetWino4Input *t, unsigned c, unsigned vector, unsigned lane)
{
    const HrnetWino4Place place =
        hrnet_wino4_place(t->first_piece, vector, lane, t->width, t->vector_floats);
    float rows[6][6] = { 0 }; /* d B */
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            for (int n = 0; n < 6; n++)
                rows[i][j] += pixel_or_zero(t, c, (long)place.y + i - 1, (long)place.x + n - 1) *
                              input_matrix[j][n];
        }
    }
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            float sum = 0;
            for (int n = 0; n < 6; n++)
                sum += input_matrix[i][n] * rows[n][j];
            t->v[(size_t)(6 * i + j) * t->v_point_floats + c * t->v_channel_floats +
                 (size_t)vector * t->vector_floats + lane] = sum;
        }
    }
}

void hrnet_wino4_input_f32_c(const HrnetWino4Input *t)
{
    for (unsigned vector = 0; vector < t->n_vectors; vector++) {
        for (unsigned c = 0; c < t->n_channels; c++) {
            for (unsigned lane = 0; lane < t->vector_floats; lane++)
                input_tile(t, c, vector, lane);
        }
    }
}

/* On from `sum`, so that chunks of channels one after another give the bits of all at once. */
static float product_sum(const HrnetWino4Product *t, unsigned point, unsigned r, unsigned lane,
                         float sum)
{
    const unsigned first = r / t->block_rows * t->block_rows;
    const unsigned n_rows = t->rows - first < t->block_rows ? t->rows - first : t->block_rows;
    const float *u = t->u + point * t->u_point_floats + (size_t)first * t->u_channels +
                     (size_t)t->u_first_channel * n_rows;
    for (unsigned c = 0; c < t->n_channels; c++)
        sum += u[(size_t)c * n_rows + r - first] *
               t->v[point * t->v_point_floats + c * t->v_channel_floats + lane];
    return sum;
}

void hrnet_wino4_product_f32_c(const HrnetWino4Product *t)
{
    for (unsigned point = 0; point < t->n_points; point++) {
        for (unsigned r = 0; r < t->rows; r++) {
            const float bias = t->bias && point == t->bias_point ? t->bias[r] : 0;
            float *m = t->m + r * t->m_row_floats + point * t->m_point_floats;
            for (unsigned lane = 0; lane < t->n_vectors * t->vector_floats; lane++)
                m[lane] = product_sum(t, point, r, lane, t->accumulate ? m[lane] : bias);
        }
    }
}

void hrnet_wino4_output_pixel(const HrnetWino4Output *t, unsigned k, unsigned y, unsigned x,
                              float value)
{
    if (y >= t->height || x >= t->width)
        return;
    const size_t at = (size_t)y * t->width + x;
    if (t->residual)
        value += t->residual[k * t->residual_plane_floats + at];
    t->out[k * t->out_plane_floats + at] = t->relu && value < 0 ? 0 : value;
}

static void output_tile(const HrnetWino4Output *t, unsigned k, unsigned vector, unsigned lane)
{
    const HrnetWino4Place place =
        hrnet_wino4_place(t->first_piece, vector, lane, t->width, t->vector_floats);
    const float *m = t->m + k * t->m_row_floats + (size_t)vector * t->vector_floats + lane;
    float columns[4][6] = { 0 }; /* A^T M */
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 6; j++) {
            for (size_t n = 0; n < 6; n++)
                columns[i][j] += output_matrix[i][n] * m[(6 * n + (size_t)j) * t->m_point_floats];
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned j = 0; j < 4; j++) {
            float sum = 0;
            for (unsigned n = 0; n < 6; n++)
                sum += columns[i][n] * output_matrix[j][n];
            hrnet_wino4_output_pixel(t, k, place.y + i, place.x + j, sum);
        }
    }
}

void hrnet_wino4_output_f32_c(const HrnetWino4Output *t)
{
    for (unsigned vector = 0; vector < t->n_vectors; vector++) {
        for (unsigned k = 0; k < t->n_rows; k++) {
            for (unsigned lane = 0; lane < t->vector_floats; lane++)
                output_tile(t, k, vector, lane);
        }
    }
}

/* One column (row) of G g: out[i * out_step] for i < 6 from g[0], g[step], g[2 * step]. */
static void filter_transform(const double *g, int step, double *out, int out_step)
{
    const double even = (g[0] + g[2 * step]) / 6, odd = g[step] / 6;
    const double even2 = g[0] / 24 + g[2 * step] / 6, odd2 = g[step] / 12;
    out[0 * out_step] = g[0] / 4;
    out[1 * out_step] = -even - odd;
    out[2 * out_step] = -even + odd;
    out[3 * out_step] = even2 + odd2;
    out[4 * out_step] = even2 - odd2;
    out[5 * out_step] = g[2 * step];
}

static void weights_filter(const float *filter, float *u, size_t u_point_floats)
{
    double g[9], columns[6 * 3], row[6];
    for (int j = 0; j < 9; j++)
        g[j] = filter[j];
    for (int j = 0; j < 3; j++)
        filter_transform(g + j, 3, columns + j, 3);
    for (size_t j = 0; j < 6; j++) {
        filter_transform(columns + 3 * j, 1, row, 1);
        for (size_t k = 0; k < 6; k++)
            u[(6 * j + k) * u_point_floats] = (float)row[k];
    }
}

void hrnet_wino4_weights_f32_c(const HrnetWino4Weights *t)
{
    for (size_t c = 0; c < t->n_channels; c++) {
        for (size_t r = 0; r < t->rows; r++)
            weights_filter(t->weights + r * t->row_floats + 9 * c, t->u + c * t->rows + r,
                           t->u_point_floats);
    }
}
