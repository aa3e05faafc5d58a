/* Every convolution algorithm against the reference.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/conv.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#define GUARD_FLOATS 64
#define GUARD_VALUE  -12345.5f

/* A tensor in memory of its own with guards on both sides, extra floats between planes. */
typedef struct {
    float *memory;
    size_t n_floats;
    HrnetTensor tensor;
} Guarded;

static Guarded guarded_new(unsigned channels, unsigned height, unsigned width, unsigned extra,
                           float fill)
{
    Guarded g = { .tensor = { NULL, channels, height, width,
                              hrnet_tensor_plane_floats(height, width) + extra } };
    g.n_floats = 2 * GUARD_FLOATS + channels * g.tensor.plane_floats;
    g.memory = hrnet_aligned_alloc(g.n_floats * sizeof(float));
    g.tensor.data = g.memory + GUARD_FLOATS;
    for (size_t i = 0; i < g.n_floats; i++) {
        const bool inside = i >= GUARD_FLOATS && i < g.n_floats - GUARD_FLOATS;
        g.memory[i] = inside ? fill : GUARD_VALUE;
    }
    return g;
}

static void guarded_randomise(Guarded *g, GRand *rand)
{
    const HrnetTensor *t = &g->tensor;
    for (unsigned c = 0; c < t->channels; c++) {
        for (size_t i = 0; i < (size_t)t->height * t->width; i++)
            t->data[c * t->plane_floats + i] = (float)g_rand_double_range(rand, -1, 1);
    }
}

static void guarded_check_and_free(Guarded *g)
{
    for (unsigned i = 0; i < GUARD_FLOATS; i++) {
        g_assert_cmpfloat(g->memory[i], ==, GUARD_VALUE);
        g_assert_cmpfloat(g->memory[g->n_floats - 1 - i], ==, GUARD_VALUE);
    }
    hrnet_aligned_free(g->memory);
}

typedef enum { RESIDUAL_NONE, RESIDUAL_OTHER, RESIDUAL_IN_PLACE } Residual;

typedef struct {
    HrnetConvShape shape;
    unsigned height, width;
    Residual residual;
    bool relu, bias;
    unsigned n_threads;
} Case;

static float *random_floats(GRand *rand, size_t n, double amplitude)
{
    float *floats = g_new(float, n);
    for (size_t i = 0; i < n; i++)
        floats[i] = (float)g_rand_double_range(rand, -amplitude, amplitude);
    return floats;
}

static void run_layer(const HrnetConv *conv, const Case *c, const HrnetTensor *in,
                      const HrnetTensor *residual, const HrnetTensor *out)
{
    const size_t n_scratch = hrnet_conv_scratch_floats(conv, c->height, c->width, c->n_threads);
    Guarded scratch = guarded_new(1, 1, (unsigned)n_scratch + 1, 0, NAN);
    HrnetWorkers *workers = hrnet_workers_begin(c->n_threads);
    hrnet_conv_run(conv,
                   &(HrnetConvArgs){ .in = *in,
                                     .out = *out,
                                     .residual = residual,
                                     .relu = c->relu,
                                     .scratch = n_scratch ? scratch.tensor.data : NULL },
                   workers);
    hrnet_workers_end(workers);
    guarded_check_and_free(&scratch);
}

static void assert_close(const Case *c, const HrnetTensor *out, const HrnetTensor *expected,
                         double tolerance)
{
    for (unsigned k = 0; k < out->channels; k++) {
        for (size_t i = 0; i < (size_t)out->height * out->width; i++) {
            const float got = out->data[k * out->plane_floats + i];
            const float want = expected->data[k * expected->plane_floats + i];
            if (!(fabsf(got - want) <= tolerance))
                g_error("%ux%u s%u %u->%u, %ux%u, residual %d, relu %d, same %d: channel %u pixel "
                        "%zu is %g, not %g",
                        c->shape.kernel, c->shape.kernel, c->shape.stride, c->shape.in_channels,
                        c->shape.out_channels, c->height, c->width, c->residual, c->relu,
                        c->shape.padding_same, k, i, got, want);
        }
    }
}

/* One layer by the algorithm and by the reference. The tolerance is a bound on how float sums of so
 * many terms of magnitude 1 spread, wider for Winograd's larger intermediate values. */
static void check_case(HrnetConvAlgorithm algorithm, const Case *c, GRand *rand)
{
    const HrnetConvShape *s = &c->shape;
    const unsigned out_height = hrnet_conv_out_size(s, c->height),
                   out_width = hrnet_conv_out_size(s, c->width);
    const size_t terms = (size_t)s->in_channels * s->kernel * s->kernel;
    g_autofree float *weights =
        random_floats(rand, s->out_channels * terms, 1.0 / sqrt((double)terms));
    g_autofree float *bias = c->bias ? random_floats(rand, s->out_channels, 1) : NULL;
    HrnetConv *reference =
        hrnet_conv_new(s, weights, bias, HRNET_CONV_REFERENCE, c->height, c->width);
    HrnetConv *conv = hrnet_conv_new(s, weights, bias, algorithm, c->height, c->width);
    g_assert_cmpint(hrnet_conv_algorithm(reference), ==, HRNET_CONV_REFERENCE);

    Guarded in = guarded_new(s->in_channels, c->height, c->width, 16, NAN);
    Guarded residual = guarded_new(s->out_channels, out_height, out_width, 48, NAN);
    Guarded out = guarded_new(s->out_channels, out_height, out_width, 32, NAN);
    Guarded expected = guarded_new(s->out_channels, out_height, out_width, 0, NAN);
    guarded_randomise(&in, rand);
    guarded_randomise(&residual, rand);
    for (unsigned k = 0; c->residual == RESIDUAL_IN_PLACE && k < s->out_channels; k++)
        memcpy(out.tensor.data + k * out.tensor.plane_floats,
               residual.tensor.data + k * residual.tensor.plane_floats,
               (size_t)out_height * out_width * sizeof(float));

    run_layer(reference, c, &in.tensor, c->residual == RESIDUAL_NONE ? NULL : &residual.tensor,
              &expected.tensor);
    run_layer(conv, c, &in.tensor,
              c->residual == RESIDUAL_NONE       ? NULL
              : c->residual == RESIDUAL_IN_PLACE ? &out.tensor
                                                 : &residual.tensor,
              &out.tensor);
    assert_close(c, &out.tensor, &expected.tensor, algorithm == HRNET_CONV_WINO4 ? 1e-4 : 2e-5);

    guarded_check_and_free(&in);
    guarded_check_and_free(&residual);
    guarded_check_and_free(&out);
    guarded_check_and_free(&expected);
    hrnet_conv_free(reference);
    hrnet_conv_free(conv);
}

static const unsigned sizes[][2] = { { 1, 1 },   { 1, 7 },   { 5, 1 },    { 2, 2 },
                                     { 4, 8 },   { 3, 17 },  { 9, 33 },   { 16, 32 },
                                     { 17, 31 }, { 32, 64 }, { 12, 130 }, { 25, 65 } };
static const unsigned channels[][2] = { { 1, 1 },   { 2, 3 },   { 3, 64 },   { 7, 2 },
                                        { 16, 16 }, { 18, 18 }, { 18, 36 },  { 19, 40 },
                                        { 64, 19 }, { 64, 64 }, { 36, 144 }, { 240, 19 } };

/* Each size with each pair of channels, the other choices drawn. */
static void check_shapes(HrnetConvAlgorithm algorithm, unsigned kernel, unsigned stride)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(kernel * 10 + stride);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(channels); j++) {
            const Case c = {
                .shape = { channels[j][0], channels[j][1], kernel, stride,
                           stride == 2 && g_rand_boolean(rand) },
                .height = sizes[i][0],
                .width = sizes[i][1],
                .residual = (Residual)g_rand_int_range(rand, 0, 3),
                .relu = g_rand_boolean(rand),
                .bias = g_rand_boolean(rand),
                .n_threads = (unsigned)g_rand_int_range(rand, 1, 4),
            };
            check_case(algorithm, &c, rand);
        }
    }
}

typedef struct {
    HrnetConvAlgorithm algorithm;
    unsigned kernel, stride;
} ShapesTest;

static void test_shapes(gconstpointer data)
{
    const ShapesTest *test = data;
    check_shapes(test->algorithm, test->kernel, test->stride);
}

/* The reference itself, on numbers that can be worked out by hand. */
static void test_reference_by_hand(void)
{
    const float weights[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    const float bias = 0.5f;
    float in[16] = { 1, 2, 3, 4 }, out[16] = { 0 };
    const HrnetConvShape shape = { 1, 1, 3, 1, false };
    HrnetConv *conv = hrnet_conv_new(&shape, weights, &bias, HRNET_CONV_REFERENCE, 2, 2);
    HrnetWorkers *workers = hrnet_workers_begin(1);
    hrnet_conv_run(conv, &(HrnetConvArgs){ .in = { in, 1, 2, 2, 16 }, .out = { out, 1, 2, 2, 16 } },
                   workers);
    hrnet_workers_end(workers);
    hrnet_conv_free(conv);
    const float expected[4] = { 5 + 12 + 24 + 36 + 0.5f, 4 + 10 + 21 + 32 + 0.5f,
                                2 + 6 + 15 + 24 + 0.5f, 1 + 4 + 12 + 20 + 0.5f };
    for (unsigned i = 0; i < 4; i++)
        g_assert_cmpfloat(out[i], ==, expected[i]);
}

/* Where "same" padding at stride 2 puts its zeros: after the input on even sizes, around it on odd
 * ones. */
static void test_padding_same(void)
{
    const float weights[9] = { 0, 0, 0, 0, 1, 0, 0, 0, 0 };
    float in[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }, out[16] = { 0 };
    const HrnetConvShape shape = { 1, 1, 3, 2, true };
    HrnetConv *conv = hrnet_conv_new(&shape, weights, NULL, HRNET_CONV_REFERENCE, 4, 4);
    HrnetWorkers *workers = hrnet_workers_begin(1);
    hrnet_conv_run(conv, &(HrnetConvArgs){ .in = { in, 1, 4, 4, 16 }, .out = { out, 1, 2, 2, 16 } },
                   workers);
    g_assert_cmpfloat(out[0], ==, 5);
    g_assert_cmpfloat(out[3], ==, 15);
    hrnet_conv_run(conv, &(HrnetConvArgs){ .in = { in, 1, 3, 3, 16 }, .out = { out, 1, 2, 2, 16 } },
                   workers);
    g_assert_cmpfloat(out[0], ==, 0);
    g_assert_cmpfloat(out[3], ==, 8);
    hrnet_workers_end(workers);
    hrnet_conv_free(conv);
}

int main(int argc, char **argv)
{
    static const ShapesTest shapes_tests[] = {
        { HRNET_CONV_GEMM, 1, 1 },   { HRNET_CONV_GEMM, 1, 2 },   { HRNET_CONV_GEMM, 3, 1 },
        { HRNET_CONV_GEMM, 3, 2 },   { HRNET_CONV_DIRECT, 1, 1 }, { HRNET_CONV_DIRECT, 1, 2 },
        { HRNET_CONV_DIRECT, 3, 1 }, { HRNET_CONV_DIRECT, 3, 2 }, { HRNET_CONV_WINO4, 3, 1 },
        { HRNET_CONV_WINO4, 3, 2 },  { HRNET_CONV_AUTO, 1, 1 },   { HRNET_CONV_AUTO, 3, 1 },
        { HRNET_CONV_AUTO, 3, 2 },
    };
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conv/reference/by-hand", test_reference_by_hand);
    g_test_add_func("/conv/reference/padding-same", test_padding_same);
    for (size_t i = 0; i < G_N_ELEMENTS(shapes_tests); i++) {
        const ShapesTest *t = &shapes_tests[i];
        g_autofree char *path =
            g_strdup_printf("/conv/%s/%ux%u-stride-%u", hrnet_conv_algorithm_name(t->algorithm),
                            t->kernel, t->kernel, t->stride);
        g_test_add_data_func(path, t, test_shapes);
    }
    return g_test_run();
}
