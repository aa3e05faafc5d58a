/* The convolution of bytes: every instruction set against C, bit for bit, and C against the
 * arithmetic as ops/int8.md writes it down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "ops/int8_weights.h"

#include <fenv.h>
#include <math.h>
#include <string.h>

/* ---- every instruction set against C ---- */

typedef enum { RESIDUAL_NONE, RESIDUAL_OTHER, RESIDUAL_IN_PLACE } Residual;
typedef enum { RANDOM, SOURCE_ZERO, SOURCE_MOST, ALL_MOST, ALL_LEAST, N_CONTENTS } Contents;

typedef struct {
    unsigned rows, in_channels, kernel, stride, pixels, zero_point;
    Residual residual;
    Contents contents;
    bool scores;
} Case;

/* What both kernels share, and each one's weights. */
typedef struct {
    Guarded src, residual, bias, scale;
    ptrdiff_t taps[9];
    size_t src_quad_bytes, out_quad_bytes;
} Data;

static unsigned n_quads(unsigned channels)
{
    return (channels + HRNET_QUAD - 1) / HRNET_QUAD;
}

/* Weights of -127..127, of which every row has 127 or -127: so quantising leaves them as they are.
 */
static float *weights_new(const Case *c, GRand *rand)
{
    const unsigned n = c->in_channels * c->kernel * c->kernel;
    float *weights = g_new(float, (size_t)c->rows *n);
    for (unsigned r = 0; r < c->rows; r++) {
        for (unsigned i = 0; i < n; i++)
            weights[r * n + i] = c->contents == ALL_MOST ? 127
                                 : c->contents == ALL_LEAST
                                     ? -127
                                     : (float)g_rand_int_range(rand, -127, 128);
        weights[r * n] = c->contents == ALL_MOST || r % 2 ? 127 : -127;
    }
    return weights;
}

/* Weights of a bias of 0, with what the instruction set wants in its place. */
typedef struct {
    Guarded weights;
    int32_t bias[512];
} Packed;

static Packed pack(const Case *c, const HrnetInt8Kernels *kernels, const float *weights)
{
    const HrnetInt8Layer layer = { .in_channels = c->in_channels,
                                   .out_channels = c->rows,
                                   .kernel = c->kernel,
                                   .weights = weights,
                                   .in = { 1, 0 },
                                   .out = { 1, 0 } };
    Packed packed = { .weights = guarded_new(hrnet_int8_weights_bytes(&layer, kernels), 0) };
    float scale[512], residual_scale;
    g_assert_true(hrnet_int8_weights_pack(&layer, kernels, packed.weights.bytes, packed.bias, scale,
                                          &residual_scale));
    return packed;
}

/* Factors that take sums over the whole range of a byte and beyond; powers of two, every other
 * time, which leave many values half way between two integers. */
static float random_scale(const Case *c, GRand *rand)
{
    const double spread = 127.0 * 255 * sqrt((double)c->in_channels) * c->kernel;
    const double scale = g_rand_double_range(rand, 50, 2000) / spread;
    return (float)(g_rand_boolean(rand) ? exp2(round(log2(scale))) : scale);
}

static Data data_new(const Case *c, GRand *rand)
{
    Data d = { 0 };
    const unsigned quads = n_quads(c->in_channels), rows = hrnet_int8_padded_rows(c->rows);
    const size_t row_bytes = HRNET_QUAD * ((size_t)c->pixels * c->stride + 3);
    for (unsigned t = 0; t < c->kernel * c->kernel; t++)
        d.taps[t] = (ptrdiff_t)(t / 3 * row_bytes + t % 3 * HRNET_QUAD);
    d.src_quad_bytes = c->kernel * row_bytes + HRNET_QUAD;
    d.out_quad_bytes = (size_t)HRNET_QUAD * c->pixels + 12;
    const size_t needed = (quads - 1) * d.src_quad_bytes +
                          (size_t)d.taps[c->kernel * c->kernel - 1] +
                          HRNET_QUAD * ((size_t)(c->pixels - 1) * c->stride + 1);
    d.src = guarded_new(needed, HRNET_INT8_OVER_READ);
    d.residual =
        guarded_new((rows / HRNET_QUAD - 1) * d.out_quad_bytes + (size_t)HRNET_QUAD * c->pixels, 0);
    d.bias = guarded_new(rows * sizeof(int32_t), 0);
    d.scale = guarded_new(rows * sizeof(float), 0);
    guarded_randomise_bytes(&d.src, rand);
    guarded_randomise_bytes(&d.residual, rand);
    if (c->contents != RANDOM)
        memset(d.src.bytes, c->contents == SOURCE_ZERO ? 0 : 255, d.src.n_bytes);
    for (unsigned r = 0; r < rows; r++) {
        const int32_t bias = r < c->rows ? g_rand_int_range(rand, -100000, 100000) : 0;
        memcpy(d.bias.bytes + r * sizeof bias, &bias, sizeof bias);
        d.scale.floats[r] = r < c->rows ? random_scale(c, rand) : 0;
    }
    return d;
}

static void run(const Case *c, const HrnetInt8Kernels *kernels, const Data *d, const Packed *packed,
                Guarded *out)
{
    const bool in_place = c->residual == RESIDUAL_IN_PLACE;
    Guarded bias = guarded_copy(&d->bias);
    int32_t *rows = (int32_t *)(void *)bias.bytes;
    for (size_t r = 0; r < bias.n_bytes / sizeof *rows; r++)
        rows[r] += packed->bias[r];
    kernels->conv(&(HrnetInt8Conv){
        .weights = packed->weights.bytes,
        .bias = rows,
        .scale = d->scale.floats,
        .rows = c->rows,
        .src = d->src.bytes,
        .src_quad_bytes = d->src_quad_bytes,
        .n_quads = n_quads(c->in_channels),
        .n_taps = c->kernel * c->kernel,
        .tap_bytes = d->taps,
        .stride = c->stride,
        .residual = in_place      ? out->bytes
                    : c->residual ? d->residual.bytes
                                  : NULL,
        .residual_quad_bytes = d->out_quad_bytes,
        .residual_scale = 0.7f,
        .out = out->bytes,
        .out_quad_bytes = d->out_quad_bytes,
        .zero_point = c->zero_point,
        .scores = c->scores ? out->floats : NULL,
        .score_plane_floats = c->pixels,
        .pixels = c->pixels,
    });
    guarded_close(&bias);
}

static void check_case(const HrnetInt8Kernels *kernels, const Case *c, GRand *rand)
{
    Data d = data_new(c, rand);
    g_autofree float *plain = weights_new(c, rand);
    Packed packed = pack(c, kernels, plain), packed_c = pack(c, &hrnet_int8_kernels_c, plain);
    Guarded out =
        c->scores ? guarded_new_floats((size_t)c->rows * c->pixels, 0) : guarded_copy(&d.residual);
    Guarded expected = guarded_copy(&out);
    guarded_case("%u to %u channels, %ux%u, stride %u, %u pixels, zero point %u, residual %d,"
                 " contents %d, scores %d",
                 c->in_channels, c->rows, c->kernel, c->kernel, c->stride, c->pixels, c->zero_point,
                 c->residual, c->contents, c->scores);
    run(c, &hrnet_int8_kernels_c, &d, &packed_c, &expected);
    run(c, kernels, &d, &packed, &out);
    guarded_compare_bytes(&out, &expected);
    Guarded *all[] = { &d.src,          &d.residual,       &d.bias, &d.scale,
                       &packed.weights, &packed_c.weights, &out,    &expected };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        guarded_close(all[i]);
}

/* Every number of pixels up to two tiles, with rows that leave every number over. */
static void check_sizes(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (unsigned pixels = 1; pixels <= 100; pixels++) {
        const Case c = {
            .rows = (unsigned)g_rand_int_range(rand, 1, 40),
            .in_channels = (unsigned)g_rand_int_range(rand, 1, 40),
            .kernel = g_rand_boolean(rand) ? 3 : 1,
            .stride = 1 + pixels % 2,
            .pixels = pixels,
            .zero_point = g_rand_boolean(rand) ? 0 : (unsigned)g_rand_int_range(rand, 0, 256),
            .residual = (Residual)g_rand_int_range(rand, 0, 3),
        };
        check_case(&kernels->int8, &c, rand);
    }
}

/* The networks' own channels, and sums as large as they become. */
static void check_extremes(const HrnetKernels *kernels)
{
    static const unsigned channels[] = { 3, 18, 36, 64, 72, 144, 270 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (size_t i = 0; i < G_N_ELEMENTS(channels); i++) {
        for (Contents contents = RANDOM; contents < N_CONTENTS; contents++) {
            const Case c = {
                .rows = channels[i],
                .in_channels = channels[i],
                .kernel = i % 2 ? 3 : 1,
                .stride = 1 + contents % 2,
                .pixels = 17,
                .zero_point = contents % 3 * 127,
                .residual = (Residual)(contents % 3),
                .contents = contents,
            };
            check_case(&kernels->int8, &c, rand);
        }
    }
}

/* The most terms that there may be, all of them as large as they can be. */
static void check_most_terms(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (Contents contents = ALL_MOST; contents <= ALL_LEAST; contents++) {
        const Case c = { .rows = 2,
                         .in_channels = HRNET_INT8_TERMS_MAX,
                         .kernel = 1,
                         .stride = 1,
                         .pixels = 3,
                         .zero_point = 128,
                         .contents = contents };
        check_case(&kernels->int8, &c, rand);
    }
}

/* Values as they are before they become bytes. */
static void check_scores(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(6);
    for (unsigned pixels = 1; pixels <= 60; pixels++) {
        const Case c = { .rows = 1 + pixels % 19,
                         .in_channels = (unsigned)g_rand_int_range(rand, 1, 40),
                         .kernel = pixels % 3 ? 1 : 3,
                         .stride = 1,
                         .pixels = pixels,
                         .scores = true };
        check_case(&kernels->int8, &c, rand);
    }
}

/* ---- any mode of the thread ---- */

static void set_mode(unsigned mode)
{
    static const int roundings[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    fesetround(roundings[mode % 4]);
#if defined(__x86_64__)
    if (mode >= 4) /* flush denormals, and take them for zero */
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040u);
#endif
}

/* Rounding and flushing as the caller has set them change no bit, and are left as they were. */
static void check_modes(const HrnetKernels *table)
{
    const HrnetInt8Kernels *kernels = &table->int8;
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    const Case c = { .rows = 18,
                     .in_channels = 270,
                     .kernel = 3,
                     .stride = 1,
                     .pixels = 61,
                     .zero_point = 3,
                     .residual = RESIDUAL_OTHER };
    Data d = data_new(&c, rand);
    g_autofree float *plain = weights_new(&c, rand);
    Packed packed = pack(&c, kernels, plain);
    Guarded expected = guarded_copy(&d.residual);
    run(&c, kernels, &d, &packed, &expected);
    for (unsigned mode = 1; mode < 8; mode++) {
        Guarded out = guarded_copy(&d.residual);
        guarded_case("mode %u", mode);
        set_mode(mode);
        const int rounding = fegetround();
#if defined(__x86_64__)
        const unsigned control = __builtin_ia32_stmxcsr();
#endif
        run(&c, kernels, &d, &packed, &out);
        const gboolean kept = fegetround() == rounding;
#if defined(__x86_64__)
        g_assert_cmphex(__builtin_ia32_stmxcsr(), ==, control);
#endif
        fesetenv(FE_DFL_ENV);
        g_assert_true(kept);
        guarded_compare_bytes(&out, &expected);
        guarded_close(&out);
    }
    Guarded *all[] = { &d.src, &d.residual, &d.bias, &d.scale, &packed.weights, &expected };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        guarded_close(all[i]);
}

/* ---- the reference itself ---- */

enum { IN = 7, OUT = 5, HEIGHT = 6, WIDTH = 9, PITCH = WIDTH + 1 };

/* A plane of quads with zero points around its rows, as ops/int8.md lays it out. */
#define PLANE_BYTES (HRNET_QUAD * ((HEIGHT + 2) * PITCH + 1))
#define FIRST_BYTES (HRNET_QUAD * (PITCH + 1)) /* of pixel 0, 0 */

static size_t byte_at(unsigned channel, int y, int x)
{
    return channel / HRNET_QUAD * PLANE_BYTES + FIRST_BYTES +
           (size_t)(HRNET_QUAD * (y * PITCH + x) + (int)(channel % HRNET_QUAD));
}

typedef struct {
    float weights[OUT][IN][9], bias[OUT];
    HrnetInt8Range in, residual, out;
    int8_t q[OUT][IN][9]; /* the weights */
    double scale[OUT];    /* theirs */
} Numbers;

static void numbers_fill(Numbers *n, GRand *rand)
{
    n->in = hrnet_int8_range(-0.4, 1.1);
    n->residual = hrnet_int8_range(-1, 2);
    n->out = hrnet_int8_range(-2.5, 3);
    guarded_randomise_floats(n->weights[0][0], OUT * IN * 9, rand);
    guarded_randomise_floats(n->bias, OUT, rand);
    for (unsigned r = 0; r < OUT; r++) {
        double most = 0;
        for (unsigned i = 0; i < IN * 9; i++)
            most = MAX(most, fabs((double)n->weights[r][i / 9][i % 9]));
        n->scale[r] = most / 127;
        for (unsigned i = 0; i < IN * 9; i++)
            n->q[r][i / 9][i % 9] = (int8_t)rint((double)n->weights[r][i / 9][i % 9] / n->scale[r]);
    }
}

/* What ops/int8.md says that an output is, by zero points taken away one by one. */
static uint8_t expected_byte(const Numbers *n, const uint8_t *src, uint8_t residual, unsigned r,
                             int y, int x)
{
    const double unit = n->in.scale * n->scale[r];
    int64_t sum =
        (int64_t)rint(((double)n->bias[r] - n->residual.scale * n->residual.zero_point) / unit -
                      (double)n->in.zero_point * 0);
    for (unsigned c = 0; c < IN; c++) {
        for (int t = 0; t < 9; t++) {
            const int at_y = y + t / 3 - 1, at_x = x + t % 3 - 1;
            if (at_y >= 0 && at_y < HEIGHT && at_x >= 0 && at_x < WIDTH)
                sum += n->q[r][c][t] * ((int)src[byte_at(c, at_y, at_x)] - (int)n->in.zero_point);
        }
    }
    float value = (float)sum * (float)(unit / n->out.scale);
    value += (float)residual * (float)(n->residual.scale / n->out.scale);
    const long q = lrint((double)rintf(value)) + (long)n->out.zero_point;
    return (uint8_t)CLAMP(q, 0, 255);
}

static void pack_numbers(const Numbers *n, void *weights, int32_t *bias, float *scale,
                         float *residual_scale)
{
    const HrnetInt8Layer layer = { IN,      OUT,   3,      n->weights[0][0],
                                   n->bias, n->in, n->out, &n->residual };
    g_assert_cmpuint(hrnet_int8_weights_bytes(&layer, &hrnet_int8_kernels_c), ==, 6 * 2 * 9 * 4);
    g_assert_true(hrnet_int8_weights_pack(&layer, &hrnet_int8_kernels_c, weights, bias, scale,
                                          residual_scale));
}

/* Padding, zero points, layout, the numbers made at load: all rows of a plane in one run. */
static void test_reference(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    Numbers n;
    numbers_fill(&n, rand);
    int8_t weights[6 * 2 * 9 * 4];
    int32_t bias[8];
    float scale[8], residual_scale;
    pack_numbers(&n, weights, bias, scale, &residual_scale);
    uint8_t src[2 * PLANE_BYTES + HRNET_INT8_OVER_READ];
    uint8_t residual[2 * PLANE_BYTES], out[2 * PLANE_BYTES];
    memset(src, (int)n.in.zero_point, sizeof src);
    for (unsigned c = 0; c < IN; c++) {
        for (int i = 0; i < HEIGHT * WIDTH; i++)
            src[byte_at(c, i / WIDTH, i % WIDTH)] = (uint8_t)g_rand_int(rand);
    }
    for (size_t i = 0; i < sizeof residual; i++)
        residual[i] = (uint8_t)g_rand_int(rand);
    ptrdiff_t taps[9];
    for (int t = 0; t < 9; t++)
        taps[t] = HRNET_QUAD * ((t / 3 - 1) * PITCH + t % 3 - 1);
    hrnet_int8_kernels_c.conv(&(HrnetInt8Conv){ .weights = weights,
                                                .bias = bias,
                                                .scale = scale,
                                                .rows = OUT,
                                                .src = src + FIRST_BYTES,
                                                .src_quad_bytes = PLANE_BYTES,
                                                .n_quads = 2,
                                                .n_taps = 9,
                                                .tap_bytes = taps,
                                                .stride = 1,
                                                .residual = residual + FIRST_BYTES,
                                                .residual_quad_bytes = PLANE_BYTES,
                                                .residual_scale = residual_scale,
                                                .out = out + FIRST_BYTES,
                                                .out_quad_bytes = PLANE_BYTES,
                                                .zero_point = n.out.zero_point,
                                                .pixels = HEIGHT * PITCH });
    for (unsigned r = 0; r < OUT; r++) {
        for (int i = 0; i < HEIGHT * WIDTH; i++) {
            const size_t at = byte_at(r, i / WIDTH, i % WIDTH);
            g_assert_cmpuint(out[at], ==,
                             expected_byte(&n, src, residual[at], r, i / WIDTH, i % WIDTH));
        }
    }
}

/* The same numbers whatever the thread's mode, to the bit. */
static void test_packing_in_any_mode(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(6);
    Numbers n;
    numbers_fill(&n, rand);
    struct {
        int8_t weights[6 * 2 * 9 * 4];
        int32_t bias[8];
        float scale[8], residual_scale;
        HrnetInt8Range range;
    } first, other;
    memset(&first, 0, sizeof first);
    pack_numbers(&n, first.weights, first.bias, first.scale, &first.residual_scale);
    first.range = hrnet_int8_range(-0.3, 0.77);
    for (unsigned mode = 1; mode < 8; mode++) {
        memset(&other, 0, sizeof other);
        set_mode(mode);
        pack_numbers(&n, other.weights, other.bias, other.scale, &other.residual_scale);
        other.range = hrnet_int8_range(-0.3, 0.77);
        fesetenv(FE_DFL_ENV);
        g_assert_cmpmem(&first, sizeof first, &other, sizeof other);
    }
}

static void test_range(void)
{
    HrnetInt8Range range = hrnet_int8_range(-1, 1);
    g_assert_cmpuint(range.zero_point, ==, 128);
    g_assert_cmpfloat(range.scale, ==, 2.0 / 255);
    range = hrnet_int8_range(0.5, 2.55); /* 0 is in it all the same */
    g_assert_cmpuint(range.zero_point, ==, 0);
    g_assert_cmpfloat(range.scale, ==, 2.55 / 255);
    g_assert_cmpuint(hrnet_int8_range(-3, -1).zero_point, ==, 255);
    g_assert_cmpfloat(hrnet_int8_range(0, 0).scale, >, 0);
}

/* What can't be computed within the bounds is refused. */
static void test_refused(void)
{
    float weights[4] = { 1, -1, 0.5f, 0 }, bias[2] = { 0, 0 }, scale[4], residual_scale;
    int32_t packed_bias[4];
    int8_t packed[64];
    HrnetInt8Layer layer = { 2, 2, 1, weights, bias, { 0.01, 0 }, { 0.01, 0 }, NULL };
#define PACKS                                                                                      \
    hrnet_int8_weights_pack(&layer, &hrnet_int8_kernels_c, packed, packed_bias, scale,             \
                            &residual_scale)
    g_assert_true(PACKS);
    weights[3] = INFINITY;
    g_assert_false(PACKS);
    weights[3] = 0;
    bias[1] = NAN;
    g_assert_false(PACKS);
    bias[1] = 1e12f; /* no 32 bits hold it in units of a sum */
    g_assert_false(PACKS);
    bias[1] = 0;
    layer.out.scale = 1e-12; /* a value far beyond 2^30 */
    g_assert_false(PACKS);
    layer.out.scale = 0.01;
    layer.residual = &(HrnetInt8Range){ 1e9, 7 };
    g_assert_false(PACKS);
    layer.residual = NULL;
    layer.in_channels = HRNET_INT8_TERMS_MAX + 1;
    g_assert_false(PACKS);
#undef PACKS
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/int8-conv/reference", test_reference);
    g_test_add_func("/int8-conv/packing-in-any-mode", test_packing_in_any_mode);
    g_test_add_func("/int8-conv/range", test_range);
    g_test_add_func("/int8-conv/refused", test_refused);
    guarded_add_check("/int8-conv/sizes", check_sizes);
    guarded_add_check("/int8-conv/extremes", check_extremes);
    guarded_add_check("/int8-conv/most-terms", check_most_terms);
    guarded_add_check("/int8-conv/scores", check_scores);
    guarded_add_check("/int8-conv/modes", check_modes);
    return g_test_run();
}
