/* What products fetch on their way, so that it has come when its turn does: channels lie a plane
 * apart, more streams than the hardware follows by itself.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_CONV_PREFETCH_H
#define HRNET_KERNELS_CONV_PREFETCH_H

#include <stddef.h>

/* Two cache lines from `first` on, and those of the planes behind it. */
typedef struct {
    const float *first;
    size_t plane_floats;
    unsigned n_planes;
} HrnetConvLines;

/* A product takes two lines a step (a channel of a group of rows) off the front, which spreads the
 * traffic over its whole time. It reads no memory for it: the lines may lie anywhere. */
typedef struct {
    HrnetConvLines *next, *end;
} HrnetConvPrefetch;

#endif
