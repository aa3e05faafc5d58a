/* Groups of layers in one pass over bands of rows, against the same layers one by one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "band_groups.h"
#include "guarded.h"

#include <math.h>
#include <string.h>

#define OVER_READ 16

/* One group at one size: its tensors in full, and the layers. */
typedef struct {
    const Group *group;
    HrnetBandArgs args;
    Guarded memory[MAX_LAYERS + 1];
    HrnetConv *convs[MAX_LAYERS];
} Case;

static void add_tensor(Case *c, unsigned number, unsigned channels, unsigned height, unsigned width)
{
    const size_t plane_floats = hrnet_tensor_plane_floats(height, width);
    c->memory[number] = guarded_new_floats(channels * plane_floats, OVER_READ);
    c->args.tensors[number].tensor =
        (HrnetTensor){ c->memory[number].floats, channels, height, width, plane_floats };
    c->args.tensors[number].inner = number > 0 && group_reads(c->group, number);
    c->args.n_tensors++;
}

static void case_open(Case *c, const Group *group, unsigned height, unsigned width,
                      HrnetConvAlgorithm algorithm, gboolean same, GRand *rand)
{
    *c = (Case){ .group = group, .args = { .n_steps = group->n_layers } };
    add_tensor(c, 0, group->in_channels, height, width);
    guarded_randomise(&c->memory[0], rand);
    for (unsigned i = 0; i < group->n_layers; i++) {
        const Layer *l = &group->layers[i];
        const HrnetTensor in = c->args.tensors[l->in].tensor;
        const HrnetConvShape shape = { in.channels, l->out_channels, l->kernel, l->stride,
                                       same && l->stride == 2 };
        const gsize n_weights = (gsize)in.channels * l->out_channels * l->kernel * l->kernel;
        g_autofree float *weights = g_new(float, n_weights + l->out_channels);
        guarded_randomise_floats(weights, n_weights + l->out_channels, rand);
        c->convs[i] =
            hrnet_conv_new(&shape, weights, weights + n_weights,
                           l->kernel == 3 && !shape.padding_same ? algorithm : HRNET_CONV_DIRECT,
                           in.height, in.width);
        g_assert_cmpuint(hrnet_conv_row_step(c->convs[i]), >, 0);
        add_tensor(c, l->out, l->out_channels, hrnet_conv_out_size(&shape, in.height),
                   hrnet_conv_out_size(&shape, in.width));
        c->args.steps[i] =
            (HrnetBandStep){ c->convs[i], l->in, l->out, l->residual, l->relu != FALSE, NULL };
    }
}

static void case_close(Case *c)
{
    for (unsigned t = 0; t < c->args.n_tensors; t++)
        guarded_close(&c->memory[t]);
    for (unsigned i = 0; i < c->group->n_layers; i++)
        hrnet_conv_free(c->convs[i]);
}

static void run_one_by_one(const Case *c)
{
    for (unsigned i = 0; i < c->args.n_steps; i++) {
        const HrnetBandStep *step = &c->args.steps[i];
        const HrnetTensor *in = &c->args.tensors[step->in].tensor;
        float *scratch = hrnet_aligned_alloc(
            (hrnet_conv_scratch_floats(step->conv, in->height, in->width, 1) + 1) * sizeof(float));
        hrnet_conv_run(step->conv,
                       &(HrnetConvArgs){ .in = *in,
                                         .out = c->args.tensors[step->out].tensor,
                                         .residual = step->residual == NO_TENSOR
                                                         ? NULL
                                                         : &c->args.tensors[step->residual].tensor,
                                         .relu = step->relu,
                                         .scratch = scratch },
                       NULL);
        hrnet_aligned_free(scratch);
    }
}

/* In memory that has nothing but the input and room for the outputs. */
static void check_bands(const Case *c, unsigned n_threads)
{
    HrnetBandArgs args = c->args;
    Guarded outputs[MAX_LAYERS + 1];
    for (unsigned t = 1; t < args.n_tensors; t++) {
        outputs[t] = guarded_new_floats(args.tensors[t].inner ? 1 : c->memory[t].n_bytes / 4, 0);
        args.tensors[t].tensor.data = args.tensors[t].inner ? NULL : outputs[t].floats;
    }
    const HrnetBandPlan plan = hrnet_band_plan(&args, n_threads);
    Guarded scratch = guarded_new_aligned_floats(plan.thread_floats * n_threads);
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    hrnet_band_run(&args, &plan, scratch.floats, workers);
    hrnet_workers_end(workers);
    guarded_close(&scratch);
    for (unsigned t = 1; t < args.n_tensors; t++) {
        const HrnetTensor *got = &args.tensors[t].tensor, *want = &c->args.tensors[t].tensor;
        for (unsigned k = 0; !args.tensors[t].inner && k < got->channels; k++)
            g_assert_cmpmem(
                got->data + k * got->plane_floats, sizeof(float) * got->height * got->width,
                want->data + k * want->plane_floats, sizeof(float) * want->height * want->width);
        guarded_close(&outputs[t]);
    }
}

/* To the bit: bands change the order of the work, not the arithmetic. */
static void check_group(gconstpointer data)
{
    const Group *group = data;
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        for (unsigned n_threads = 1; n_threads <= 5; n_threads += 2) {
            const HrnetConvAlgorithm algorithm =
                g_rand_boolean(rand) ? HRNET_CONV_WINO4 : HRNET_CONV_DIRECT;
            const gboolean same = g_rand_boolean(rand);
            Case c;
            guarded_case("%s %ux%u, %u threads, %s, same %d", group->name, sizes[i][0], sizes[i][1],
                         n_threads, hrnet_conv_algorithm_name(algorithm), same);
            case_open(&c, group, sizes[i][0], sizes[i][1], algorithm, same, rand);
            run_one_by_one(&c);
            check_bands(&c, n_threads);
            case_close(&c);
        }
}

/* A basic block of 18 channels has 2 x 36 x 18 x 18 packed weights, 23328, and 18 channels inside.
 */
static void check_pays(void)
{
    const Group *group = &(const Group){
        "basic-block", 18, 2, { { 0, 1, NO_TENSOR, 18, 3, 1, TRUE }, { 1, 2, 0, 18, 3, 1, TRUE } }
    };
    static const struct {
        unsigned height, width, n_threads;
        bool pays;
    } cases[] = {
        { 36, 36, 1, false }, { 36, 37, 1, true }, { 18, 36, 2, false }, { 18, 37, 2, true }
    };
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case c;
        guarded_case("%ux%u, %u threads", cases[i].height, cases[i].width, cases[i].n_threads);
        case_open(&c, group, cases[i].height, cases[i].width, HRNET_CONV_WINO4, FALSE, rand);
        g_assert_cmpint(hrnet_band_pays(&c.args, cases[i].n_threads), ==, cases[i].pays);
        case_close(&c);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
        g_autofree char *path = g_strdup_printf("/band/%s", groups[i].name);
        g_test_add_data_func(path, &groups[i], check_group);
    }
    g_test_add_func("/band/pays", check_pays);
    return g_test_run();
}
