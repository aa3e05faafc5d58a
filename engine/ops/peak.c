/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/peak.h"

#include "kernels/kernels.h"

#include <time.h>

/* All measurements together: enough for threads to spread over the processors, for these to leave
 * their sleep, and for a neighbour's disturbance to pass. */
#define TOTAL_NS 1e8
/* Steps of a measurement, some milliseconds: long beside starting and ending a loop. */
#define N_STEPS 1000000

typedef struct {
    HrnetPeakFunc kernel;
    double operations[HRNET_WORKERS_MAX];
} Loop;

static void run_task(void *data, unsigned task, unsigned thread)
{
    Loop *loop = data;
    (void)thread;
    loop->operations[task] = loop->kernel(N_STEPS);
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double hrnet_peak_gflops(HrnetWorkers *workers)
{
    Loop loop = { .kernel = hrnet_kernels()->peak };
    const unsigned n_threads = hrnet_workers_n_threads(workers);
    double best = 0;
    if (!loop.kernel)
        return 0;
    const double begin = now_ns();
    while (now_ns() - begin < TOTAL_NS) {
        const double start = now_ns();
        hrnet_workers_run(workers, n_threads, run_task, &loop);
        const double ns = now_ns() - start;
        double operations = 0;
        for (unsigned t = 0; t < n_threads; t++)
            operations += loop.operations[t];
        if (operations / ns > best)
            best = operations / ns;
    }
    return best;
}
