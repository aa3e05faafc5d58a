/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/band_walk.h"

/* One thread on its way down a strip. */
typedef struct {
    unsigned next_band; /* which goes on where the last one ended */
    HrnetBandRows rows[HRNET_BAND_MAX_TENSORS];
} StripState;

typedef struct {
    const HrnetBandArgs *args;
    const HrnetBandWalker *walker;
    void *data;
    const bool *paired;
    unsigned band_rows;
    StripState states[HRNET_WORKERS_MAX];
} Walk;

/* Makes room for rows behind those that are still wanted. */
static void slide_rows(const Walk *walk, unsigned thread, HrnetBandRows *rows, unsigned t)
{
    const unsigned before = rows[t].base;
    rows[t].base = hrnet_band_first_wanted(walk->args, rows, t);
    if (rows[t].base != before && rows[t].done > rows[t].base)
        walk->walker->move(walk->data, thread, rows, t, before);
}

static void run_band(const Walk *walk, unsigned thread, HrnetBandRows *rows, unsigned progress)
{
    const HrnetBandArgs *args = walk->args;
    unsigned ends[HRNET_BAND_MAX_TENSORS];
    hrnet_band_ends(args, progress, ends);
    for (unsigned s = 0; s < args->n_steps; s++) {
        const HrnetBandStep *step = &args->steps[s], *second = NULL;
        if (walk->paired[s]) { /* with rows of the next step's, the same ones */
            rows[step->out].done = ends[step->out];
            second = &args->steps[++s];
        }
        const unsigned out = second ? second->out : step->out;
        if (ends[out] <= rows[out].done)
            continue;
        if (args->tensors[out].inner)
            slide_rows(walk, thread, rows, out);
        walk->walker->run(walk->data, thread, rows, step, second, rows[out].done, ends[out]);
        rows[out].done = ends[out];
    }
}

static void band_task(void *data, unsigned band, unsigned thread)
{
    Walk *walk = data;
    StripState *state = &walk->states[thread];
    if (band != state->next_band)
        hrnet_band_begin(walk->args, band * walk->band_rows, state->rows);
    run_band(walk, thread, state->rows, (band + 1) * walk->band_rows);
    state->next_band = band + 1;
}

void hrnet_band_walk(const HrnetBandArgs *args, const HrnetBandWalker *walker, void *data,
                     const bool *paired, unsigned band_rows, HrnetWorkers *workers)
{
    const unsigned n_threads = hrnet_workers_n_threads(workers);
    const unsigned n_bands = (hrnet_band_height(args) + band_rows - 1) / band_rows;
    Walk walk = {
        .args = args,
        .walker = walker,
        .data = data,
        .paired = paired,
        .band_rows = band_rows,
    };
    for (unsigned t = 0; t < n_threads; t++)
        walk.states[t].next_band = n_bands; /* none */
    hrnet_workers_run(workers, n_bands, band_task, &walk);
}
