/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/int8_sum.h"

#include "base/memory.h"
#include "kernels/float_mode.h"
#include "kernels/kernels.h"
#include "ops/resize_axis.h"

#include <math.h>
#include <stdlib.h>

#define TASKS_PER_THREAD 4
#define VALUE_MAX        0x1p30 /* of what is rounded to an integer */
#define BLENDED_WHOLE    ((double)HRNET_INT8_WHOLE * HRNET_INT8_WHOLE)
#define BYTE_MAX         255.0

/* What makes numbers of the output's bytes of the sources' ones. */
typedef struct {
    float start, base, sources[HRNET_INT8_SOURCES_MAX];
    double most; /* of a value's magnitude */
} Factors;

/* Where a source is read: rows by the output's row, columns as the kernels take them. */
typedef struct {
    int32_t *rows;
    int16_t *row_weights;
    HrnetInt8Columns columns;
} Table;

struct HrnetInt8SumPlan {
    Factors factors;
    Table tables[HRNET_INT8_SOURCES_MAX];
    unsigned n_threads, n_bands, band_rows;
    size_t row_values, thread_values; /* of 16 bits: a spread row, a thread's scratch */
    void *memory;                     /* of the tables */
};

__attribute__((noinline)) static Factors factors_of(const HrnetInt8SumArgs *args)
{
    const double out = args->out.range.scale;
    const HrnetInt8Range *base = args->has_base ? &args->base.range : NULL;
    const double base_factor = base ? base->scale / out : 0;
    Factors factors = { .base = (float)base_factor, .most = BYTE_MAX * base_factor };
    double zeros = base ? (double)base->zero_point * base->scale : 0;
    for (unsigned i = 0; i < args->n_sources; i++) {
        const HrnetInt8Range *source = &args->sources[i].range;
        factors.sources[i] = (float)(source->scale / (BLENDED_WHOLE * out));
        factors.most += BYTE_MAX * source->scale / out;
        zeros += (double)source->zero_point * source->scale;
    }
    factors.start = (float)(-zeros / out);
    factors.most += zeros / out;
    return factors;
}

bool hrnet_int8_sum_supports(const HrnetInt8SumArgs *args)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    const Factors factors = factors_of(args);
    hrnet_float_mode_restore(&before);
    return factors.most < VALUE_MAX;
}

/* The second position of a pair is the first's neighbour, as far as there is one. */
static unsigned second_of(unsigned first, unsigned n)
{
    return first + 1 < n ? first + 1 : first;
}

__attribute__((noinline)) static void fill_axis(HrnetResizeMode mode, unsigned n_in, unsigned n_out,
                                                int32_t *first, int16_t *weight, float *fractions)
{
    hrnet_resize_axis_fill(mode, n_in, n_out, first, fractions);
    for (unsigned o = 0; o < n_out; o++)
        weight[o] = (int16_t)rintf(HRNET_INT8_WHOLE * fractions[o]);
}

static void fill_table(Table *table, const HrnetInt8SumArgs *args, const HrnetQuads *source,
                       float *fractions)
{
    const unsigned width = args->out.width;
    int32_t *first = (int32_t *)(uintptr_t)table->columns.first;
    int32_t *second = (int32_t *)(uintptr_t)table->columns.second;
    fill_axis(args->mode, source->height, args->out.height, table->rows, table->row_weights,
              fractions);
    fill_axis(args->mode, source->width, width, first, (int16_t *)(uintptr_t)table->columns.weight,
              fractions);
    for (unsigned x = 0; x < width; x++)
        second[x] = (int32_t)second_of((unsigned)first[x], source->width);
}

/* Cuts the memory up, and fills it. */
static void fill_tables(HrnetInt8SumPlan *plan, const HrnetInt8SumArgs *args)
{
    const unsigned height = args->out.height, width = args->out.width;
    float *fractions = plan->memory;
    int32_t *places = (int32_t *)(void *)(fractions + (height > width ? height : width));
    for (unsigned i = 0; i < args->n_sources; i++, places += height + 2 * width) {
        plan->tables[i].rows = places;
        plan->tables[i].columns.first = places + height;
        plan->tables[i].columns.second = places + height + width;
    }
    int16_t *weights = (int16_t *)(void *)places;
    for (unsigned i = 0; i < args->n_sources; i++, weights += height + width) {
        plan->tables[i].row_weights = weights;
        plan->tables[i].columns.weight = weights + height;
        fill_table(&plan->tables[i], args, &args->sources[i], fractions);
    }
}

static size_t table_bytes(const HrnetInt8SumArgs *args)
{
    const size_t height = args->out.height, width = args->out.width;
    return sizeof(float) * (height > width ? height : width) +
           args->n_sources *
               ((height + 2 * width) * sizeof(int32_t) + (height + width) * sizeof(int16_t));
}

static void share_out(HrnetInt8SumPlan *plan, const HrnetInt8SumArgs *args)
{
    const unsigned quads = hrnet_quads_count(args->out.channels), height = args->out.height;
    const unsigned tasks = plan->n_threads > 1 ? TASKS_PER_THREAD * plan->n_threads : 1;
    const unsigned bands = (tasks + quads - 1) / quads;
    plan->band_rows = (height + bands - 1) / bands;
    plan->n_bands = (height + plan->band_rows - 1) / plan->band_rows;
}

HrnetInt8SumPlan *hrnet_int8_sum_plan_new(const HrnetInt8SumArgs *args, unsigned n_threads)
{
    HrnetInt8SumPlan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return NULL;
    plan->memory = hrnet_aligned_alloc(table_bytes(args));
    if (!plan->memory) {
        hrnet_int8_sum_plan_free(plan);
        return NULL;
    }
    plan->n_threads = n_threads;
    plan->row_values =
        hrnet_round_up((size_t)HRNET_QUAD * args->out.width, HRNET_ALIGNMENT / sizeof(int16_t));
    plan->thread_values = 2 * args->n_sources * plan->row_values;
    share_out(plan, args);
    const HrnetFloatMode before = hrnet_float_mode_default();
    plan->factors = factors_of(args);
    fill_tables(plan, args);
    hrnet_float_mode_restore(&before);
    return plan;
}

void hrnet_int8_sum_plan_free(HrnetInt8SumPlan *plan)
{
    if (!plan)
        return;
    hrnet_aligned_free(plan->memory);
    free(plan);
}

size_t hrnet_int8_sum_scratch_bytes(const HrnetInt8SumPlan *plan)
{
    return plan->n_threads * plan->thread_values * sizeof(int16_t);
}

typedef struct {
    const HrnetInt8SumArgs *args;
    const HrnetInt8SumPlan *plan;
    const HrnetInt8Kernels *kernels;
    int16_t *scratch;
} SumRun;

/* Two neighbouring rows of a source, spread over the output's columns: row r in slot r % 2. */
typedef struct {
    int16_t *slots[2];
    int rows[2]; /* that are in them, -1 = none */
} Spread;

static const int16_t *spread_row(const SumRun *run, Spread *spread, unsigned source, unsigned quad,
                                 unsigned row)
{
    const unsigned slot = row % 2;
    if (spread->rows[slot] != (int)row) {
        const HrnetQuads *from = &run->args->sources[source];
        run->kernels->spread(spread->slots[slot], hrnet_quads_pixel(from, quad, row, 0),
                             &run->plan->tables[source].columns, run->args->out.width);
        spread->rows[slot] = (int)row;
    }
    return spread->slots[slot];
}

static void sum_row(const SumRun *run, Spread *spreads, unsigned quad, unsigned y)
{
    const HrnetInt8SumArgs *args = run->args;
    const Factors *factors = &run->plan->factors;
    uint8_t *out = hrnet_quads_pixel(&args->out, quad, y, 0);
    HrnetInt8Sum sum = {
        .base = args->has_base ? hrnet_quads_pixel(&args->base, quad, y, 0) : out,
        .start = factors->start,
        .base_scale = factors->base, /* 0 where there is no base */
        .n_sources = args->n_sources,
        .out = out,
        .zero_point = args->out.range.zero_point,
        .n = args->out.width,
    };
    for (unsigned i = 0; i < args->n_sources; i++) {
        const Table *table = &run->plan->tables[i];
        const unsigned first = (unsigned)table->rows[y];
        const unsigned second = second_of(first, args->sources[i].height);
        sum.sources[i].first = spread_row(run, &spreads[i], i, quad, first);
        sum.sources[i].second = spread_row(run, &spreads[i], i, quad, second);
        sum.sources[i].weight = (unsigned)table->row_weights[y];
        sum.sources[i].scale = factors->sources[i];
    }
    run->kernels->sum(&sum);
}

static void sum_rows(const SumRun *run, unsigned thread, unsigned quad, unsigned y0, unsigned y1)
{
    const HrnetInt8SumPlan *plan = run->plan;
    int16_t *rows = run->scratch + thread * plan->thread_values;
    Spread spreads[HRNET_INT8_SOURCES_MAX];
    for (unsigned i = 0; i < run->args->n_sources; i++)
        spreads[i] = (Spread){ .slots = { rows + 2 * i * plan->row_values,
                                          rows + (2 * i + 1) * plan->row_values },
                               .rows = { -1, -1 } };
    for (unsigned y = y0; y < y1; y++)
        sum_row(run, spreads, quad, y);
    hrnet_quads_pad(&run->args->out, quad, y0, y1);
}

static void sum_task(void *data, unsigned task, unsigned thread)
{
    const SumRun *run = data;
    const HrnetInt8SumPlan *plan = run->plan;
    const unsigned y0 = task % plan->n_bands * plan->band_rows;
    const unsigned end = y0 + plan->band_rows, height = run->args->out.height;
    sum_rows(run, thread, task / plan->n_bands, y0, end < height ? end : height);
}

static SumRun sum_run(const HrnetInt8SumArgs *args, const HrnetInt8SumPlan *plan, void *scratch)
{
    return (SumRun){
        .args = args,
        .plan = plan,
        .kernels = &hrnet_kernels()->int8,
        .scratch = scratch,
    };
}

void hrnet_int8_sum_run(const HrnetInt8SumArgs *args, const HrnetInt8SumPlan *plan, void *scratch,
                        HrnetWorkers *workers)
{
    SumRun run = sum_run(args, plan, scratch);
    hrnet_workers_run(workers, hrnet_quads_count(args->out.channels) * plan->n_bands, sum_task,
                      &run);
}

void hrnet_int8_sum_run_rows(const HrnetInt8SumArgs *args, const HrnetInt8SumPlan *plan,
                             void *scratch, unsigned thread, unsigned k, unsigned first_row,
                             unsigned end_row)
{
    const SumRun run = sum_run(args, plan, scratch);
    sum_rows(&run, thread, k, first_row, end_row);
}
