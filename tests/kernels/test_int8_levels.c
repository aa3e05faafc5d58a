/* The input in bytes: every instruction set against C, bit for bit, and C against known values.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"

#include <math.h>

static void check_levels(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (unsigned n = 1; n <= 70; n++) {
        const unsigned n_planes = 1 + n % HRNET_INT8_LEVEL_PLANES;
        Guarded in[HRNET_INT8_LEVEL_PLANES];
        HrnetInt8Levels levels = { .n_planes = n_planes, .n = n };
        for (unsigned c = 0; c < n_planes; c++) {
            in[c] = guarded_new_floats(n, 0);
            for (unsigned x = 0; x < n; x++)
                in[c].floats[x] = (float)g_rand_double_range(rand, -3, 3);
            in[c].floats[n / 2] = n % 4 == 0 ? NAN : n % 4 == 1 ? INFINITY : -1e30f;
            levels.planes[c] = in[c].floats;
            levels.gain[c] = 57.3f + (float)c;
            levels.shift[c] = 123.25f - (float)c;
        }
        Guarded out = guarded_new((size_t)HRNET_QUAD * n, 0), expected = guarded_copy(&out);
        guarded_case("%u planes, %u pixels", n_planes, n);
        levels.out = out.bytes;
        kernels->int8.levels(&levels);
        levels.out = expected.bytes;
        hrnet_int8_levels_c(&levels);
        guarded_compare_bytes(&out, &expected);
        for (unsigned c = 0; c < n_planes; c++)
            guarded_close(&in[c]);
        guarded_close(&out);
        guarded_close(&expected);
    }
}

/* Halves go to the even level, the rest to the nearest, none beyond a byte. */
static void test_reference(void)
{
    static const float first[] = { 0, 0.25f, 0.75f, 1.25f, -9, 500, NAN };
    static const float second[] = { 1, 2, 3, 4, 5, 6, 7 };
    static const uint8_t expected[][2] = { { 10, 1 }, { 10, 2 },  { 12, 3 }, { 12, 4 },
                                           { 0, 5 },  { 255, 6 }, { 0, 7 } };
    uint8_t out[HRNET_QUAD * G_N_ELEMENTS(first)];
    hrnet_int8_levels_c(&(HrnetInt8Levels){ .planes = { first, second },
                                            .gain = { 2, 1 },
                                            .shift = { 10, 0 },
                                            .n_planes = 2,
                                            .out = out,
                                            .n = G_N_ELEMENTS(first) });
    for (size_t x = 0; x < G_N_ELEMENTS(first); x++) {
        const uint8_t pixel[HRNET_QUAD] = { expected[x][0], expected[x][1], 0, 0 };
        g_assert_cmpmem(out + HRNET_QUAD * x, HRNET_QUAD, pixel, sizeof pixel);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/int8-levels/reference", test_reference);
    guarded_add_check("/int8-levels/levels", check_levels);
    return g_test_run();
}
