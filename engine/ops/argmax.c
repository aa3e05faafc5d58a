/* Logits to labels: bilinear upsampling and argmax in one, a row of output at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/float_mode.h"
#include "kernels/kernels.h"
#include "ops/frame.h"
#include "ops/resize_axis.h"

/* Output rows of a task. */
#define BAND_ROWS 8

typedef struct {
    const HrnetResizeKernels *kernels;
    const HrnetTensor *logits;
    uint8_t *labels;
    size_t stride_bytes;
    unsigned height, width;
    int32_t *row_index;
    float *row_weight;
    HrnetColumns columns;
    float *lines; /* of each thread, of each class */
    size_t line_floats;
} Loop;

static size_t row_table_floats(unsigned height)
{
    return hrnet_round_up(height, HRNET_ALIGNMENT / sizeof(float));
}

size_t hrnet_argmax_scratch_floats(const HrnetTensor *logits, unsigned height, unsigned width,
                                   unsigned n_threads)
{
    return 2 * row_table_floats(height) + hrnet_columns_floats(width) +
           n_threads * logits->channels * hrnet_line_floats(logits->width);
}

__attribute__((noinline)) static void run_rows(const Loop *loop, unsigned task, unsigned thread)
{
    const HrnetTensor *logits = loop->logits;
    float *lines = loop->lines + thread * logits->channels * loop->line_floats;
    const unsigned y_end =
        (task + 1) * BAND_ROWS < loop->height ? (task + 1) * BAND_ROWS : loop->height;
    for (unsigned y = task * BAND_ROWS; y < y_end; y++) {
        const unsigned y0 = (unsigned)loop->row_index[y];
        const unsigned y1 = y0 + 1 < logits->height ? y0 + 1 : y0;
        for (unsigned c = 0; c < logits->channels; c++) {
            const float *plane = logits->data + c * logits->plane_floats;
            loop->kernels->lerp_row(
                lines + c * loop->line_floats, plane + (size_t)y0 * logits->width,
                plane + (size_t)y1 * logits->width, loop->row_weight[y], logits->width);
        }
        loop->kernels->argmax_row(loop->labels + y * loop->stride_bytes, lines, loop->line_floats,
                                  logits->channels, &loop->columns, loop->width);
    }
}

static void run_task(void *data, unsigned task, unsigned thread)
{
    run_rows(data, task, thread);
}

static void run_task_exactly(void *data, unsigned task, unsigned thread)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    run_rows(data, task, thread);
    hrnet_float_mode_restore(&before);
}

/* Cuts the scratch up and fills in its tables. */
__attribute__((noinline)) static Loop loop_make(const HrnetTensor *logits, HrnetResizeMode mode,
                                                unsigned height, unsigned width, float *scratch)
{
    const size_t row_floats = row_table_floats(height);
    float *column_memory = scratch + 2 * row_floats;
    Loop loop = {
        .kernels = &hrnet_kernels()->resize,
        .logits = logits,
        .height = height,
        .width = width,
        .row_index = (int32_t *)(void *)scratch,
        .row_weight = scratch + row_floats,
        .lines = column_memory + hrnet_columns_floats(width),
        .line_floats = hrnet_line_floats(logits->width),
    };
    hrnet_resize_axis_fill(mode, logits->height, height, loop.row_index, loop.row_weight);
    hrnet_columns_fill(&loop.columns, column_memory, mode, logits->width, width);
    return loop;
}

void hrnet_argmax_run(const HrnetTensor *logits, HrnetResizeMode mode, uint8_t *labels,
                      size_t stride_bytes, unsigned height, unsigned width, float *scratch,
                      HrnetWorkers *workers)
{
    Loop loop = loop_make(logits, mode, height, width, scratch);
    loop.labels = labels;
    loop.stride_bytes = stride_bytes;
    hrnet_workers_run(workers, (height + BAND_ROWS - 1) / BAND_ROWS, run_task, &loop);
}

void hrnet_argmax_run_exact(const HrnetTensor *logits, HrnetResizeMode mode, uint8_t *labels,
                            size_t stride_bytes, unsigned height, unsigned width, float *scratch,
                            HrnetWorkers *workers)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    Loop loop = loop_make(logits, mode, height, width, scratch);
    hrnet_float_mode_restore(&before);
    loop.kernels = &hrnet_kernels()->exact.resize;
    loop.labels = labels;
    loop.stride_bytes = stride_bytes;
    hrnet_workers_run(workers, (height + BAND_ROWS - 1) / BAND_ROWS, run_task_exactly, &loop);
}
