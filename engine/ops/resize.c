/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/resize.h"

#include "kernels/kernels.h"
#include "ops/resize_axis.h"

/* A task is to be long beside its hand-out, and there are to be enough of them to keep threads
 * evenly busy. */
#define TASK_FLOATS 16384

/* What prepare() leaves at the start of the scratch; tables and rows follow. */
typedef struct {
    const HrnetResizeKernels *kernels;
    struct {
        const int32_t *row_index;
        const float *row_weight;
        HrnetColumns columns;
    } sources[HRNET_RESIZE_MAX_SOURCES];
    float *rows; /* of each thread, of each source, two, spread over out's columns */
    size_t row_floats;
} Prepared;

static size_t prepared_floats(void)
{
    return hrnet_round_up(sizeof(Prepared), HRNET_ALIGNMENT) / sizeof(float);
}

static size_t row_table_floats(unsigned height)
{
    return hrnet_round_up(height, HRNET_ALIGNMENT / sizeof(float));
}

static size_t spread_row_floats(const HrnetResizeAddArgs *args)
{
    return hrnet_round_up(args->out.width, HRNET_COLUMN_BLOCK);
}

size_t hrnet_resize_add_scratch_floats(const HrnetResizeAddArgs *args, unsigned n_threads)
{
    const size_t table_floats =
        2 * row_table_floats(args->out.height) + hrnet_columns_floats(args->out.width);
    return prepared_floats() + args->n_sources * table_floats +
           n_threads * args->n_sources * 2 * spread_row_floats(args);
}

void hrnet_resize_add_prepare(const HrnetResizeAddArgs *args)
{
    Prepared *prepared = (Prepared *)(void *)args->scratch;
    float *memory = args->scratch + prepared_floats();
    const size_t row_floats = row_table_floats(args->out.height);
    prepared->kernels = &hrnet_kernels()->resize;
    for (unsigned i = 0; i < args->n_sources; i++) {
        const HrnetTensor *source = &args->sources[i];
        int32_t *row_index = (int32_t *)(void *)memory;
        float *row_weight = memory + row_floats;
        memory += 2 * row_floats;
        hrnet_resize_axis_fill(args->mode, source->height, args->out.height, row_index, row_weight);
        prepared->sources[i].row_index = row_index;
        prepared->sources[i].row_weight = row_weight;
        hrnet_columns_fill(&prepared->sources[i].columns, memory, args->mode, source->width,
                           args->out.width);
        memory += hrnet_columns_floats(args->out.width);
    }
    prepared->rows = memory;
    prepared->row_floats = spread_row_floats(args);
}

/* The rows of one channel of one source that are spread already: row r, if any, in slot r % 2. */
typedef struct {
    float *slots[2];
    unsigned held[2];
} SpreadRows;

#define NO_ROW (~0u)

static const float *spread_row(SpreadRows *rows, const HrnetResizeAddArgs *args, unsigned source,
                               unsigned channel, unsigned y)
{
    const Prepared *prepared = (const Prepared *)(const void *)args->scratch;
    const HrnetTensor *tensor = &args->sources[source];
    const unsigned slot = y & 1;
    if (rows->held[slot] != y) {
        const float *row =
            tensor->data + channel * tensor->plane_floats + (size_t)y * tensor->width;
        prepared->kernels->spread_row(rows->slots[slot], row, tensor->width,
                                      &prepared->sources[source].columns, args->out.width);
        rows->held[slot] = y;
    }
    return rows->slots[slot];
}

/* The two rows of each source that row y of the output lies between. */
static void pairs_fill(HrnetAddRow *row, SpreadRows *spread, const HrnetResizeAddArgs *args,
                       unsigned channel, unsigned y)
{
    const Prepared *prepared = (const Prepared *)(const void *)args->scratch;
    for (unsigned i = 0; i < args->n_sources; i++) {
        const unsigned y0 = (unsigned)prepared->sources[i].row_index[y];
        const float weight = prepared->sources[i].row_weight[y];
        const unsigned y1 = weight > 0.0f && y0 + 1 < args->sources[i].height ? y0 + 1 : y0;
        row->pairs[i].first = spread_row(&spread[i], args, i, channel, y0);
        row->pairs[i].second = spread_row(&spread[i], args, i, channel, y1);
        row->pairs[i].weight = weight;
    }
}

void hrnet_resize_add_rows(const HrnetResizeAddArgs *args, unsigned thread, unsigned c0,
                           unsigned c1, unsigned y0, unsigned y1, float *out,
                           size_t out_plane_floats)
{
    const Prepared *prepared = (const Prepared *)(const void *)args->scratch;
    const unsigned width = args->out.width;
    HrnetAddRow row = { .n = width, .n_pairs = args->n_sources, .relu = args->relu };
    SpreadRows spread[HRNET_RESIZE_MAX_SOURCES];
    float *memory = prepared->rows + thread * args->n_sources * 2 * prepared->row_floats;
    for (unsigned i = 0; i < args->n_sources; i++, memory += 2 * prepared->row_floats) {
        spread[i].slots[0] = memory;
        spread[i].slots[1] = memory + prepared->row_floats;
    }
    for (unsigned c = c0; c < c1; c++) {
        for (unsigned i = 0; i < args->n_sources; i++)
            spread[i].held[0] = spread[i].held[1] = NO_ROW;
        for (unsigned y = y0; y < y1; y++) {
            pairs_fill(&row, spread, args, c, y);
            row.out = out + (c - c0) * out_plane_floats + (size_t)(y - y0) * width;
            row.base = row.out;
            if (args->base.data)
                row.base = args->base.data + c * args->base.plane_floats + (size_t)y * width;
            prepared->kernels->add_row(&row);
        }
    }
}

/* The loop of run(): a task is a band of rows of one channel, all channels of a band one after the
 * other. */
typedef struct {
    const HrnetResizeAddArgs *args;
    unsigned band_rows;
} Loop;

static void run_task(void *data, unsigned task, unsigned thread)
{
    const Loop *loop = data;
    const HrnetTensor *out = &loop->args->out;
    const unsigned channel = task % out->channels;
    const unsigned y0 = task / out->channels * loop->band_rows;
    const unsigned y1 = y0 + loop->band_rows < out->height ? y0 + loop->band_rows : out->height;
    hrnet_resize_add_rows(loop->args, thread, channel, channel + 1, y0, y1,
                          out->data + channel * out->plane_floats + (size_t)y0 * out->width,
                          out->plane_floats);
}

void hrnet_resize_add_run(const HrnetResizeAddArgs *args, HrnetWorkers *workers)
{
    hrnet_resize_add_prepare(args);
    Loop loop = { .args = args, .band_rows = TASK_FLOATS / args->out.width };
    if (loop.band_rows == 0)
        loop.band_rows = 1;
    const unsigned n_bands = (args->out.height + loop.band_rows - 1) / loop.band_rows;
    hrnet_workers_run(workers, n_bands * args->out.channels, run_task, &loop);
}
