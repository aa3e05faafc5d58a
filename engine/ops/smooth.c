/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/smooth.h"

#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

/* Log odds for another class at which the average begins to give way, and has given way: odds of 3
 * and of 20 to 1. */
#define AGAINST_FROM 1.0f
#define AGAINST_TO   3.0f

/* Levels of luma, likewise. Noise and compression stay below the first, as the mean of a cell. */
#define MOVED_FROM 2.0f
#define MOVED_TO   6.0f

/* Pixels of a task. */
#define TASK_FLOATS 2048

typedef struct {
    HrnetSmoothing smoothing;
    const HrnetScoreKernels *kernels;
    size_t n_floats;
} Loop;

static void run_task(void *data, unsigned task, unsigned thread)
{
    const Loop *loop = data;
    const size_t begin = (size_t)task * TASK_FLOATS;
    const size_t end = begin + TASK_FLOATS < loop->n_floats ? begin + TASK_FLOATS : loop->n_floats;
    (void)thread;
    loop->kernels->smooth(&loop->smoothing, begin, end);
}

static size_t n_pixels(const HrnetTensor *tensor)
{
    return (size_t)tensor->height * tensor->width;
}

void hrnet_smooth_run(const HrnetTensor *history, const HrnetTensor *logits,
                      const HrnetTensor *luma, const HrnetTensor *last_luma, float share,
                      HrnetWorkers *workers)
{
    Loop loop = {
        .smoothing = {
            .history = history->data,
            .scores = logits->data,
            .plane_floats = logits->plane_floats,
            .n_classes = logits->channels,
            .luma = luma->data,
            .last_luma = last_luma->data,
            .share = share,
            .against_from = AGAINST_FROM,
            .against_gain = 1 / (AGAINST_TO - AGAINST_FROM),
            .moved_from = MOVED_FROM,
            .moved_gain = 1 / (MOVED_TO - MOVED_FROM),
        },
        .kernels = &hrnet_kernels()->score,
        /* Planes are padded to whole blocks. */
        .n_floats = hrnet_round_up(n_pixels(logits), HRNET_SCORE_BLOCK),
    };
    hrnet_workers_run(workers, (unsigned)((loop.n_floats + TASK_FLOATS - 1) / TASK_FLOATS),
                      run_task, &loop);
}

void hrnet_smooth_restart(const HrnetTensor *history, const HrnetTensor *logits)
{
    for (unsigned c = 0; c < logits->channels; c++)
        memcpy(history->data + c * history->plane_floats, logits->data + c * logits->plane_floats,
               n_pixels(logits) * sizeof *logits->data);
}

bool hrnet_smooth_is_cut(const HrnetTensor *luma, const HrnetTensor *last_luma)
{
    const size_t n = n_pixels(luma);
    size_t n_moved = 0;
    for (size_t i = 0; i < n; i++)
        n_moved += fabsf(luma->data[i] - last_luma->data[i]) > MOVED_TO;
    return n_moved > n / 2;
}
