/* The convolution's register tile and staging: every instruction set against C, and C against the
 * convolution as it is written down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "plain_conv.h"

#include <math.h>

/* ---- tile ---- */

typedef struct {
    unsigned rows, block_rows, n_channels, n_taps, columns;
    bool bias, relu;
    enum { RESIDUAL_NONE, RESIDUAL_OTHER, RESIDUAL_IN_PLACE } residual;
} TileCase;

static size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

/* Taps of a 3x3 filter over rows of some odd distance, and channels of another. */
static void tile_geometry(const TileCase *c, size_t tap_floats[9], size_t *src_channel_floats)
{
    const size_t row_floats = c->columns + 3;
    for (unsigned t = 0; t < c->n_taps; t++)
        tap_floats[t] = t / 3 * row_floats + t % 3;
    *src_channel_floats = 3 * row_floats + 5;
}

static void check_tile_case(const HrnetConvKernels *kernels, const TileCase *c, GRand *rand)
{
    const size_t vectors_floats = round_up(c->columns, kernels->vector_floats);
    size_t tap_floats[9], src_channel_floats;
    tile_geometry(c, tap_floats, &src_channel_floats);
    const size_t src_floats =
        (c->n_channels - 1) * src_channel_floats + tap_floats[c->n_taps - 1] + c->columns;
    const size_t n_steps = (size_t)c->n_channels * c->n_taps;
    Guarded src = guarded_new_floats(src_floats, vectors_floats - c->columns);
    Guarded weights = guarded_new_floats(c->rows * n_steps, 0);
    Guarded bias = guarded_new_floats(c->rows, 0);
    Guarded residual = guarded_new_floats((c->rows - 1) * (c->columns + 7) + c->columns, 0);
    Guarded out = guarded_new_floats((c->rows - 1) * (c->columns + 9) + c->columns, 0);
    guarded_randomise(&src, rand);
    guarded_randomise(&weights, rand);
    for (size_t i = 0; i < c->rows * n_steps; i++)
        weights.floats[i] /= sqrtf((float)n_steps);
    guarded_randomise(&bias, rand);
    guarded_randomise(&residual, rand);
    if (c->residual == RESIDUAL_IN_PLACE) {
        for (unsigned r = 0; r < c->rows; r++)
            guarded_randomise_floats(out.floats + r * (c->columns + 9), c->columns, rand);
    }
    Guarded expected = guarded_copy(&out);
    guarded_case("tile %u rows in blocks of %u, %u channels, %u taps, %u columns, bias %d, relu %d,"
                 " residual %d",
                 c->rows, c->block_rows, c->n_channels, c->n_taps, c->columns, c->bias, c->relu,
                 c->residual);

    HrnetConvTile tile = {
        .weights = weights.floats,
        .bias = c->bias ? bias.floats : NULL,
        .rows = c->rows,
        .block_rows = c->block_rows,
        .src = src.floats,
        .src_channel_floats = src_channel_floats,
        .n_channels = c->n_channels,
        .n_taps = c->n_taps,
        .tap_floats = tap_floats,
        .prefetch_floats = c->columns % 2 ? c->columns : 0,
        .out_row_floats = c->columns + 9,
        .columns = c->columns,
        .relu = c->relu,
    };
    for (unsigned i = 0; i < 2; i++) {
        tile.out = i ? out.floats : expected.floats;
        if (c->residual == RESIDUAL_OTHER) {
            tile.residual = residual.floats;
            tile.residual_row_floats = c->columns + 7;
        } else if (c->residual == RESIDUAL_IN_PLACE) {
            tile.residual = tile.out;
            tile.residual_row_floats = tile.out_row_floats;
        }
        (i ? kernels->tile : hrnet_conv_tile_f32_c)(&tile);
    }
    guarded_compare_floats(&out, &expected, 1e-5);
    guarded_close(&src);
    guarded_close(&weights);
    guarded_close(&bias);
    guarded_close(&residual);
    guarded_close(&out);
    guarded_close(&expected);
}

/* Every width of a tile, with every height of a group and of the group left over. */
static void check_tile(const HrnetKernels *all)
{
    const HrnetConvKernels *kernels = &all->conv;
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    const unsigned columns_max = kernels->vector_floats * kernels->tile_vectors_max;
    for (unsigned columns = 1; columns <= columns_max; columns++) {
        for (unsigned block_rows = 1; block_rows <= kernels->tile_rows_max; block_rows++) {
            const TileCase c = {
                .rows = 2 * block_rows + columns % block_rows,
                .block_rows = block_rows,
                .n_channels = (unsigned)g_rand_int_range(rand, 1, 20),
                .n_taps = g_rand_boolean(rand) ? 9 : 1,
                .columns = columns,
                .bias = g_rand_boolean(rand),
                .relu = g_rand_boolean(rand),
                .residual = g_rand_int_range(rand, 0, 3),
            };
            check_tile_case(kernels, &c, rand);
        }
    }
}

/* ---- stage ---- */

typedef struct {
    unsigned height, width, n_channels;
    long first_row;
    unsigned n_rows, first, n, stride;
} StageCase;

static void check_stage_case(const HrnetConvKernels *kernels, const StageCase *c, GRand *rand)
{
    const size_t in_plane_floats = (size_t)c->height * c->width + 3;
    /* A phase of a row: the float before it, its vectors, and two floats of gap. */
    const size_t phase_floats = 1 + round_up(c->n, kernels->vector_floats) + 2;
    const size_t row_floats = c->stride * phase_floats + 1;
    const size_t channel_floats = c->n_rows * row_floats + 4;
    Guarded in =
        guarded_new_floats((c->n_channels - 1) * in_plane_floats + c->height * c->width, 0);
    Guarded out = guarded_new_floats(c->n_channels * channel_floats, 0);
    guarded_randomise(&in, rand);
    Guarded expected = guarded_copy(&out);
    guarded_case("stage %u x %u of %u channels, rows %ld + %u, columns %u + %u, stride %u",
                 c->height, c->width, c->n_channels, c->first_row, c->n_rows, c->first, c->n,
                 c->stride);

    HrnetConvStage stage = {
        .in = in.floats,
        .in_plane_floats = in_plane_floats,
        .height = c->height,
        .width = c->width,
        .n_channels = c->n_channels,
        .first_row = c->first_row,
        .n_rows = c->n_rows,
        .first = c->first,
        .n = c->n,
        .stride = c->stride,
        .dst_channel_floats = channel_floats,
        .dst_row_floats = row_floats,
        .odd_floats = phase_floats,
    };
    stage.dst = expected.floats + 1;
    hrnet_conv_stage_f32_c(&stage);
    stage.dst = out.floats + 1;
    kernels->stage(&stage);
    /* What the rest of the last vector holds is nobody's business. */
    for (unsigned k = 0; k < c->n_channels * c->n_rows * c->stride; k++) {
        const unsigned phase = k % c->stride, row = k / c->stride % c->n_rows,
                       channel = k / c->stride / c->n_rows;
        const size_t at = channel * channel_floats + row * row_floats + phase * phase_floats + 1;
        for (size_t i = c->n; i < round_up(c->n, kernels->vector_floats); i++)
            out.floats[at + i] = expected.floats[at + i] = 0;
    }
    guarded_compare_floats(&out, &expected, 0);
    guarded_close(&in);
    guarded_close(&out);
    guarded_close(&expected);
}

/* Windows that lie in, reach over and lie beyond each of the plane's edges. */
static void check_stage(const HrnetKernels *all)
{
    static const unsigned widths[] = { 1, 2, 7, 8, 15, 16, 17, 31, 33, 48, 65 };
    const HrnetConvKernels *kernels = &all->conv;
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (size_t i = 0; i < G_N_ELEMENTS(widths); i++) {
        for (unsigned n = 1; n <= 50; n++) {
            const StageCase c = {
                .height = (unsigned)g_rand_int_range(rand, 1, 6),
                .width = widths[i],
                .n_channels = (unsigned)g_rand_int_range(rand, 1, 4),
                .first_row = g_rand_int_range(rand, -3, 4),
                .n_rows = (unsigned)g_rand_int_range(rand, 1, 6),
                .first = (unsigned)g_rand_int_range(rand, 0, (gint32)widths[i] + 3),
                .n = n,
                .stride = 1 + n % 2,
            };
            check_stage_case(kernels, &c, rand);
        }
    }
}

/* ---- the references themselves ---- */

/* A padded 3x3 convolution by staging and tiles of C, against the one of obvious loops. */
static void test_tile_is_convolution(void)
{
    enum { CHANNELS = 5, ROWS = 3, HEIGHT = 6, WIDTH = 11, STAGED = WIDTH + 2 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (unsigned stride = 1; stride <= 2; stride++) {
        const unsigned out_height = (HEIGHT + stride - 1) / stride,
                       out_width = (WIDTH + stride - 1) / stride;
        float in[CHANNELS * HEIGHT * WIDTH], weights[ROWS][CHANNELS * 9],
            packed[CHANNELS * 9 * ROWS], bias[ROWS], staged[CHANNELS][3][2 * STAGED],
            out[ROWS][HEIGHT * WIDTH];
        guarded_randomise_floats(in, G_N_ELEMENTS(in), rand);
        guarded_randomise_floats(weights[0], ROWS * CHANNELS * 9, rand);
        guarded_randomise_floats(bias, ROWS, rand);
        for (unsigned i = 0; i < ROWS * CHANNELS * 9; i++)
            packed[i] = weights[i % ROWS][i / ROWS];
        /* Tap j of output 0 is column j - 1. */
        size_t taps[9];
        for (unsigned t = 0; t < 9; t++) {
            const unsigned column = stride + t % 3 - 1;
            taps[t] = t / 3 * 2 * STAGED + column % stride * STAGED + column / stride;
        }
        for (unsigned y = 0; y < out_height; y++) {
            hrnet_conv_stage_f32_c(&(HrnetConvStage){ .in = in,
                                                      .in_plane_floats = HEIGHT * WIDTH,
                                                      .height = HEIGHT,
                                                      .width = WIDTH,
                                                      .n_channels = CHANNELS,
                                                      .first_row = (long)(y * stride) - 1,
                                                      .n_rows = 3,
                                                      .n = WIDTH + 1,
                                                      .stride = stride,
                                                      .dst = staged[0][0] + 1,
                                                      .dst_channel_floats = 6 * STAGED,
                                                      .dst_row_floats = 2 * STAGED,
                                                      .odd_floats = STAGED });
            hrnet_conv_tile_f32_c(&(HrnetConvTile){ .weights = packed,
                                                    .bias = bias,
                                                    .rows = ROWS,
                                                    .block_rows = ROWS,
                                                    .src = staged[0][0],
                                                    .src_channel_floats = 6 * STAGED,
                                                    .n_channels = CHANNELS,
                                                    .n_taps = 9,
                                                    .tap_floats = taps,
                                                    .out = out[0] + y * out_width,
                                                    .out_row_floats = HEIGHT * WIDTH,
                                                    .columns = out_width,
                                                    .relu = true });
        }
        plain_conv_compare(&(PlainConv){ .in = in,
                                         .in_channels = CHANNELS,
                                         .height = HEIGHT,
                                         .width = WIDTH,
                                         .weights = weights[0],
                                         .bias = bias,
                                         .rows = ROWS,
                                         .stride = stride,
                                         .relu = true },
                           out[0], HEIGHT * WIDTH, 1e-5f);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conv-kernels/tile-is-convolution", test_tile_is_convolution);
    guarded_add_check("/conv-kernels/tile", check_tile);
    guarded_add_check("/conv-kernels/stage", check_stage);
    return g_test_run();
}
