/* What the processor could do at best, to hold measured speeds against.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_PEAK_H
#define HRNET_OPS_PEAK_H

#include "base/workers.h"

/* 10^9 floating-point operations a second of bare multiply-adds with the instruction set of
 * hrnet_kernels(), by all threads of the turn at once; the best of some measurements, a tenth of a
 * second in all. 0 where the instruction set is plain C. */
double hrnet_peak_gflops(HrnetWorkers *workers);

#endif
