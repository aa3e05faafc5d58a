/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet.h"

#include "base/cpu.h"

/**
 * hrnet_get_version:
 *
 * Returns: (transfer none): the library's version, `major.minor.micro`
 */
const gchar *hrnet_get_version(void)
{
    return HRNET_VERSION;
}

/**
 * hrnet_get_isa:
 *
 * Returns: (transfer none): the instruction set that the kernels use in this process, `c`, `avx2`
 * or `avx512`: the best that CPU and operating system support, lowered by the environment variable
 * `HRNET_CPU`
 */
const gchar *hrnet_get_isa(void)
{
    return hrnet_isa_name(hrnet_cpu_isa());
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
