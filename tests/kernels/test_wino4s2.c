/* Winograd of stride 2: every instruction set against C, and C against the convolution as it is
 * written down. The output transform is checked with that of stride 1.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "plain_conv.h"

#define CLASSES HRNET_WINO4S2_CLASSES

/* Inputs whose outputs are below, at and above a piece, and narrower than a vector of tiles. */
static const unsigned sizes[][2] = { { 1, 1 },   { 2, 5 },   { 3, 16 },  { 8, 31 },   { 9, 32 },
                                     { 10, 33 }, { 16, 64 }, { 17, 66 }, { 24, 128 }, { 41, 141 } };

static const unsigned class_points[CLASSES] = { 1, 8, 16 };

static unsigned vectors_of(unsigned height, unsigned width, unsigned vector_floats)
{
    const unsigned out_height = (height + 1) / 2, out_width = (width + 1) / 2;
    const unsigned pieces =
        (out_height + 3) / 4 * ((out_width + vector_floats - 1) / vector_floats);
    return (pieces + 3) / 4;
}

/* ---- input ---- */

/* V's three classes lie in one block of memory. */
static void point_at(HrnetWino4S2Input *input, float *v)
{
    for (unsigned k = 0; k < CLASSES; k++) {
        input->v[k] = v;
        v += class_points[k] * input->v_point_floats[k];
    }
}

static void check_input_case(const HrnetConvKernels *kernels, unsigned height, unsigned width,
                             unsigned first_piece, unsigned n_vectors, GRand *rand)
{
    const unsigned n_channels = (unsigned)g_rand_int_range(rand, 1, 5);
    HrnetWino4S2Input input = {
        .in_plane_floats = (size_t)height * width + (size_t)g_rand_int_range(rand, 0, 9),
        .height = height,
        .width = width,
        .n_channels = n_channels,
        .first_piece = first_piece,
        .n_vectors = n_vectors,
        .v_channel_floats = n_vectors * kernels->vector_floats + 3,
        .vector_floats = kernels->vector_floats,
    };
    size_t v_floats = 0;
    for (unsigned k = 0; k < CLASSES; k++) {
        input.v_point_floats[k] =
            n_channels * hrnet_wino4s2_depth(k) * input.v_channel_floats + 5 + k;
        v_floats += class_points[k] * input.v_point_floats[k];
    }
    v_floats -= 5 + CLASSES - 1 + 3; /* the gaps behind the last vectors */
    Guarded in = guarded_new_floats((n_channels - 1) * input.in_plane_floats + height * width, 0);
    Guarded v = guarded_new_floats(v_floats, 0);
    guarded_randomise(&in, rand);
    Guarded expected = guarded_copy(&v);
    guarded_case("wino4s2 input %u channels of %u x %u, %u vectors from piece %u", n_channels,
                 height, width, n_vectors, first_piece);
    input.in = in.floats;
    point_at(&input, expected.floats);
    hrnet_wino4s2_input_f32_c(&input);
    point_at(&input, v.floats);
    kernels->wino4s2_input(&input);
    guarded_compare_floats(&v, &expected, 2e-5); /* values reach 36 */
    guarded_close(&in);
    guarded_close(&v);
    guarded_close(&expected);
}

/* The whole image at once, and a part that begins anywhere and may reach behind its end. */
static void check_input(const HrnetKernels *all)
{
    const HrnetConvKernels *kernels = &all->conv;
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const unsigned height = sizes[i][0], width = sizes[i][1];
        const unsigned n_vectors = vectors_of(height, width, kernels->vector_floats);
        check_input_case(kernels, height, width, 0, n_vectors, rand);
        for (unsigned first = 1; first < 4 * n_vectors; first++)
            check_input_case(kernels, height, width, first, 1 + first % 3, rand);
    }
}

/* ---- weights ---- */

static void check_weights_case(const HrnetKernels *kernels, unsigned rows, unsigned n_channels,
                               GRand *rand)
{
    HrnetWino4S2Weights weights = {
        .row_floats = 9 * n_channels + (size_t)g_rand_int_range(rand, 0, 9),
        .rows = rows,
        .n_channels = n_channels,
    };
    size_t u_floats = 0, class_floats[CLASSES];
    for (unsigned k = 0; k < CLASSES; k++) {
        weights.u_point_floats[k] = (size_t)rows * n_channels * hrnet_wino4s2_depth(k) +
                                    (size_t)g_rand_int_range(rand, 0, 20);
        class_floats[k] = u_floats;
        u_floats += class_points[k] * weights.u_point_floats[k];
    }
    Guarded filters = guarded_new_floats((rows - 1) * weights.row_floats + 9 * n_channels, 0);
    Guarded u = guarded_new_floats(u_floats, 0);
    guarded_randomise(&filters, rand);
    Guarded expected = guarded_copy(&u);
    guarded_case("wino4s2 weights %u rows, %u channels", rows, n_channels);
    weights.weights = filters.floats;
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < CLASSES; k++)
            weights.u[k] = (i ? u.floats : expected.floats) + class_floats[k];
        (i ? kernels->conv.wino4s2_weights : hrnet_wino4s2_weights_f32_c)(&weights);
    }
    guarded_compare_floats(&u, &expected, 1e-7); /* at most 1, so a unit in the last place */
    guarded_close(&filters);
    guarded_close(&u);
    guarded_close(&expected);
}

static void check_weights(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (unsigned rows = 1; rows <= kernels->conv.tile_rows_max; rows++) {
        for (unsigned n_channels = 1; n_channels < 20; n_channels++)
            check_weights_case(kernels, rows, n_channels, rand);
    }
}

/* ---- the references themselves ---- */

enum { CHANNELS = 3, ROWS = 5, HEIGHT = 19, WIDTH = 42, VECTOR = 8, VECTORS = 3 };
enum { OUT_HEIGHT = 10, OUT_WIDTH = 21, LANES = VECTOR * VECTORS, POINTS = HRNET_WINO4S2_POINTS };

/* A layer all the way through the C kernels. */
static void convolve(const float *in, const float *weights, const float *bias, float *out)
{
    static float u[POINTS][4 * CHANNELS * ROWS], v[POINTS][4 * CHANNELS][LANES],
        m[ROWS][POINTS][LANES];
    const unsigned first_point[CLASSES] = { 0, 1, 9 };
    HrnetWino4S2Weights transform = {
        .weights = weights, .row_floats = CHANNELS * 9, .rows = ROWS, .n_channels = CHANNELS
    };
    HrnetWino4S2Input input = { .in = in,
                                .in_plane_floats = HEIGHT * WIDTH,
                                .height = HEIGHT,
                                .width = WIDTH,
                                .n_channels = CHANNELS,
                                .n_vectors = VECTORS,
                                .v_channel_floats = LANES,
                                .vector_floats = VECTOR };
    for (unsigned k = 0; k < CLASSES; k++) {
        transform.u[k] = u[first_point[k]];
        transform.u_point_floats[k] = 4 * CHANNELS * ROWS;
        input.v[k] = v[first_point[k]][0];
        input.v_point_floats[k] = 4 * CHANNELS * LANES;
    }
    hrnet_wino4s2_weights_f32_c(&transform);
    hrnet_wino4s2_input_f32_c(&input);
    for (unsigned k = 0; k < CLASSES; k++)
        hrnet_wino4_product_f32_c(&(HrnetWino4Product){
            .u = u[first_point[k]],
            .u_point_floats = 4 * CHANNELS * ROWS,
            .u_channels = CHANNELS * hrnet_wino4s2_depth(k),
            .bias = k == HRNET_WINO4S2_BIAS_CLASS ? bias : NULL,
            .bias_point = HRNET_WINO4S2_BIAS_POINT,
            .n_points = class_points[k],
            .rows = ROWS,
            .block_rows = ROWS,
            .n_channels = CHANNELS * hrnet_wino4s2_depth(k),
            .n_vectors = VECTORS,
            .v = v[first_point[k]][0],
            .v_point_floats = 4 * CHANNELS * LANES,
            .v_channel_floats = LANES,
            .m = m[0][first_point[k]],
            .m_row_floats = POINTS * LANES,
            .m_point_floats = LANES,
            .vector_floats = VECTOR,
        });
    hrnet_wino4s2_output_f32_c(&(HrnetWino4Output){ .m = m[0][0],
                                                    .m_row_floats = POINTS * LANES,
                                                    .m_point_floats = LANES,
                                                    .n_rows = ROWS,
                                                    .n_vectors = VECTORS,
                                                    .height = OUT_HEIGHT,
                                                    .width = OUT_WIDTH,
                                                    .out = out,
                                                    .out_plane_floats = OUT_HEIGHT * OUT_WIDTH,
                                                    .vector_floats = VECTOR });
}

static void test_is_convolution(void)
{
    static float in[CHANNELS * HEIGHT * WIDTH], weights[ROWS * CHANNELS * 9], bias[ROWS],
        out[ROWS][OUT_HEIGHT * OUT_WIDTH];
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    g_assert_cmpuint(vectors_of(HEIGHT, WIDTH, VECTOR), ==, VECTORS);
    guarded_randomise_floats(in, G_N_ELEMENTS(in), rand);
    guarded_randomise_floats(weights, G_N_ELEMENTS(weights), rand);
    guarded_randomise_floats(bias, ROWS, rand);
    convolve(in, weights, bias, out[0]);
    plain_conv_compare(&(PlainConv){ .in = in,
                                     .in_channels = CHANNELS,
                                     .height = HEIGHT,
                                     .width = WIDTH,
                                     .weights = weights,
                                     .bias = bias,
                                     .rows = ROWS,
                                     .stride = 2 },
                       out[0], OUT_HEIGHT * OUT_WIDTH, 1e-4f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wino4s2/is-convolution", test_is_convolution);
    guarded_add_check("/wino4s2/input", check_input);
    guarded_add_check("/wino4s2/weights", check_weights);
    return g_test_run();
}
