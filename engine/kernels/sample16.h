/* A 16-bit sample in memory: little-endian, at any alignment.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_SAMPLE16_H
#define HRNET_KERNELS_SAMPLE16_H

#include "kernels/frame_kernels.h"

static inline unsigned hrnet_sample_get(const uint8_t *sample, HrnetSampleBits bits)
{
    return (sample[0] | (unsigned)sample[1] << 8) >> bits.shift & bits.mask;
}

/* Leaves the bits around the value as they are. */
static inline void hrnet_sample_set(uint8_t *sample, HrnetSampleBits bits, unsigned value)
{
    const unsigned place = bits.mask << bits.shift, before = sample[0] | (unsigned)sample[1] << 8;
    const unsigned after = (before & ~place) | value << bits.shift;
    sample[0] = (uint8_t)after;
    sample[1] = (uint8_t)(after >> 8);
}

#endif
