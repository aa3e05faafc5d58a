/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"

#include "base/cpu.h"
#include "ops/peak.h"

/**
 * hrnet_get_version:
 *
 * Returns: (transfer none): the library's version, `major.minor.micro`
 */
const gchar *hrnet_get_version(void)
{
    return HRNET_VERSION;
}

void hrnet_cpu_warn(void)
{
    static gsize told = 0;
    const gchar *unknown = hrnet_cpu_unknown_level();
    if (unknown && g_once_init_enter(&told)) {
        g_warning("HRNET_CPU=%s is none of %s: ignored", unknown, HRNET_CPU_LEVELS);
        g_once_init_leave(&told, 1);
    }
}

/**
 * hrnet_get_isa:
 *
 * Returns: (transfer none): the instruction set that the kernels use in this process, `c`, `avx2`,
 * `avx-vnni` or `avx512`, on ARM `c`, `neon` or `neon-dotprod`: the best that CPU and operating
 * system support, lowered by the environment variable `HRNET_CPU`
 */
const gchar *hrnet_get_isa(void)
{
    hrnet_cpu_warn();
    return hrnet_cpu_level_name(hrnet_cpu_features());
}

/**
 * hrnet_get_cpu:
 *
 * Returns: (transfer none): the processor's own name, or `unknown`
 */
const gchar *hrnet_get_cpu(void)
{
    return hrnet_cpu_name();
}

/**
 * hrnet_measure_peak:
 * @n_threads: threads that compute at once, up to 64; 0 = one per available CPU
 *
 * Measures, for about a tenth of a second, what this machine does at best: multiply-adds of floats
 * in registers, with the instruction set of hrnet_get_isa() and nothing from memory. A network's
 * speed is a share of it. Takes its turn with the workers that sessions share. Any thread.
 *
 * Returns: 10^9 floating-point operations a second, two for each multiply-add; 0 where the
 * instruction set is `c`, whose products OpenBLAS computes with kernels of its own
 */
gdouble hrnet_measure_peak(guint n_threads)
{
    n_threads = CLAMP(n_threads ? n_threads : hrnet_cpu_count(), 1, HRNET_WORKERS_MAX);
    HrnetWorkers *workers = hrnet_workers_begin(n_threads);
    const gdouble gflops = hrnet_peak_gflops(workers);
    hrnet_workers_end(workers);
    return gflops;
}
