/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/resize_twice.h"

#include <string.h>

/* The power of two is the one by which the branch is smaller; where a smaller one does, the branch
 * has one sample along that axis, and any gives the same. */
static unsigned multiple(unsigned n_in, unsigned n_out)
{
    while (n_in < n_out)
        n_in *= 2;
    return n_in;
}

static HrnetTensor middle_of(const HrnetResizeAddArgs *args, unsigned i)
{
    HrnetTensor middle = args->sources[i];
    middle.data = NULL;
    middle.height = multiple(middle.height, args->out.height);
    middle.width = multiple(middle.width, args->out.width);
    middle.plane_floats = hrnet_tensor_plane_floats(middle.height, middle.width);
    return middle;
}

/* Whether the second step does anything. */
static bool is_detour(const HrnetResizeAddArgs *args, const HrnetTensor *middle)
{
    return middle->height != args->out.height || middle->width != args->out.width;
}

/* The first step of one source, onto zeros that stand in its middle. */
static HrnetResizeAddArgs first_step(const HrnetResizeAddArgs *args, unsigned i,
                                     const HrnetTensor *middle)
{
    return (HrnetResizeAddArgs){
        .base = *middle,
        .sources = { args->sources[i] },
        .n_sources = 1,
        .out = *middle,
        .mode = args->mode,
        .scratch = args->scratch,
    };
}

/* What all steps share: the largest scratch of one. Sources of a middle's size only differ in it by
 * nothing, as it goes by the output. */
static size_t step_floats(const HrnetResizeAddArgs *args, unsigned n_threads)
{
    size_t n_floats = hrnet_resize_add_scratch_floats(args, n_threads);
    for (unsigned i = 0; i < args->n_sources; i++) {
        const HrnetTensor middle = middle_of(args, i);
        const HrnetResizeAddArgs step = first_step(args, i, &middle);
        const size_t n = hrnet_resize_add_scratch_floats(&step, n_threads);
        n_floats = n > n_floats ? n : n_floats;
    }
    return hrnet_round_up(n_floats, HRNET_ALIGNMENT / sizeof(float));
}

size_t hrnet_resize_twice_scratch_floats(const HrnetResizeAddArgs *args, unsigned n_threads)
{
    size_t n_floats = step_floats(args, n_threads);
    for (unsigned i = 0; i < args->n_sources; i++) {
        const HrnetTensor middle = middle_of(args, i);
        if (is_detour(args, &middle))
            n_floats += middle.channels * middle.plane_floats;
    }
    return n_floats;
}

void hrnet_resize_twice_run(const HrnetResizeAddArgs *args, unsigned n_threads,
                            HrnetWorkers *workers)
{
    HrnetResizeAddArgs sum = *args;
    float *memory = args->scratch + step_floats(args, n_threads);
    for (unsigned i = 0; i < args->n_sources; i++) {
        HrnetTensor middle = middle_of(args, i);
        if (!is_detour(args, &middle))
            continue;
        const size_t n_floats = middle.channels * middle.plane_floats;
        middle.data = memory;
        memory += n_floats;
        memset(middle.data, 0, n_floats * sizeof *middle.data);
        const HrnetResizeAddArgs step = first_step(args, i, &middle);
        hrnet_resize_add_run(&step, workers);
        sum.sources[i] = middle;
    }
    hrnet_resize_add_run(&sum, workers);
}
