/* Multiply-adds and nothing else: the most that a core can do.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_PEAK_H
#define HRNET_KERNELS_PEAK_H

/* Runs n steps of multiply-adds on vectors of floats in registers, as many independent ones a step
 * as hide their latency. Returns the floating-point operations that those were, two for each
 * multiply-add. */
typedef double (*HrnetPeakFunc)(unsigned n);

#endif
