/* Winograd's transforms and products: every instruction set against C, and C against the
 * convolution as it is written down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "plain_conv.h"

/* Image sizes below, at and above a piece's, and narrower than a vector of tiles. */
static const unsigned sizes[][2] = { { 1, 1 },  { 2, 3 },   { 4, 8 },   { 5, 16 },  { 7, 17 },
                                     { 8, 32 }, { 13, 31 }, { 16, 33 }, { 12, 64 }, { 23, 70 } };

static unsigned vectors_of(unsigned height, unsigned width, unsigned vector_floats)
{
    const unsigned pieces = (height + 3) / 4 * ((width + vector_floats - 1) / vector_floats);
    return (pieces + 3) / 4;
}

/* ---- input ---- */

static void check_input_case(const HrnetConvKernels *kernels, unsigned height, unsigned width,
                             unsigned first_piece, unsigned n_vectors, GRand *rand)
{
    const unsigned n_channels = (unsigned)g_rand_int_range(rand, 1, 5);
    const size_t in_plane_floats = (size_t)height * width + (size_t)g_rand_int_range(rand, 0, 9);
    HrnetWino4Input input = {
        .in_plane_floats = in_plane_floats,
        .height = height,
        .width = width,
        .n_channels = n_channels,
        .first_piece = first_piece,
        .n_vectors = n_vectors,
        .v_channel_floats = n_vectors * kernels->vector_floats + 3,
        .vector_floats = kernels->vector_floats,
    };
    input.v_point_floats = n_channels * input.v_channel_floats + 5;
    Guarded in = guarded_new_floats((n_channels - 1) * in_plane_floats + height * width, 0);
    Guarded v = guarded_new_floats((HRNET_WINO4_POINTS - 1) * input.v_point_floats +
                                       (n_channels - 1) * input.v_channel_floats +
                                       n_vectors * kernels->vector_floats,
                                   0);
    guarded_randomise(&in, rand);
    Guarded expected = guarded_copy(&v);
    guarded_case("wino4 input %u channels of %u x %u, %u vectors from piece %u", n_channels, height,
                 width, n_vectors, first_piece);
    input.in = in.floats;
    input.v = expected.floats;
    hrnet_wino4_input_f32_c(&input);
    input.v = v.floats;
    kernels->wino4_input(&input);
    guarded_compare_floats(&v, &expected, 3e-5); /* values reach 100 */
    guarded_close(&in);
    guarded_close(&v);
    guarded_close(&expected);
}

/* The whole image at once, and a part that begins anywhere and may reach behind its end. */
static void check_input(const HrnetKernels *all)
{
    const HrnetConvKernels *kernels = &all->conv;
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const unsigned height = sizes[i][0], width = sizes[i][1];
        const unsigned n_vectors = vectors_of(height, width, kernels->vector_floats);
        check_input_case(kernels, height, width, 0, n_vectors, rand);
        for (unsigned first = 1; first < 4 * n_vectors; first++)
            check_input_case(kernels, height, width, first, 1 + first % 3, rand);
    }
}

/* ---- product ---- */

static void check_product_case(const HrnetConvKernels *kernels, unsigned block_rows, unsigned rows,
                               unsigned n_vectors, GRand *rand)
{
    const unsigned n_channels = (unsigned)g_rand_int_range(rand, 1, 20);
    const unsigned first_channel = (unsigned)g_rand_int_range(rand, 0, 3);
    const unsigned u_channels = first_channel + n_channels + (unsigned)g_rand_int_range(rand, 0, 3);
    const bool accumulate = g_rand_boolean(rand), biased = !accumulate && g_rand_boolean(rand);
    const unsigned n_points = biased ? HRNET_WINO4_POINTS : (unsigned)g_rand_int_range(rand, 1, 37);
    const size_t lanes = (size_t)n_vectors * kernels->vector_floats;
    HrnetWino4Product product = {
        .u_point_floats = (size_t)rows * u_channels + 3,
        .u_channels = u_channels,
        .u_first_channel = first_channel,
        .bias_point = (unsigned)g_rand_int_range(rand, 0, (gint32)n_points),
        .accumulate = accumulate,
        .n_points = n_points,
        .rows = rows,
        .block_rows = block_rows,
        .n_channels = n_channels,
        .n_vectors = n_vectors,
        .v_point_floats = n_channels * (lanes + 2) + 7,
        .v_channel_floats = lanes + 2,
        .m_row_floats = n_points * (lanes + 3) + 1,
        .m_point_floats = lanes + 3,
        .vector_floats = kernels->vector_floats,
    };
    const size_t last_point = n_points - 1;
    Guarded u = guarded_new_floats(last_point * product.u_point_floats + rows * u_channels, 0);
    Guarded bias = guarded_new_floats(rows, 0);
    Guarded v = guarded_new_floats(last_point * product.v_point_floats +
                                       (n_channels - 1) * product.v_channel_floats + lanes,
                                   0);
    Guarded m = guarded_new_floats(
        (rows - 1) * product.m_row_floats + last_point * product.m_point_floats + lanes, 0);
    guarded_randomise(&u, rand);
    guarded_randomise(&bias, rand);
    guarded_randomise(&v, rand);
    if (accumulate)
        guarded_randomise(&m, rand);
    Guarded expected = guarded_copy(&m);
    guarded_case("wino4 product %u points, %u rows in blocks of %u, channels %u + %u of %u, "
                 "%u vectors, accumulate %d",
                 n_points, rows, block_rows, first_channel, n_channels, u_channels, n_vectors,
                 accumulate);
    product.u = u.floats;
    product.bias = biased ? bias.floats : NULL;
    product.v = v.floats;
    product.m = expected.floats;
    hrnet_wino4_product_f32_c(&product);
    product.m = m.floats;
    /* lines to fetch, some of them in memory that is not there: it is only a hint */
    HrnetConvLines lines[] = { { v.floats, 16, 7 }, { NULL, 1024, 40 }, { m.floats, 999, 3 } };
    HrnetConvPrefetch prefetch = { lines, lines + G_N_ELEMENTS(lines) };
    product.prefetch = g_rand_boolean(rand) ? &prefetch : NULL;
    product.far_weights = g_rand_boolean(rand);
    kernels->wino4_product(&product);
    guarded_compare_floats(&m, &expected, 1e-5);
    guarded_close(&u);
    guarded_close(&bias);
    guarded_close(&v);
    guarded_close(&m);
    guarded_close(&expected);
}

static void check_product(const HrnetKernels *all)
{
    const HrnetConvKernels *kernels = &all->conv;
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (unsigned n_vectors = 1; n_vectors <= kernels->tile_vectors_max; n_vectors++) {
        for (unsigned block_rows = 1; block_rows <= kernels->tile_rows_max; block_rows++) {
            for (unsigned rows = 1; rows <= 2 * block_rows; rows++)
                check_product_case(kernels, block_rows, rows, n_vectors, rand);
        }
    }
}

/* ---- output ---- */

typedef struct {
    unsigned height, width, first_piece, n_vectors;
    bool relu;
    enum { RESIDUAL_NONE, RESIDUAL_OTHER, RESIDUAL_IN_PLACE } residual;
} OutputCase;

typedef void (*OutputFunc)(const HrnetWino4Output *output);

static void check_output_case(const HrnetConvKernels *kernels, OutputFunc kernel,
                              OutputFunc reference, const OutputCase *c, GRand *rand)
{
    const unsigned n_rows = (unsigned)g_rand_int_range(rand, 1, 5);
    const size_t lanes = (size_t)c->n_vectors * kernels->vector_floats;
    const size_t pixels = (size_t)c->height * c->width;
    HrnetWino4Output output = {
        .m_point_floats = lanes + 1,
        .m_row_floats = HRNET_WINO4_POINTS * (lanes + 1) + 3,
        .n_rows = n_rows,
        .n_vectors = c->n_vectors,
        .first_piece = c->first_piece,
        .height = c->height,
        .width = c->width,
        .out_plane_floats = pixels + 5,
        .relu = c->relu,
        .vector_floats = kernels->vector_floats,
    };
    Guarded m = guarded_new_floats((n_rows - 1) * output.m_row_floats +
                                       (HRNET_WINO4_POINTS - 1) * output.m_point_floats + lanes,
                                   0);
    Guarded residual = guarded_new_floats((n_rows - 1) * (pixels + 2) + pixels, 0);
    Guarded out = guarded_new_floats((n_rows - 1) * output.out_plane_floats + pixels, 0);
    guarded_randomise(&m, rand);
    guarded_randomise(&residual, rand);
    for (unsigned k = 0; c->residual == RESIDUAL_IN_PLACE && k < n_rows; k++)
        guarded_randomise_floats(out.floats + k * output.out_plane_floats, pixels, rand);
    Guarded expected = guarded_copy(&out);
    guarded_case("wino4 output %u channels of %u x %u, %u vectors from piece %u, relu %d, residual "
                 "%d",
                 n_rows, c->height, c->width, c->n_vectors, c->first_piece, c->relu, c->residual);
    output.m = m.floats;
    for (unsigned i = 0; i < 2; i++) {
        output.out = i ? out.floats : expected.floats;
        if (c->residual == RESIDUAL_OTHER) {
            output.residual = residual.floats;
            output.residual_plane_floats = pixels + 2;
        } else if (c->residual == RESIDUAL_IN_PLACE) {
            output.residual = output.out;
            output.residual_plane_floats = output.out_plane_floats;
        }
        (i ? kernel : reference)(&output);
    }
    guarded_compare_floats(&out, &expected, 1e-4); /* values reach 361 */
    guarded_close(&m);
    guarded_close(&residual);
    guarded_close(&out);
    guarded_close(&expected);
}

static void check_outputs(const HrnetConvKernels *kernels, OutputFunc kernel, OutputFunc reference)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(6);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        OutputCase c = { .height = sizes[i][0], .width = sizes[i][1] };
        const unsigned n_vectors = vectors_of(c.height, c.width, kernels->vector_floats);
        for (c.first_piece = 0; c.first_piece < 4 * n_vectors; c.first_piece++) {
            c.n_vectors = c.first_piece ? 1 + c.first_piece % 3 : n_vectors;
            c.relu = g_rand_boolean(rand);
            c.residual = g_rand_int_range(rand, 0, 3);
            check_output_case(kernels, kernel, reference, &c, rand);
        }
    }
}

static void check_output(const HrnetKernels *all)
{
    const HrnetConvKernels *kernels = &all->conv;
    check_outputs(kernels, kernels->wino4_output, hrnet_wino4_output_f32_c);
}

static void check_s2_output(const HrnetKernels *all)
{
    const HrnetConvKernels *kernels = &all->conv;
    check_outputs(kernels, kernels->wino4s2_output, hrnet_wino4s2_output_f32_c);
}

/* ---- weights ---- */

static void check_weights_case(const HrnetKernels *kernels, unsigned rows, unsigned n_channels,
                               GRand *rand)
{
    HrnetWino4Weights weights = {
        .row_floats = 9 * n_channels + (size_t)g_rand_int_range(rand, 0, 9),
        .rows = rows,
        .n_channels = n_channels,
        .u_point_floats = (size_t)rows * n_channels + (size_t)g_rand_int_range(rand, 0, 20),
    };
    Guarded filters = guarded_new_floats((rows - 1) * weights.row_floats + 9 * n_channels, 0);
    Guarded u = guarded_new_floats(
        (HRNET_WINO4_POINTS - 1) * weights.u_point_floats + (size_t)rows * n_channels, 0);
    guarded_randomise(&filters, rand);
    Guarded expected = guarded_copy(&u);
    guarded_case("wino4 weights %u rows, %u channels", rows, n_channels);
    weights.weights = filters.floats;
    weights.u = expected.floats;
    hrnet_wino4_weights_f32_c(&weights);
    weights.u = u.floats;
    kernels->conv.wino4_weights(&weights);
    guarded_compare_floats(&u, &expected, 1e-7); /* at most 1, so a unit in the last place */
    guarded_close(&filters);
    guarded_close(&u);
    guarded_close(&expected);
}

static void check_weights(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(8);
    for (unsigned rows = 1; rows <= kernels->conv.tile_rows_max; rows++) {
        for (unsigned n_channels = 1; n_channels < 20; n_channels++)
            check_weights_case(kernels, rows, n_channels, rand);
    }
}

/* ---- the references themselves ---- */

/* A layer all the way through the C kernels, against the convolution of obvious loops. */
static void test_wino4_is_convolution(void)
{
    enum { CHANNELS = 3, ROWS = 5, HEIGHT = 10, WIDTH = 21, VECTOR = 8, VECTORS = 3 };
    enum { LANES = VECTOR * VECTORS, POINTS = HRNET_WINO4_POINTS };
    static float in[CHANNELS * HEIGHT * WIDTH], weights[ROWS][CHANNELS * 9],
        u[POINTS][CHANNELS * ROWS], bias[ROWS], v[POINTS][CHANNELS][LANES], m[ROWS][POINTS][LANES],
        out[ROWS][HEIGHT * WIDTH];
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    g_assert_cmpuint(vectors_of(HEIGHT, WIDTH, VECTOR), ==, VECTORS);
    guarded_randomise_floats(in, G_N_ELEMENTS(in), rand);
    guarded_randomise_floats(weights[0], ROWS * CHANNELS * 9, rand);
    guarded_randomise_floats(bias, ROWS, rand);
    hrnet_wino4_weights_f32_c(&(HrnetWino4Weights){ .weights = weights[0],
                                                    .row_floats = CHANNELS * 9,
                                                    .rows = ROWS,
                                                    .n_channels = CHANNELS,
                                                    .u = u[0],
                                                    .u_point_floats = CHANNELS * ROWS });
    hrnet_wino4_input_f32_c(&(HrnetWino4Input){ .in = in,
                                                .in_plane_floats = HEIGHT * WIDTH,
                                                .height = HEIGHT,
                                                .width = WIDTH,
                                                .n_channels = CHANNELS,
                                                .n_vectors = VECTORS,
                                                .v = v[0][0],
                                                .v_point_floats = CHANNELS * LANES,
                                                .v_channel_floats = LANES,
                                                .vector_floats = VECTOR });
    hrnet_wino4_product_f32_c(&(HrnetWino4Product){ .u = u[0],
                                                    .u_point_floats = CHANNELS * ROWS,
                                                    .u_channels = CHANNELS,
                                                    .bias = bias,
                                                    .bias_point = HRNET_WINO4_BIAS_POINT,
                                                    .n_points = POINTS,
                                                    .rows = ROWS,
                                                    .block_rows = ROWS,
                                                    .n_channels = CHANNELS,
                                                    .n_vectors = VECTORS,
                                                    .v = v[0][0],
                                                    .v_point_floats = CHANNELS * LANES,
                                                    .v_channel_floats = LANES,
                                                    .m = m[0][0],
                                                    .m_row_floats = POINTS * LANES,
                                                    .m_point_floats = LANES,
                                                    .vector_floats = VECTOR });
    hrnet_wino4_output_f32_c(&(HrnetWino4Output){ .m = m[0][0],
                                                  .m_row_floats = POINTS * LANES,
                                                  .m_point_floats = LANES,
                                                  .n_rows = ROWS,
                                                  .n_vectors = VECTORS,
                                                  .height = HEIGHT,
                                                  .width = WIDTH,
                                                  .out = out[0],
                                                  .out_plane_floats = HEIGHT * WIDTH,
                                                  .vector_floats = VECTOR });
    plain_conv_compare(&(PlainConv){ .in = in,
                                     .in_channels = CHANNELS,
                                     .height = HEIGHT,
                                     .width = WIDTH,
                                     .weights = weights[0],
                                     .bias = bias,
                                     .rows = ROWS,
                                     .stride = 1 },
                       out[0], HEIGHT * WIDTH, 1e-4f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wino4/is-convolution", test_wino4_is_convolution);
    guarded_add_check("/wino4/input", check_input);
    guarded_add_check("/wino4/product", check_product);
    guarded_add_check("/wino4/output", check_output);
    guarded_add_check("/wino4/weights", check_weights);
    guarded_add_check("/wino4s2/output", check_s2_output);
    return g_test_run();
}
