/* The network's input in bytes: levels of colour.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arithmetic, which gives the same bits on every instruction set, stands in ops/int8.md. */
#ifndef HRNET_KERNELS_INT8_LEVELS_H
#define HRNET_KERNELS_INT8_LEVELS_H

#include <stddef.h>
#include <stdint.h>

#define HRNET_INT8_LEVEL_PLANES 3

/* A row of one quad, n pixels:
 *
 *   value = planes[c][x] * gain[c]
 *   value = clamp(value + shift[c], 0, 255)       0 for what is no number
 *   out[4 * x + c] = nearest_even(value)
 *
 * for c < n_planes, and 0 for the others up to four. Any alignment; nothing is touched outside of
 * the n pixels. */
typedef struct {
    const float *planes[HRNET_INT8_LEVEL_PLANES];
    float gain[HRNET_INT8_LEVEL_PLANES], shift[HRNET_INT8_LEVEL_PLANES];
    unsigned n_planes; /* 1..HRNET_INT8_LEVEL_PLANES */
    uint8_t *out;
    size_t n;
} HrnetInt8Levels;

void hrnet_int8_levels_c(const HrnetInt8Levels *levels);

#endif
