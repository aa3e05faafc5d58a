/* The kernels of floats that are to be exact (kernels/exact.h): every instruction set against C, to
 * the bit but for the sign of zeros, which no byte and no label depends on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "kernels/frame_c.h"
#include "ops/frame_filter.h"
#include "ops/resize_axis.h"

#include <string.h>

static void check_blend_rows(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (unsigned n = 1; n <= 150; n++) {
        const unsigned n_rows = 1 + n % 7;
        float weights[7];
        Guarded rows = guarded_new((size_t)n_rows * n, 0);
        Guarded out = guarded_new_floats(n, 0), expected = guarded_copy(&out);
        guarded_randomise_bytes(&rows, rand);
        guarded_randomise_floats(weights, n_rows, rand);
        guarded_case("%u rows of %u", n_rows, n);
        kernels->exact.frame.blend_rows(out.floats, rows.bytes, n, weights, n_rows, n);
        hrnet_blend_rows_u8_c_exact(expected.floats, rows.bytes, n, weights, n_rows, n);
        guarded_compare_floats(&out, &expected, 0);
        guarded_close(&rows);
        guarded_close(&out);
        guarded_close(&expected);
    }
}

static void check_blend_rows16(const HrnetKernels *kernels)
{
    const HrnetSampleBits bits = { .shift = 6, .mask = 1023 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(6);
    for (unsigned n = 1; n <= 150; n++) {
        const unsigned n_rows = 1 + n % 7;
        float weights[7];
        Guarded rows = guarded_new(2 * (size_t)n_rows * n, 0);
        Guarded out = guarded_new_floats(n, 0), expected = guarded_copy(&out);
        guarded_randomise_bytes(&rows, rand);
        guarded_randomise_floats(weights, n_rows, rand);
        guarded_case("%u rows of %u", n_rows, n);
        kernels->exact.frame.blend_rows16(out.floats, rows.bytes, 2 * n, weights, n_rows, n, bits);
        hrnet_blend_rows_u16_c_exact(expected.floats, rows.bytes, 2 * n, weights, n_rows, n, bits);
        guarded_compare_floats(&out, &expected, 0);
        guarded_close(&rows);
        guarded_close(&out);
        guarded_close(&expected);
    }
}

static void check_filter_case(const HrnetKernels *kernels, unsigned n_in, unsigned n_out,
                              GRand *rand)
{
    HrnetAxisFilter axis = { 0 };
    HrnetFilterColumns columns = { 0 };
    void *memory = NULL;
    g_assert_true(hrnet_axis_filter_init(&axis, n_in, n_out, HRNET_SITING_FULL) &&
                  hrnet_filter_columns_init(&columns, &memory, &axis));
    Guarded line = guarded_new_floats(n_in + HRNET_LINE_ROOM, 0);
    Guarded out = guarded_new_aligned_floats(columns.stride), expected = guarded_copy(&out);
    guarded_randomise(&line, rand);
    guarded_case("%u columns of %u", n_out, n_in);
    kernels->exact.frame.filter_columns(out.floats, line.floats, &columns);
    hrnet_filter_columns_f32_c_exact(expected.floats, line.floats, &columns);
    guarded_compare_floats(&out, &expected, 0);
    guarded_close(&line);
    guarded_close(&out);
    guarded_close(&expected);
    hrnet_axis_filter_clear(&axis);
    hrnet_aligned_free(memory);
}

static void check_filter_columns(const HrnetKernels *kernels)
{
    static const unsigned sizes[] = { 1, 7, 16, 33, 64, 100, 257 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(sizes); j++)
            check_filter_case(kernels, sizes[i], sizes[j], rand);
    }
}

static void check_color(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (unsigned n = 1; n <= 60; n++) {
        HrnetColorMatrix matrix;
        Guarded in = guarded_new_floats(3 * (size_t)(n + HRNET_LINE_ROOM), 0);
        Guarded out = guarded_new_floats(3 * (size_t)n, 0), expected = guarded_copy(&out);
        const float *const from[3] = { in.floats, in.floats + n + HRNET_LINE_ROOM,
                                       in.floats + 2 * (n + HRNET_LINE_ROOM) };
        float *const to[3] = { out.floats, out.floats + n, out.floats + 2 * n };
        float *const also[3] = { expected.floats, expected.floats + n, expected.floats + 2 * n };
        guarded_randomise(&in, rand);
        guarded_randomise_floats(matrix.m[0], 12, rand);
        guarded_randomise_floats(matrix.gain, 3, rand);
        guarded_randomise_floats(matrix.shift, 3, rand);
        guarded_case("%u pixels", n);
        kernels->exact.frame.color(to, from, &matrix, n);
        hrnet_color_f32_c_exact(also, from, &matrix, n);
        guarded_compare_floats(&out, &expected, 0);
        guarded_close(&in);
        guarded_close(&out);
        guarded_close(&expected);
    }
}

static void check_lerp_row(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    for (unsigned n = 1; n <= 70; n++) {
        Guarded rows = guarded_new_floats(2 * (size_t)n, 0);
        Guarded out = guarded_new_aligned_floats(n + HRNET_LINE_PADDING);
        Guarded expected = guarded_copy(&out);
        const size_t padding_bytes = out.n_bytes - (n + 1) * sizeof(float);
        guarded_randomise(&rows, rand);
        guarded_case("%u floats", n);
        kernels->exact.resize.lerp_row(out.floats, rows.floats, rows.floats + n, 0.3f, n);
        hrnet_resize_kernels_c_exact.lerp_row(expected.floats, rows.floats, rows.floats + n, 0.3f,
                                              n);
        memset(out.floats + n + 1, 0, padding_bytes); /* which means nothing */
        memset(expected.floats + n + 1, 0, padding_bytes);
        guarded_compare_floats(&out, &expected, 0);
        guarded_close(&rows);
        guarded_close(&out);
        guarded_close(&expected);
    }
}

/* Scores that lie within a few units of their last place of each other, so that a rounding that
 * differs shows in labels. */
static void check_argmax_case(const HrnetKernels *kernels, unsigned n_in, unsigned n_out,
                              GRand *rand)
{
    enum { CLASSES = 9 };
    HrnetColumns columns;
    Guarded table = guarded_new_aligned_floats(hrnet_columns_floats(n_out));
    const size_t line = hrnet_line_floats(n_in);
    Guarded lines = guarded_new_aligned_floats(CLASSES * line);
    Guarded out = guarded_new(n_out, 0), expected = guarded_copy(&out);
    hrnet_columns_fill(&columns, table.floats, HRNET_RESIZE_BILINEAR, n_in, n_out);
    for (unsigned c = 0; c < CLASSES; c++) {
        for (size_t i = 0; i < line; i++) {
            const size_t at = i < n_in ? i : n_in - 1;
            lines.floats[c * line + i] = i < n_in
                                             ? 1 + (float)g_rand_int_range(rand, 0, 4) * 0x1p-23f
                                             : lines.floats[c * line + at];
        }
    }
    guarded_case("%u columns of %u", n_out, n_in);
    kernels->exact.resize.argmax_row(out.bytes, lines.floats, line, CLASSES, &columns, n_out);
    hrnet_resize_kernels_c_exact.argmax_row(expected.bytes, lines.floats, line, CLASSES, &columns,
                                            n_out);
    guarded_compare_bytes(&out, &expected);
    guarded_close(&table);
    guarded_close(&lines);
    guarded_close(&out);
    guarded_close(&expected);
}

static void check_argmax_row(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (unsigned n_out = 1; n_out < 400; n_out += 1 + n_out / 7)
        check_argmax_case(kernels, 1 + n_out / 4, n_out, rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    guarded_add_check("/exact/blend-rows", check_blend_rows);
    guarded_add_check("/exact/blend-rows16", check_blend_rows16);
    guarded_add_check("/exact/filter-columns", check_filter_columns);
    guarded_add_check("/exact/color", check_color);
    guarded_add_check("/exact/lerp-row", check_lerp_row);
    guarded_add_check("/exact/argmax-row", check_argmax_row);
    return g_test_run();
}
