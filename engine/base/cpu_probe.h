/* What every architecture finds out in its own way: cpu_x86.c, cpu_arm.c; cpu_other.c knows
 * nothing.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_BASE_CPU_PROBE_H
#define HRNET_BASE_CPU_PROBE_H

#include "base/cpu.h"

#define HRNET_CPU_NAME_BYTES 49

/* What CPU and operating system both support. */
HrnetCpuFeatures hrnet_cpu_probe_features(void);

/* The processor's own name, with a zero behind it; leaves `name` alone where it cannot be told. */
void hrnet_cpu_probe_name(char name[HRNET_CPU_NAME_BYTES]);

#endif
