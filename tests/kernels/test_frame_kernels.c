/* The kernels that make the network's input of video rows: every instruction set against C.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "base/memory.h"
#include "kernels/frame_c.h"
#include "ops/frame_filter.h"

/* ---- blend_rows ---- */

/* Rows with a gap between them, upwards as well. */
static void check_blend_case(const HrnetKernels *kernels, size_t n, unsigned n_rows, bool upwards,
                             GRand *rand)
{
    const size_t stride_bytes = n + (size_t)g_rand_int_range(rand, 0, 9);
    Guarded rows = guarded_new((n_rows - 1) * stride_bytes + n, 0);
    Guarded weights = guarded_new_floats(n_rows, 0);
    Guarded buffer = guarded_new_floats(n, 0);
    guarded_randomise_bytes(&rows, rand);
    guarded_randomise(&weights, rand);
    Guarded expected = guarded_copy(&buffer);
    const uint8_t *first = upwards ? rows.bytes + (n_rows - 1) * stride_bytes : rows.bytes;
    const ptrdiff_t stride = upwards ? -(ptrdiff_t)stride_bytes : (ptrdiff_t)stride_bytes;
    guarded_case("blend_rows %zu of %u rows, stride %td", n, n_rows, stride);
    hrnet_blend_rows_u8_c(expected.floats, first, stride, weights.floats, n_rows, n);
    kernels->frame.blend_rows(buffer.floats, first, stride, weights.floats, n_rows, n);
    guarded_compare_floats(&buffer, &expected, 255 * 1e-5);
    guarded_close(&rows);
    guarded_close(&weights);
    guarded_close(&buffer);
    guarded_close(&expected);
}

static void check_blend_rows(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (size_t n = 1; n <= 140; n++) {
        for (unsigned n_rows = 1; n_rows <= 6; n_rows++)
            check_blend_case(kernels, n, n_rows, g_rand_boolean(rand), rand);
    }
}

/* ---- blend_rows16 ---- */

static void check_blend16_case(const HrnetKernels *kernels, size_t n, unsigned n_rows, GRand *rand)
{
    static const HrnetSampleBits all_bits[] = { { 6, 0x3ff }, { 0, 0x3ff }, { 0, 0xffff } };
    const HrnetSampleBits bits = all_bits[g_rand_int_range(rand, 0, 3)];
    const size_t stride_bytes = 2 * n + (size_t)g_rand_int_range(rand, 0, 9);
    Guarded rows = guarded_new((n_rows - 1) * stride_bytes + 2 * n, 0);
    Guarded weights = guarded_new_floats(n_rows, 0);
    Guarded buffer = guarded_new_floats(n, 0);
    guarded_randomise_bytes(&rows, rand);
    guarded_randomise(&weights, rand);
    Guarded expected = guarded_copy(&buffer);
    guarded_case("blend_rows16 %zu of %u rows, bits %x from %u on", n, n_rows, bits.mask,
                 bits.shift);
    hrnet_blend_rows_u16_c(expected.floats, rows.bytes, (ptrdiff_t)stride_bytes, weights.floats,
                           n_rows, n, bits);
    kernels->frame.blend_rows16(buffer.floats, rows.bytes, (ptrdiff_t)stride_bytes, weights.floats,
                                n_rows, n, bits);
    guarded_compare_floats(&buffer, &expected, bits.mask * 1e-5);
    guarded_close(&rows);
    guarded_close(&weights);
    guarded_close(&buffer);
    guarded_close(&expected);
}

static void check_blend_rows16(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (size_t n = 1; n <= 140; n++) {
        for (unsigned n_rows = 1; n_rows <= 6; n_rows++)
            check_blend16_case(kernels, n, n_rows, rand);
    }
}

/* ---- pick ---- */

static void check_pick(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (size_t n = 1; n <= 70; n++) {
        for (unsigned step = 2; step <= 4; step++) {
            for (unsigned offset = 0; offset < step; offset++) {
                Guarded buffer = guarded_new_floats(offset + (n - 1) * step + 1, HRNET_LINE_ROOM);
                Guarded line = guarded_new_floats(n, 0);
                guarded_randomise(&buffer, rand);
                Guarded expected = guarded_copy(&line);
                guarded_case("pick %zu, step %u, offset %u", n, step, offset);
                hrnet_pick_f32_c(expected.floats, buffer.floats, step, offset, n);
                kernels->frame.pick(line.floats, buffer.floats, step, offset, n);
                guarded_compare_floats(&line, &expected, 0);
                guarded_close(&buffer);
                guarded_close(&line);
                guarded_close(&expected);
            }
        }
    }
}

/* ---- filter_columns ---- */

static void check_filter_case(const HrnetKernels *kernels, unsigned n_pixels, unsigned n_out,
                              HrnetSiting siting, GRand *rand)
{
    HrnetAxisFilter axis;
    HrnetFilterColumns filter;
    void *memory;
    g_assert_true(hrnet_axis_filter_init(&axis, n_pixels, n_out, siting));
    g_assert_true(hrnet_filter_columns_init(&filter, &memory, &axis));
    for (size_t x = 0; x < filter.stride; x++)
        g_assert_cmpuint((unsigned)filter.start[x] + filter.n_taps, <=, axis.n_samples);
    Guarded line = guarded_new_floats(axis.n_samples + HRNET_LINE_ROOM, 0);
    Guarded out = guarded_new_floats(filter.stride, 0);
    guarded_randomise(&line, rand);
    Guarded expected = guarded_copy(&out);
    guarded_case("filter_columns %u to %u, siting %d, spans %u %u", n_pixels, n_out, siting,
                 filter.span8, filter.span16);
    hrnet_filter_columns_f32_c(expected.floats, line.floats, &filter);
    kernels->frame.filter_columns(out.floats, line.floats, &filter);
    guarded_compare_floats(&out, &expected, 1e-5);
    guarded_close(&line);
    guarded_close(&out);
    guarded_close(&expected);
    hrnet_aligned_free(memory);
    hrnet_axis_filter_clear(&axis);
}

/* Up and down, to where a block of outputs spans one vector, two, and more than can be permuted. */
static void check_filter_columns(const HrnetKernels *kernels)
{
    static const unsigned outs[] = { 1, 2, 7, 16, 17, 31, 48, 65, 100 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (unsigned n_pixels = 1; n_pixels <= 400; n_pixels += 1 + n_pixels / 12) {
        for (size_t i = 0; i < G_N_ELEMENTS(outs); i++) {
            for (int siting = HRNET_SITING_FULL; siting <= HRNET_SITING_BETWEEN; siting++)
                check_filter_case(kernels, n_pixels, outs[i], (HrnetSiting)siting, rand);
        }
    }
}

/* ---- color ---- */

/* BT.601 of limited range, so that many of the random components make colours to be clamped. */
static const HrnetColorMatrix matrix = {
    .m = { { 0.00456621f, 0, 0.00625893f, -0.874202f },
           { 0.00456621f, -0.00153632f, -0.00318811f, 0.531668f },
           { 0.00456621f, 0.00791071f, 0, -1.08563f } },
    .gain = { 4.367f, 4.464f, 4.444f },
    .shift = { -2.118f, -2.036f, -1.804f },
};

static void check_color_case(const HrnetKernels *kernels, size_t n, GRand *rand)
{
    Guarded in[3], out[3], expected[3];
    for (unsigned c = 0; c < 3; c++) {
        in[c] = guarded_new_floats(n, HRNET_LINE_ROOM);
        for (size_t i = 0; i < n; i++)
            in[c].floats[i] = (float)g_rand_double_range(rand, -20, 280);
        out[c] = guarded_new_floats(n, 0);
        expected[c] = guarded_copy(&out[c]);
    }
    const float *const in_rows[3] = { in[0].floats, in[1].floats, in[2].floats };
    float *const out_rows[3] = { out[0].floats, out[1].floats, out[2].floats };
    float *const expected_rows[3] = { expected[0].floats, expected[1].floats, expected[2].floats };
    guarded_case("color %zu", n);
    hrnet_color_f32_c(expected_rows, in_rows, &matrix, n);
    kernels->frame.color(out_rows, in_rows, &matrix, n);
    for (unsigned c = 0; c < 3; c++) {
        guarded_compare_floats(&out[c], &expected[c], 4e-5);
        guarded_close(&in[c]);
        guarded_close(&out[c]);
        guarded_close(&expected[c]);
    }
}

static void check_color(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    for (size_t n = 1; n <= 100; n++)
        check_color_case(kernels, n, rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    guarded_add_check("/frame-kernels/blend-rows", check_blend_rows);
    guarded_add_check("/frame-kernels/blend-rows16", check_blend_rows16);
    guarded_add_check("/frame-kernels/pick", check_pick);
    guarded_add_check("/frame-kernels/filter-columns", check_filter_columns);
    guarded_add_check("/frame-kernels/color", check_color);
    return g_test_run();
}
