/* The exchange unit's sum as MMSegmentation computes it: what is added is upsampled by a power of
 * two first, and what that gives then resized to the sum's size.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Both are one where the sizes are multiples; at odd sizes the second makes the first's result a
 * little smaller, and a sample depends on up to three of the source's. */
#ifndef HRNET_OPS_RESIZE_TWICE_H
#define HRNET_OPS_RESIZE_TWICE_H

#include "ops/resize.h"

/* As hrnet_resize_add_scratch_floats(). */
size_t hrnet_resize_twice_scratch_floats(const HrnetResizeAddArgs *args, unsigned n_threads);

/* As hrnet_resize_add_run(), for the same number of threads. */
void hrnet_resize_twice_run(const HrnetResizeAddArgs *args, unsigned n_threads,
                            HrnetWorkers *workers);

#endif
