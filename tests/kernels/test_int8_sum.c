/* Sums of bytes: every instruction set against C, bit for bit, and C against ops/int8.md.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "kernels/int8_conv.h"

#include <fenv.h>
#include <math.h>

#define WHOLE HRNET_INT8_WHOLE

typedef struct {
    Guarded base, rows[2 * HRNET_INT8_SOURCES_MAX];
    HrnetInt8Sum sum;
} Data;

/* Rows as spreading makes them, in every other case nothing but extremes. Factors of any size; or
 * a half and its powers, which leave many values half way between two integers; or a third, whose
 * multiples are so only when each product is rounded by itself. */
static Data data_new(unsigned n, unsigned n_sources, GRand *rand)
{
    const bool extremes = g_rand_boolean(rand);
    const float any = (float)g_rand_double_range(rand, 0.1, 0.9);
    const float factor = (const float[]){ any, 0.5f, 1.0f / 3 }[g_rand_int_range(rand, 0, 3)];
    Data d = { .base = guarded_new((size_t)HRNET_QUAD * n, 0) };
    guarded_randomise_bytes(&d.base, rand);
    d.sum =
        (HrnetInt8Sum){ .base = d.base.bytes,
                        .start = 0.5f - (float)g_rand_int_range(rand, 0, 40 + 40 * (int)n_sources),
                        .base_scale = factor,
                        .n_sources = n_sources,
                        .zero_point = (unsigned)g_rand_int_range(rand, 0, 100),
                        .n = n };
    for (unsigned i = 0; i < 2 * n_sources; i++) {
        d.rows[i] = guarded_new((size_t)HRNET_QUAD * n * sizeof(int16_t), 0);
        int16_t *values = (int16_t *)(void *)d.rows[i].bytes;
        for (unsigned x = 0; x < HRNET_QUAD * n; x++)
            values[x] = (int16_t)(extremes ? g_rand_int_range(rand, 0, 2) * WHOLE * 255
                                           : g_rand_int_range(rand, 0, WHOLE * 255 + 1));
        (i % 2 ? &d.sum.sources[i / 2].second : &d.sum.sources[i / 2].first)[0] = values;
        d.sum.sources[i / 2].weight = (unsigned)g_rand_int_range(rand, 0, WHOLE + 1);
        d.sum.sources[i / 2].scale = factor / (WHOLE * WHOLE);
    }
    return d;
}

static void data_close(Data *d)
{
    guarded_close(&d->base);
    for (unsigned i = 0; i < 2 * d->sum.n_sources; i++)
        guarded_close(&d->rows[i]);
}

static void run(void (*kernel)(const HrnetInt8Sum *sum), const Data *d, Guarded *out, bool in_place)
{
    HrnetInt8Sum sum = d->sum;
    sum.out = out->bytes;
    if (in_place)
        sum.base = out->bytes;
    kernel(&sum);
}

static void check_sum(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (unsigned n = 1; n <= 70; n++) {
        for (unsigned n_sources = 0; n_sources <= HRNET_INT8_SOURCES_MAX; n_sources++) {
            Data d = data_new(n, n_sources, rand);
            Guarded out = guarded_copy(&d.base), expected = guarded_copy(&d.base);
            guarded_case("%u pixels, %u sources", n, n_sources);
            run(hrnet_int8_sum_c, &d, &expected, n % 2);
            run(kernels->int8.sum, &d, &out, n % 2);
            guarded_compare_bytes(&out, &expected);
            guarded_close(&out);
            guarded_close(&expected);
            data_close(&d);
        }
    }
}

static void check_mode(const HrnetKernels *kernels, const Data *d, int rounding)
{
    Guarded out = guarded_copy(&d->base), expected = guarded_copy(&d->base);
    guarded_case("rounding %d", rounding);
    run(kernels->int8.sum, d, &expected, false);
    fesetround(rounding);
    run(kernels->int8.sum, d, &out, false);
    const int kept = fegetround();
    fesetround(FE_TONEAREST);
    g_assert_cmpint(kept, ==, rounding);
    guarded_compare_bytes(&out, &expected);
    guarded_close(&expected);
    guarded_close(&out);
}

/* The thread's rounding changes no bit, and is left as it was. */
static void check_modes(const HrnetKernels *kernels)
{
    static const int roundings[] = { FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (unsigned i = 0; i < 12; i++) {
        Data d = data_new(203, i % 4, rand);
        check_mode(kernels, &d, roundings[i % G_N_ELEMENTS(roundings)]);
        data_close(&d);
    }
}

static void check_spread(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (unsigned n = 1; n <= 70; n++) {
        const unsigned n_in = 1 + n / 3;
        int32_t first[70], second[70];
        int16_t weight[70];
        const HrnetInt8Columns columns = { first, second, weight };
        for (unsigned x = 0; x < n; x++) {
            first[x] = (int32_t)MIN(x / 3, n_in - 1);
            second[x] = (int32_t)MIN(x / 3 + 1, n_in - 1);
            weight[x] = (int16_t)(x == 0 ? WHOLE : g_rand_int_range(rand, 0, WHOLE + 1));
        }
        Guarded row = guarded_new((size_t)HRNET_QUAD * n_in, 0);
        Guarded out = guarded_new((size_t)HRNET_QUAD * n * sizeof(int16_t), 0);
        guarded_randomise_bytes(&row, rand);
        Guarded expected = guarded_copy(&out);
        guarded_case("%u from %u pixels", n, n_in);
        hrnet_int8_spread_c((int16_t *)(void *)expected.bytes, row.bytes, &columns, n);
        kernels->int8.spread((int16_t *)(void *)out.bytes, row.bytes, &columns, n);
        guarded_compare_bytes(&out, &expected);
        guarded_close(&row);
        guarded_close(&out);
        guarded_close(&expected);
    }
}

/* Two tensors, one of half the resolution: within half a byte and the rounding of floats of the
 * sum that they stand for. */
static void test_reference(void)
{
    enum { N = 6 };
    static const uint8_t low[2][HRNET_QUAD * 3] = { { 0, 255, 7, 1, 90, 80, 70, 60, 255, 0, 3, 9 },
                                                    { 5, 200, 8, 4, 30, 2, 255, 0, 1, 77, 128,
                                                      6 } };
    static const uint8_t base[HRNET_QUAD * N] = { 9, 8, 7, 255, 0, 5, 100, 3, 2, 1, 0, 40,
                                                  1, 2, 3, 4,   5, 6, 7,   8, 9, 0, 1, 255 };
    static const int32_t first[N] = { 0, 0, 0, 1, 1, 2 }, second[N] = { 0, 1, 1, 2, 2, 2 };
    static const int16_t weight[N] = { 0, 32, 96, 32, 96, 0 };
    const HrnetInt8Columns columns = { first, second, weight };
    const double base_scale = 0.7, low_scale = 0.45, out_scale = 0.9;
    const unsigned base_zero = 17, low_zero = 101, out_zero = 60;
    int16_t spread[2][HRNET_QUAD * N];
    uint8_t out[HRNET_QUAD * N];
    for (unsigned i = 0; i < 2; i++)
        hrnet_int8_spread_c(spread[i], low[i], &columns, N);
    hrnet_int8_sum_c(&(HrnetInt8Sum){
        .base = base,
        .start = (float)(-(base_zero * base_scale + low_zero * low_scale) / out_scale),
        .base_scale = (float)(base_scale / out_scale),
        .n_sources = 1,
        .sources = { { spread[0], spread[1], 96, (float)(low_scale / (16384 * out_scale)) } },
        .out = out,
        .zero_point = out_zero,
        .n = N });
    for (unsigned i = 0; i < HRNET_QUAD * N; i++) {
        const unsigned x = i / HRNET_QUAD, c = i % HRNET_QUAD;
        const unsigned a = HRNET_QUAD * (unsigned)first[x] + c,
                       b = HRNET_QUAD * (unsigned)second[x] + c;
        const double k = weight[x] / 128.0;
        const double mixed = 0.25 * ((1 - k) * low[0][a] + k * low[0][b]) +
                             0.75 * ((1 - k) * low[1][a] + k * low[1][b]);
        const double sum =
            ((double)base[i] - base_zero) * base_scale + (mixed - low_zero) * low_scale;
        g_assert_cmpfloat(fabs(CLAMP(sum / out_scale + out_zero, 0, 255) - out[i]), <, 0.5001);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/int8-sum/reference", test_reference);
    guarded_add_check("/int8-sum/sum", check_sum);
    guarded_add_check("/int8-sum/modes", check_modes);
    guarded_add_check("/int8-sum/spread", check_spread);
    return g_test_run();
}
