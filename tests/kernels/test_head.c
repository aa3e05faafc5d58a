/* The head in one pass, against its three layers one by one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded_tensor.h"
#include "ops/head.h"

typedef struct {
    unsigned in_channels, hidden, classes, height, width, n_sources;
    HrnetResizeMode mode;
} Case;

static const Case cases[] = {
    { 16, 240, 19, 33, 70, 3, HRNET_RESIZE_BILINEAR },
    { 18, 270, 150, 9, 40, 3, HRNET_RESIZE_BILINEAR_ALIGNED },
    { 5, 7, 1, 1, 1, 1, HRNET_RESIZE_BILINEAR },
    { 3, 19, 11, 47, 130, 2, HRNET_RESIZE_NEAREST },
    { 32, 480, 2, 20, 256, 3, HRNET_RESIZE_BILINEAR }, /* hidden in several chunks */
};

static HrnetConv *conv_new(unsigned in_channels, unsigned out_channels, GRand *rand)
{
    const HrnetConvShape shape = { in_channels, out_channels, 1, 1, false };
    g_autofree float *weights = g_new(float, (in_channels + 1) * out_channels);
    guarded_randomise_floats(weights, (in_channels + 1) * out_channels, rand);
    return hrnet_conv_new(&shape, weights, weights + in_channels * out_channels, HRNET_CONV_DIRECT,
                          8, 8);
}

static void run_one_by_one(const HrnetHeadArgs *args, HrnetTensor logits)
{
    Image hidden = image_new(hrnet_conv_shape(args->projection)->out_channels, args->in.height,
                             args->in.width);
    HrnetResizeAddArgs sum = { .base = hidden.tensor,
                               .n_sources = args->n_sources,
                               .out = hidden.tensor,
                               .mode = args->mode,
                               .relu = true };
    for (unsigned i = 0; i < args->n_sources; i++)
        sum.sources[i] = args->sources[i];
    Guarded scratch = guarded_new_aligned_floats(hrnet_resize_add_scratch_floats(&sum, 1));
    sum.scratch = scratch.floats;
    hrnet_conv_run(args->projection, &(HrnetConvArgs){ .in = args->in, .out = hidden.tensor },
                   NULL);
    hrnet_resize_add_run(&sum, NULL);
    hrnet_conv_run(args->classifier, &(HrnetConvArgs){ .in = hidden.tensor, .out = logits }, NULL);
    guarded_close(&scratch);
    guarded_close(&hidden.memory);
}

/* But for rounding: the classifier sums a chunk of channels by itself before it adds it. Of up to
 * 480 terms of some units each. */
static void check_case(const Case *c, unsigned n_threads, GRand *rand)
{
    HrnetConv *projection = conv_new(c->in_channels, c->hidden, rand);
    HrnetConv *classifier = conv_new(c->hidden, c->classes, rand);
    g_assert_true(hrnet_head_supports(projection, classifier));
    Image in = image_new(c->in_channels, c->height, c->width), sources[HRNET_RESIZE_MAX_SOURCES];
    Image got = image_new(c->classes, c->height, c->width);
    Image want = image_new(c->classes, c->height, c->width);
    guarded_randomise(&in.memory, rand);
    HrnetHeadArgs args = { .projection = projection,
                           .classifier = classifier,
                           .in = in.tensor,
                           .n_sources = c->n_sources,
                           .mode = c->mode,
                           .logits = got.tensor };
    for (unsigned i = 0; i < c->n_sources; i++) {
        sources[i] = image_new(c->hidden, (c->height >> (i + 1)) + 1, (c->width >> (i + 1)) + 1);
        guarded_randomise(&sources[i].memory, rand);
        args.sources[i] = sources[i].tensor;
    }
    Guarded scratch = guarded_new_aligned_floats(hrnet_head_scratch_floats(&args, n_threads));
    args.scratch = scratch.floats;
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    hrnet_head_run(&args, workers);
    hrnet_workers_end(workers);
    run_one_by_one(&args, want.tensor);
    guarded_compare_floats(&got.memory, &want.memory, 5e-4);
    guarded_close(&scratch);
    for (unsigned i = 0; i < c->n_sources; i++)
        guarded_close(&sources[i].memory);
    guarded_close(&in.memory);
    guarded_close(&got.memory);
    guarded_close(&want.memory);
    hrnet_conv_free(projection);
    hrnet_conv_free(classifier);
}

static void test_head(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(9);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        for (unsigned n_threads = 1; n_threads <= 4; n_threads++) {
            guarded_case("%u hidden, %ux%u, %u threads", cases[i].hidden, cases[i].height,
                         cases[i].width, n_threads);
            check_case(&cases[i], n_threads, rand);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/head", test_head);
    return g_test_run();
}
