/* Layers of bytes in one pass over rows, bands and head, against the same layers one by one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "band_groups.h"
#include "guarded.h"
#include "ops/int8_band.h"
#include "ops/int8_head.h"

#include <math.h>
#include <string.h>

/* ---- tensors and layers ---- */

/* Of numbers that are about as large as sums of n terms. */
static HrnetInt8Range range_for(unsigned n_terms, gboolean relu)
{
    const double most = 0.7 * sqrt(n_terms);
    return hrnet_int8_range(relu ? 0 : -0.8 * most, most);
}

static Guarded quads_memory(HrnetQuads *quads)
{
    gsize n_bytes;
    g_assert_true(hrnet_quads_bytes(quads, &n_bytes));
    Guarded memory = guarded_new(n_bytes, 0);
    quads->data = memory.bytes;
    return memory;
}

static Guarded random_quads(HrnetQuads *quads, GRand *rand)
{
    Guarded memory = quads_memory(quads);
    guarded_randomise_bytes(&memory, rand);
    for (unsigned k = 0; k < hrnet_quads_count(quads->channels); k++)
        hrnet_quads_pad(quads, k, 0, quads->height);
    return memory;
}

static HrnetInt8ConvLayer *layer_new(const HrnetConvShape *shape, HrnetInt8Range in,
                                     HrnetInt8Range out, const HrnetInt8Range *residual,
                                     GRand *rand)
{
    const gsize n = (gsize)shape->in_channels * shape->out_channels * shape->kernel * shape->kernel;
    g_autofree float *weights = g_new(float, n + shape->out_channels);
    guarded_randomise_floats(weights, n + shape->out_channels, rand);
    const HrnetInt8Layer numbers = {
        .in_channels = shape->in_channels,
        .out_channels = shape->out_channels,
        .kernel = shape->kernel,
        .weights = weights,
        .bias = weights + n,
        .in = in,
        .out = out,
        .residual = residual,
    };
    HrnetInt8ConvLayer *layer = NULL;
    g_assert_true(hrnet_int8_conv_new(shape, &numbers, &layer));
    g_assert_nonnull(layer);
    return layer;
}

static void run_conv(const HrnetInt8ConvArgs *args)
{
    const HrnetInt8ConvPlan plan = hrnet_int8_conv_plan(args, 1);
    hrnet_int8_conv_run(args, &plan, NULL);
}

/* ---- bands ---- */

/* One group at one size: its tensors in full, and the layers. */
typedef struct {
    const Group *group;
    HrnetBandArgs args;
    Guarded memory[MAX_LAYERS + 1];
    HrnetInt8ConvLayer *layers[MAX_LAYERS];
} Case;

static void add_tensor(Case *c, unsigned number, HrnetQuads quads)
{
    c->memory[number] = quads_memory(&quads);
    c->args.tensors[number].quads = quads;
    c->args.tensors[number].tensor =
        (HrnetTensor){ NULL, quads.channels, quads.height, quads.width, 0 };
    c->args.tensors[number].inner = number > 0 && group_reads(c->group, number);
    c->args.n_tensors++;
}

static void add_layer(Case *c, unsigned i, gboolean same, GRand *rand)
{
    const Layer *l = &c->group->layers[i];
    const HrnetQuads *in = &c->args.tensors[l->in].quads;
    const HrnetConvShape shape = { in->channels, l->out_channels, l->kernel, l->stride,
                                   same && l->stride == 2 };
    const HrnetInt8Range out = range_for(in->channels * l->kernel * l->kernel, l->relu);
    c->layers[i] = layer_new(
        &shape, in->range, out,
        l->residual == NO_TENSOR ? NULL : &c->args.tensors[l->residual].quads.range, rand);
    add_tensor(c, l->out,
               hrnet_quads_shape(l->out_channels, hrnet_conv_out_size(&shape, in->height),
                                 hrnet_conv_out_size(&shape, in->width), out));
    c->args.steps[i] =
        (HrnetBandStep){ NULL, l->in, l->out, l->residual, l->relu != FALSE, c->layers[i] };
}

static void case_open(Case *c, const Group *group, unsigned height, unsigned width, gboolean same,
                      GRand *rand)
{
    *c = (Case){ .group = group, .args = { .n_steps = group->n_layers } };
    HrnetQuads input =
        hrnet_quads_shape(group->in_channels, height, width, hrnet_int8_range(-1, 1));
    add_tensor(c, 0, input);
    guarded_close(&c->memory[0]);
    c->memory[0] = random_quads(&c->args.tensors[0].quads, rand);
    for (unsigned i = 0; i < group->n_layers; i++)
        add_layer(c, i, same, rand);
}

static void case_close(Case *c)
{
    for (unsigned t = 0; t < c->args.n_tensors; t++)
        guarded_close(&c->memory[t]);
    for (unsigned i = 0; i < c->group->n_layers; i++)
        hrnet_int8_conv_free(c->layers[i]);
}

static void run_one_by_one(const Case *c)
{
    for (unsigned i = 0; i < c->args.n_steps; i++) {
        const HrnetBandStep *step = &c->args.steps[i];
        HrnetInt8ConvArgs args = { .layer = step->layer,
                                   .in = c->args.tensors[step->in].quads,
                                   .out = c->args.tensors[step->out].quads };
        args.has_residual = step->residual != NO_TENSOR;
        if (args.has_residual)
            args.residual = c->args.tensors[step->residual].quads;
        run_conv(&args);
    }
}

/* In memory that has nothing but the input and room for the outputs; padding is compared, too. */
static void check_bands(const Case *c, unsigned n_threads)
{
    HrnetBandArgs args = c->args;
    Guarded outputs[MAX_LAYERS + 1];
    for (unsigned t = 1; t < args.n_tensors; t++) {
        args.tensors[t].quads.data = NULL;
        if (!args.tensors[t].inner)
            outputs[t] = quads_memory(&args.tensors[t].quads);
    }
    const HrnetInt8BandPlan plan = hrnet_int8_band_plan(&args, n_threads);
    Guarded scratch = guarded_new_aligned_floats(plan.thread_bytes * n_threads / sizeof(float));
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    hrnet_int8_band_run(&args, &plan, scratch.bytes, workers);
    hrnet_workers_end(workers);
    guarded_close(&scratch);
    for (unsigned t = 1; t < args.n_tensors; t++) {
        if (args.tensors[t].inner)
            continue;
        guarded_compare_bytes(&outputs[t], &c->memory[t]);
        guarded_close(&outputs[t]);
    }
}

static void check_group(gconstpointer data)
{
    const Group *group = data;
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        for (unsigned n_threads = 1; n_threads <= 5; n_threads += 2) {
            const gboolean same = g_rand_boolean(rand);
            Case c;
            guarded_case("%s %ux%u, %u threads, same %d", group->name, sizes[i][0], sizes[i][1],
                         n_threads, same);
            case_open(&c, group, sizes[i][0], sizes[i][1], same, rand);
            run_one_by_one(&c);
            check_bands(&c, n_threads);
            case_close(&c);
        }
}

/* ---- the head ---- */

#define IN_CHANNELS 7
#define HIDDEN      21
#define CLASSES     5

typedef struct {
    HrnetInt8HeadArgs args;
    HrnetInt8ConvLayer *projection, *classifier;
    Guarded in, sources[HRNET_INT8_SOURCES_MAX];
    gsize n_scores;
} Head;

static void head_open(Head *h, unsigned height, unsigned width, unsigned n_sources,
                      HrnetResizeMode mode, GRand *rand)
{
    const HrnetConvShape first = { IN_CHANNELS, HIDDEN, 1, 1, false };
    const HrnetConvShape last = { HIDDEN, CLASSES, 1, 1, false };
    const HrnetInt8Range part = range_for(IN_CHANNELS, FALSE), hidden = range_for(HIDDEN, TRUE);
    const HrnetInt8Range scores = { .scale = 1 };
    *h = (Head){ .projection = layer_new(&first, range_for(1, TRUE), part, NULL, rand),
                 .classifier = layer_new(&last, hidden, scores, NULL, rand) };
    HrnetQuads in = hrnet_quads_shape(IN_CHANNELS, height, width, range_for(1, TRUE));
    h->in = random_quads(&in, rand);
    h->args.projection = (HrnetInt8ConvArgs){
        .layer = h->projection, .in = in, .out = hrnet_quads_shape(HIDDEN, height, width, part)
    };
    h->args.sum = (HrnetInt8SumArgs){ .has_base = true,
                                      .base = h->args.projection.out,
                                      .n_sources = n_sources,
                                      .out = hrnet_quads_shape(HIDDEN, height, width, hidden),
                                      .mode = mode };
    for (unsigned i = 0; i < n_sources; i++) {
        height = (height + 1) / 2;
        width = (width + 1) / 2;
        h->args.sum.sources[i] = hrnet_quads_shape(HIDDEN, height, width, part);
        h->sources[i] = random_quads(&h->args.sum.sources[i], rand);
    }
    const gsize plane = (gsize)in.height * in.width;
    h->args.classifier = (HrnetInt8ConvArgs){
        .layer = h->classifier,
        .in = h->args.sum.out,
        .out = hrnet_quads_shape(CLASSES, in.height, in.width, scores),
        .scores = { NULL, CLASSES, in.height, in.width, plane },
    };
    h->n_scores = CLASSES * plane;
}

static void head_close(Head *h)
{
    hrnet_int8_conv_free(h->projection);
    hrnet_int8_conv_free(h->classifier);
    guarded_close(&h->in);
    for (unsigned i = 0; i < h->args.sum.n_sources; i++)
        guarded_close(&h->sources[i]);
}

static void run_parts(const Head *h, float *scores)
{
    HrnetInt8HeadArgs args = h->args;
    Guarded hidden = quads_memory(&args.projection.out);
    args.sum.base.data = args.sum.out.data = args.classifier.in.data = hidden.bytes;
    args.classifier.scores.data = scores;
    HrnetInt8SumPlan *plan = hrnet_int8_sum_plan_new(&args.sum, 1);
    Guarded scratch =
        guarded_new_aligned_floats(hrnet_int8_sum_scratch_bytes(plan) / sizeof(float) + 1);
    run_conv(&args.projection);
    hrnet_int8_sum_run(&args.sum, plan, scratch.bytes, NULL);
    run_conv(&args.classifier);
    hrnet_int8_sum_plan_free(plan);
    guarded_close(&scratch);
    guarded_close(&hidden);
}

static void run_fused(const Head *h, float *scores, unsigned n_threads)
{
    HrnetInt8HeadArgs args = h->args;
    HrnetInt8HeadPlan plan;
    g_assert_true(hrnet_int8_head_plan_init(&plan, &args, n_threads));
    Guarded scratch =
        guarded_new_aligned_floats(hrnet_int8_head_scratch_bytes(&plan, n_threads) / sizeof(float));
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    args.classifier.scores.data = scores;
    hrnet_int8_head_run(&args, &plan, scratch.bytes, workers);
    hrnet_workers_end(workers);
    hrnet_int8_head_plan_clear(&plan);
    guarded_close(&scratch);
}

static void check_head(void)
{
    static const HrnetResizeMode modes[] = { HRNET_RESIZE_BILINEAR, HRNET_RESIZE_BILINEAR_ALIGNED,
                                             HRNET_RESIZE_NEAREST };
    g_autoptr(GRand) rand = g_rand_new_with_seed(6);
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        for (unsigned n_sources = 1; n_sources <= HRNET_INT8_SOURCES_MAX; n_sources++) {
            Head h;
            guarded_case("%ux%u, %u sources", sizes[i][0], sizes[i][1], n_sources);
            head_open(&h, sizes[i][0], sizes[i][1], n_sources, modes[(i + n_sources) % 3], rand);
            Guarded expected = guarded_new_floats(h.n_scores, 0);
            Guarded got = guarded_new_floats(h.n_scores, 0);
            run_parts(&h, expected.floats);
            run_fused(&h, got.floats, 1 + n_sources);
            guarded_compare_bytes(&got, &expected);
            guarded_close(&expected);
            guarded_close(&got);
            head_close(&h);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
        g_autofree char *path = g_strdup_printf("/int8/band/%s", groups[i].name);
        g_test_add_data_func(path, &groups[i], check_group);
    }
    g_test_add_func("/int8/head", check_head);
    return g_test_run();
}
