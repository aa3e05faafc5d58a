/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/resize.h"

#include "kernels/resize_kernels.h"
#include "ops/resize_axis.h"

/* A task is to be long beside its hand-out, and there are to be enough of them to keep threads
 * evenly busy. */
#define TASK_FLOATS 16384

/* What prepare() leaves at the start of the scratch; tables and lines follow. */
typedef struct {
    const HrnetResizeKernels *kernels;
    struct {
        const int32_t *row_index;
        const float *row_weight;
        HrnetColumns columns;
    } sources[HRNET_RESIZE_MAX_SOURCES];
    float *lines; /* of each thread, of each source */
    size_t line_floats;
} Prepared;

static size_t prepared_floats(void)
{
    return hrnet_round_up(sizeof(Prepared), HRNET_ALIGNMENT) / sizeof(float);
}

static size_t row_table_floats(unsigned height)
{
    return hrnet_round_up(height, HRNET_ALIGNMENT / sizeof(float));
}

static size_t longest_line_floats(const HrnetResizeAddArgs *args)
{
    size_t longest = 0;
    for (unsigned i = 0; i < args->n_sources; i++) {
        const size_t n = hrnet_line_floats(args->sources[i].width);
        if (n > longest)
            longest = n;
    }
    return longest;
}

size_t hrnet_resize_add_scratch_floats(const HrnetResizeAddArgs *args, unsigned n_threads)
{
    const size_t table_floats =
        2 * row_table_floats(args->out.height) + hrnet_columns_floats(args->out.width);
    return prepared_floats() + args->n_sources * table_floats +
           n_threads * args->n_sources * longest_line_floats(args);
}

void hrnet_resize_add_prepare(const HrnetResizeAddArgs *args)
{
    Prepared *prepared = (Prepared *)(void *)args->scratch;
    float *memory = args->scratch + prepared_floats();
    const size_t row_floats = row_table_floats(args->out.height);
    prepared->kernels = hrnet_resize_kernels(hrnet_cpu_isa());
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
    prepared->lines = memory;
    prepared->line_floats = longest_line_floats(args);
}

/* Blends the two rows of a source that row y of the output lies between. */
static void lerp_source_row(const Prepared *prepared, const HrnetResizeAddArgs *args, unsigned i,
                            unsigned channel, unsigned y, float *line)
{
    const HrnetTensor *source = &args->sources[i];
    const float *plane = source->data + channel * source->plane_floats;
    const unsigned y0 = (unsigned)prepared->sources[i].row_index[y];
    const unsigned y1 = y0 + 1 < source->height ? y0 + 1 : y0;
    prepared->kernels->lerp_row(line, plane + (size_t)y0 * source->width,
                                plane + (size_t)y1 * source->width,
                                prepared->sources[i].row_weight[y], source->width);
}

void hrnet_resize_add_rows(const HrnetResizeAddArgs *args, unsigned thread, unsigned c0,
                           unsigned c1, unsigned y0, unsigned y1, float *out,
                           size_t out_plane_floats)
{
    const Prepared *prepared = (const Prepared *)(const void *)args->scratch;
    float *lines = prepared->lines + thread * args->n_sources * prepared->line_floats;
    const unsigned width = args->out.width;
    HrnetAddRow row = { .n = width, .n_lines = args->n_sources, .relu = args->relu };
    for (unsigned i = 0; i < args->n_sources; i++) {
        row.lines[i] = lines + i * prepared->line_floats;
        row.columns[i] = prepared->sources[i].columns;
    }
    for (unsigned c = c0; c < c1; c++) {
        for (unsigned y = y0; y < y1; y++) {
            for (unsigned i = 0; i < args->n_sources; i++)
                lerp_source_row(prepared, args, i, c, y, lines + i * prepared->line_floats);
            row.out = out + (c - c0) * out_plane_floats + (size_t)(y - y0) * width;
            row.base = args->base.data
                           ? args->base.data + c * args->base.plane_floats + (size_t)y * width
                           : row.out;
            prepared->kernels->add_row(&row);
        }
    }
}

/* The loop of run(): a task is a band of rows of one channel. */
typedef struct {
    const HrnetResizeAddArgs *args;
    unsigned band_rows, n_bands;
} Loop;

static void run_task(void *data, unsigned task, unsigned thread)
{
    const Loop *loop = data;
    const HrnetTensor *out = &loop->args->out;
    const unsigned channel = task / loop->n_bands;
    const unsigned y0 = task % loop->n_bands * loop->band_rows;
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
    loop.n_bands = (args->out.height + loop.band_rows - 1) / loop.band_rows;
    hrnet_workers_run(workers, loop.n_bands * args->out.channels, run_task, &loop);
}
