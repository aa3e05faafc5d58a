/* A processor that no kernels but the portable ones are written for.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu_probe.h"

HrnetCpuFeatures hrnet_cpu_probe_features(void)
{
    return 0;
}

void hrnet_cpu_probe_name(char name[HRNET_CPU_NAME_BYTES])
{
    (void)name;
}
