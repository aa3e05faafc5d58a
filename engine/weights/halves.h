/* 16-bit floating point formats to and from 32 bits.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_HALVES_H
#define HRNET_WEIGHTS_HALVES_H

#include <stddef.h>
#include <stdint.h>

/* IEEE 754 binary16, exact, subnormals, infinities and NaNs included. */
void hrnet_f16_to_f32(const uint16_t *in, size_t n, float *out);
/* bfloat16: the upper half of a float; exact. */
void hrnet_bf16_to_f32(const uint16_t *in, size_t n, float *out);
/* Rounds to nearest, ties to even; what is too large becomes infinite, NaN stays NaN. */
void hrnet_f32_to_f16(const float *in, size_t n, uint16_t *out);
/* The upper half of each: exact for what was bfloat16, else cut off towards zero. */
void hrnet_f32_to_bf16(const float *in, size_t n, uint16_t *out);

#endif
