/* Regions of a picture, and what they tell its pixels: against sums in double, and the layers that
 * run as one against themselves one by one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded_tensor.h"
#include "ops/context.h"
#include "ops/gather.h"

#include <math.h>

typedef struct {
    unsigned channels, keys, regions, height, width;
    float spread; /* of scores */
} Case;

static const Case cases[] = {
    { 512, 256, 19, 17, 31, 1 }, { 40, 24, 150, 9, 40, 1 }, { 7, 5, 1, 1, 1, 1 },
    { 9, 3, 255, 5, 13, 1 },     { 33, 17, 2, 40, 70, 1 },  { 16, 16, 11, 12, 12, 1e4f },
};

static Image image_random(unsigned channels, unsigned height, unsigned width, float spread,
                          GRand *rand)
{
    Image image = image_new(channels, height, width);
    guarded_randomise(&image.memory, rand);
    for (size_t i = 0; i < channels * image.tensor.plane_floats; i++)
        image.memory.floats[i] *= spread;
    return image;
}

static double value(const HrnetTensor *tensor, unsigned channel, size_t at)
{
    return (double)tensor->data[channel * tensor->plane_floats + at];
}

static void softmax(double *values, size_t n)
{
    double largest = values[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        largest = fmax(largest, values[i]);
    for (size_t i = 0; i < n; i++)
        sum += values[i] = exp(values[i] - largest);
    for (size_t i = 0; i < n; i++)
        values[i] /= sum;
}

/* ---- gather ---- */

static void check_gather(const Case *c, unsigned n_threads, GRand *rand)
{
    const size_t n_pixels = (size_t)c->height * c->width;
    Image pixels = image_random(c->channels, c->height, c->width, 1, rand);
    Image areas = image_random(c->regions, c->height, c->width, 4 * c->spread, rand);
    Image regions = image_new(c->channels, 1, c->regions);
    HrnetGatherArgs args = { pixels.tensor, areas.tensor, regions.tensor, NULL };
    Guarded scratch = guarded_new_aligned_floats(hrnet_gather_scratch_floats(&args, n_threads));
    args.scratch = scratch.floats;
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    hrnet_gather_run(&args, workers);
    hrnet_workers_end(workers);
    g_autofree double *shares = g_new(double, n_pixels);
    for (unsigned k = 0; k < c->regions; k++) {
        for (size_t p = 0; p < n_pixels; p++)
            shares[p] = value(&areas.tensor, k, p);
        softmax(shares, n_pixels);
        for (unsigned channel = 0; channel < c->channels; channel++) {
            double want = 0;
            for (size_t p = 0; p < n_pixels; p++)
                want += shares[p] * value(&pixels.tensor, channel, p);
            const double far = fabs(value(&regions.tensor, channel, k) - want);
            g_assert_cmpfloat(far, <=, 2e-6); /* false of a NaN */
        }
    }
    guarded_close(&scratch);
    guarded_close(&pixels.memory);
    guarded_close(&areas.memory);
    guarded_close(&regions.memory);
}

/* ---- attend ---- */

static void check_attend(const Case *c, unsigned n_threads, GRand *rand)
{
    const size_t n_pixels = (size_t)c->height * c->width;
    Image queries = image_random(c->keys, c->height, c->width, 2 * c->spread, rand);
    Image keys = image_random(c->keys, 1, c->regions, 2, rand);
    Image values = image_random(c->keys, 1, c->regions, 1, rand);
    Image out = image_new(c->keys, c->height, c->width);
    HrnetAttendArgs args = { queries.tensor, out.tensor, keys.tensor, values.tensor, NULL };
    Guarded scratch = guarded_new_aligned_floats(hrnet_attend_scratch_floats(&args, n_threads));
    args.scratch = scratch.floats;
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    hrnet_attend_run(&args, workers);
    hrnet_workers_end(workers);
    double shares[255];
    for (size_t p = 0; p < n_pixels; p++) {
        for (unsigned k = 0; k < c->regions; k++) {
            shares[k] = 0;
            for (unsigned channel = 0; channel < c->keys; channel++)
                shares[k] += value(&queries.tensor, channel, p) * value(&keys.tensor, channel, k);
            shares[k] /= sqrt(c->keys);
        }
        softmax(shares, c->regions);
        for (unsigned channel = 0; channel < c->keys; channel++) {
            double want = 0;
            for (unsigned k = 0; k < c->regions; k++)
                want += shares[k] * value(&values.tensor, channel, k);
            const double far = fabs(value(&out.tensor, channel, p) - want);
            /* scores are right to some of their last bits, which the exponential makes its own */
            g_assert_cmpfloat(far, <=, 5e-6 * (double)c->spread);
        }
    }
    guarded_close(&scratch);
    guarded_close(&queries.memory);
    guarded_close(&keys.memory);
    guarded_close(&values.memory);
    guarded_close(&out.memory);
}

/* ---- all layers as one ---- */

static HrnetConv *conv_new(unsigned in_channels, unsigned out_channels, bool bias, GRand *rand)
{
    const HrnetConvShape shape = { in_channels, out_channels, 1, 1, false };
    const size_t n = (size_t)in_channels * out_channels;
    g_autofree float *weights = g_new(float, n + out_channels);
    guarded_randomise_floats(weights, n + out_channels, rand);
    for (size_t i = 0; i < n; i++)
        weights[i] *= sqrtf(3.0f / (float)in_channels);
    return hrnet_conv_new(&shape, weights, bias ? weights + n : NULL, HRNET_CONV_DIRECT, 8, 8);
}

static void run_conv(const HrnetConv *conv, HrnetTensor in, HrnetTensor out,
                     const HrnetTensor *residual, bool relu)
{
    hrnet_conv_run(
        conv, &(HrnetConvArgs){ .in = in, .out = out, .residual = residual, .relu = relu }, NULL);
}

static void run_one_by_one(const HrnetContextArgs *args, const Case *c, HrnetTensor logits)
{
    Image narrow = image_new(c->keys, c->height, c->width);
    Image queries = image_new(c->keys, c->height, c->width);
    Image context = image_new(c->channels, c->height, c->width);
    Image mixed = image_new(c->channels, c->height, c->width);
    HrnetAttendArgs attend = { queries.tensor, narrow.tensor, args->keys, args->values, NULL };
    Guarded scratch = guarded_new_aligned_floats(hrnet_attend_scratch_floats(&attend, 1));
    attend.scratch = scratch.floats;
    run_conv(args->query[0], args->pixels, narrow.tensor, NULL, true);
    run_conv(args->query[1], narrow.tensor, queries.tensor, NULL, true);
    hrnet_attend_run(&attend, NULL);
    run_conv(args->up, narrow.tensor, context.tensor, NULL, true);
    run_conv(args->bottleneck[0], context.tensor, mixed.tensor, NULL, false);
    run_conv(args->bottleneck[1], args->pixels, mixed.tensor, &mixed.tensor, true);
    run_conv(args->classifier, mixed.tensor, logits, NULL, false);
    guarded_close(&scratch);
    guarded_close(&narrow.memory);
    guarded_close(&queries.memory);
    guarded_close(&context.memory);
    guarded_close(&mixed.memory);
}

static void check_context(const Case *c, unsigned n_threads, GRand *rand)
{
    HrnetConv *convs[] = {
        conv_new(c->channels, c->keys, true, rand),
        conv_new(c->keys, c->keys, true, rand),
        conv_new(c->keys, c->channels, true, rand),
        conv_new(c->channels, c->channels, true, rand),
        conv_new(c->channels, c->channels, false, rand),
        conv_new(c->channels, c->regions, true, rand),
    };
    Image pixels = image_random(c->channels, c->height, c->width, 1, rand);
    Image keys = image_random(c->keys, 1, c->regions, 1, rand);
    Image values = image_random(c->keys, 1, c->regions, 1, rand);
    Image got = image_new(c->regions, c->height, c->width);
    Image want = image_new(c->regions, c->height, c->width);
    HrnetContextArgs args = { .query = { convs[0], convs[1] },
                              .up = convs[2],
                              .bottleneck = { convs[3], convs[4] },
                              .classifier = convs[5],
                              .pixels = pixels.tensor,
                              .keys = keys.tensor,
                              .values = values.tensor,
                              .logits = got.tensor };
    for (gsize i = 0; i < G_N_ELEMENTS(convs); i++)
        g_assert_true(hrnet_context_supports(convs[i]));
    Guarded scratch = guarded_new_aligned_floats(hrnet_context_scratch_floats(&args, n_threads));
    args.scratch = scratch.floats;
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    hrnet_context_run(&args, workers);
    hrnet_workers_end(workers);
    run_one_by_one(&args, c, want.tensor);
    guarded_compare_floats(&got.memory, &want.memory, 1e-5);
    guarded_close(&scratch);
    guarded_close(&pixels.memory);
    guarded_close(&keys.memory);
    guarded_close(&values.memory);
    guarded_close(&got.memory);
    guarded_close(&want.memory);
    for (gsize i = 0; i < G_N_ELEMENTS(convs); i++)
        hrnet_conv_free(convs[i]);
}

static void each_case(void (*check)(const Case *, unsigned, GRand *))
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(9);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        for (unsigned n_threads = 1; n_threads <= 3; n_threads++) {
            const Case *c = &cases[i];
            guarded_case("%u channels, %u regions, %ux%u, %u threads", c->channels, c->regions,
                         c->height, c->width, n_threads);
            check(c, n_threads, rand);
        }
}

static void test_gather(void)
{
    each_case(check_gather);
}

static void test_attend(void)
{
    each_case(check_attend);
}

static void test_context(void)
{
    each_case(check_context);
}

/* One score that is no number makes its region none, and no other. */
static void test_gather_unfinite(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(9);
    static const float bad[] = { NAN, INFINITY };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        Image pixels = image_random(4, 20, 33, 1, rand), areas = image_random(3, 20, 33, 1, rand);
        Image regions = image_new(4, 1, 3);
        areas.tensor.data[areas.tensor.plane_floats + 400] = bad[i];
        HrnetGatherArgs args = { pixels.tensor, areas.tensor, regions.tensor, NULL };
        Guarded scratch = guarded_new_aligned_floats(hrnet_gather_scratch_floats(&args, 1));
        args.scratch = scratch.floats;
        hrnet_gather_run(&args, NULL);
        for (unsigned channel = 0; channel < 4; channel++)
            for (unsigned k = 0; k < 3; k++)
                g_assert_cmpint(isfinite(value(&regions.tensor, channel, k)) != 0, ==, k != 1);
        guarded_close(&scratch);
        guarded_close(&pixels.memory);
        guarded_close(&areas.memory);
        guarded_close(&regions.memory);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gather", test_gather);
    g_test_add_func("/gather/unfinite", test_gather_unfinite);
    g_test_add_func("/attend", test_attend);
    g_test_add_func("/context", test_context);
    return g_test_run();
}
