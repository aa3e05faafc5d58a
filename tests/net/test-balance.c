/* How evenly a network's work is spread over 1 to 8 threads, by counting.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine is linked to workers and kernels of this program's own. The kernels compute nothing
 * and add up their work; the workers run a loop's tasks one after the other, each on the simulated
 * thread that is free first, which takes what it would of the shares. GEMM is left out: OpenBLAS
 * splits it over threads of its own. */
#include "base/cpu.h"
#include "base/workers.h"
#include "hrnet/hrnet.h"
#include "kernels/kernels.h"
#include "support/synthetic.h"

#include <glib/gstdio.h>

#define THREADS_MAX 8

/* The busiest thread's work, in times of the mean: what waiting at the end of a loop costs. Tasks
 * enough for four rounds, as the layers aim at, are 1.25 at worst. Loops of less than a hundredth
 * of the work may be worse (16 groups of channels on 7 threads are 1.31), as cutting them finer
 * costs more than it gains; over a whole run all of that may come to an eighth. */
#define LOOP_IMBALANCE_MAX 1.25
#define LOOP_SHARE_MIN     0.01
#define RUN_IMBALANCE_MAX  1.125

/* ---- kernels that count ---- */

static double work; /* of the task that runs, in multiply-adds of vectors */

/* Vectors that so many floats take. */
static double vectors(unsigned n_floats)
{
    const unsigned vector_floats = hrnet_kernels()->conv.vector_floats;
    return (n_floats + vector_floats - 1) / vector_floats;
}

static void count_tile(const HrnetConvTile *t)
{
    work += vectors(t->columns) * t->rows * t->n_channels * t->n_taps;
}

static void count_stage(const HrnetConvStage *s)
{
    work += 2 * vectors(s->n) * s->stride * s->n_rows * s->n_channels;
}

/* The transforms as the choice of algorithms has measured them, see ops/conv.c. */
static void count_wino4_input(const HrnetWino4Input *t)
{
    work += 190.0 * t->n_vectors * t->n_channels;
}

static void count_wino4_output(const HrnetWino4Output *t)
{
    work += 150.0 * t->n_vectors * t->n_rows;
}

static void count_wino4s2_input(const HrnetWino4S2Input *t)
{
    work += 350.0 * t->n_vectors * t->n_channels;
}

static void count_wino4s2_output(const HrnetWino4Output *t)
{
    work += 120.0 * t->n_vectors * t->n_rows;
}

static void count_wino4_product(const HrnetWino4Product *t)
{
    work += (double)t->n_points * t->rows * t->n_channels * t->n_vectors;
}

/* Weights are packed once, while loading, and are of no interest here. */
static void pack_wino4(const HrnetWino4Weights *weights)
{
    (void)weights;
}

static void pack_wino4s2(const HrnetWino4S2Weights *weights)
{
    (void)weights;
}

static void count_spread_row(float *out, const float *row, unsigned n_in,
                             const HrnetColumns *columns, unsigned n)
{
    (void)out, (void)row, (void)n_in, (void)columns;
    work += 8 * vectors(n);
}

static void count_add_row(const HrnetAddRow *row)
{
    work += 2 * (1 + row->n_pairs) * vectors(row->n);
}

const HrnetKernels *hrnet_kernels(void)
{
    static HrnetKernels kernels = {
        .conv = { .tile_vectors_max = 3,
                  .tile = count_tile,
                  .stage = count_stage,
                  .wino4_input = count_wino4_input,
                  .wino4_product = count_wino4_product,
                  .wino4_output = count_wino4_output,
                  .wino4_weights = pack_wino4,
                  .wino4s2_input = count_wino4s2_input,
                  .wino4s2_output = count_wino4s2_output,
                  .wino4s2_weights = pack_wino4s2 },
        .resize = { .spread_row = count_spread_row, .add_row = count_add_row },
    };
    const HrnetCpuFeatures features = hrnet_cpu_features();
    const bool is_wide = features & 1u << HRNET_CPU_AVX512;
    const bool is_narrow = features & 1u << HRNET_CPU_NEON;
    kernels.conv.vector_floats = is_wide ? 16 : is_narrow ? 4 : 8;
    kernels.conv.tile_rows_max = is_wide || is_narrow ? 9 : 4;
    return &kernels;
}

/* ---- workers that simulate ---- */

struct HrnetWorkers {
    unsigned n_threads;
    GArray *loops; /* Loop */
};

typedef struct {
    unsigned n_tasks;
    double total, longest; /* work of all threads, of the one that has most */
} Loop;

static struct HrnetWorkers workers;

HrnetWorkers *hrnet_workers_begin(unsigned n_threads)
{
    workers.n_threads = n_threads;
    return &workers;
}

void hrnet_workers_run(HrnetWorkers *turn, unsigned n_tasks, HrnetTaskFunc func, void *data)
{
    if (!turn) { /* the calling thread alone, outside the network */
        for (unsigned task = 0; task < n_tasks; task++)
            func(data, task, 0);
        return;
    }
    double busy[THREADS_MAX] = { 0 };
    Loop loop = { .n_tasks = n_tasks };
    HrnetTaskShares shares;
    hrnet_task_shares_init(&shares, n_tasks, turn->n_threads);
    for (unsigned i = 0; i < n_tasks; i++) {
        unsigned thread = 0, task;
        for (unsigned t = 1; t < turn->n_threads; t++) {
            if (busy[t] < busy[thread])
                thread = t;
        }
        g_assert_true(hrnet_task_shares_take(&shares, thread, &task));
        work = 0;
        func(data, task, thread);
        busy[thread] += work;
        loop.total += work;
        loop.longest = MAX(loop.longest, busy[thread]);
    }
    g_array_append_val(turn->loops, loop);
}

unsigned hrnet_workers_n_threads(const HrnetWorkers *turn)
{
    return turn ? turn->n_threads : 1;
}

void hrnet_workers_end(HrnetWorkers *turn)
{
    (void)turn;
}

/* ---- the tests ---- */

static HrnetModel *load(const gchar *variant)
{
    HrnetConfig config;
    g_autofree gchar *path = NULL;
    g_autoptr(GError) error = NULL;
    const gint fd = g_file_open_tmp("hrnet-XXXXXX.safetensors", &path, &error);
    g_assert_no_error(error);
    g_close(fd, NULL);
    g_assert_true(synthetic_config(variant, 19, &config));
    g_assert_true(synthetic_write(path, &config, NULL, &error));
    HrnetModel *model = hrnet_model_load(path, NULL, &error);
    g_assert_no_error(error);
    g_unlink(path);
    return model;
}

static void check_balance(HrnetModel *model, guint n_threads)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetSession) session =
        hrnet_session_new(model, 512, 1024, n_threads, HRNET_PRECISION_FP32, &error);
    g_assert_no_error(error);
    guint c, h, w;
    hrnet_session_get_logits_size(session, &c, &h, &w);
    const gsize n_input = (gsize)3 * 512 * 1024, n_logits = (gsize)c * h * w;
    g_autofree gfloat *input = g_new0(gfloat, n_input);
    g_autofree gfloat *logits = g_new0(gfloat, n_logits);
    workers.loops = g_array_new(FALSE, FALSE, sizeof(Loop));
    g_assert_true(hrnet_session_run(session, input, n_input, logits, n_logits, &error));

    double total = 0, longest = 0;
    for (guint i = 0; i < workers.loops->len; i++) {
        total += g_array_index(workers.loops, Loop, i).total;
        longest += g_array_index(workers.loops, Loop, i).longest;
    }
    g_assert_cmpfloat(total, >, 0);
    for (guint i = 0; i < workers.loops->len; i++) {
        const Loop *loop = &g_array_index(workers.loops, Loop, i);
        const double imbalance = loop->longest * n_threads / loop->total;
        if (loop->total > LOOP_SHARE_MIN * total && imbalance > LOOP_IMBALANCE_MAX)
            g_error("%u threads: loop %u of %u tasks: the busiest thread has %.3f times the mean",
                    n_threads, i, loop->n_tasks, imbalance);
    }
    g_test_message("%u threads: %u loops, imbalance %.3f", n_threads, workers.loops->len,
                   longest * n_threads / total);
    g_assert_cmpfloat(longest * n_threads, <=, RUN_IMBALANCE_MAX * total);
    g_array_unref(workers.loops);
}

static void test_variant(gconstpointer variant)
{
    if (hrnet_cpu_features() == 0) {
        g_test_skip("OpenBLAS has the threads on this CPU");
        return;
    }
    g_autoptr(HrnetModel) model = load(variant);
    for (guint n_threads = 1; n_threads <= THREADS_MAX; n_threads++)
        check_balance(model, n_threads);
}

int main(int argc, char **argv)
{
    static const gchar *const variants[] = {
        "w18-small-v1", "w18-small-v2", "w18", "w32", "w48", "w32-single",
    };
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_autofree gchar *path = g_strdup_printf("/balance/%s", variants[i]);
        g_test_add_data_func(path, variants[i], test_variant);
    }
    return g_test_run();
}
