/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/halves.h"

#include <string.h>

static inline float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Without branches, so that the compiler vectorises it. Subnormals: 2^-14 is added to the exponent
 * field as an implicit one and subtracted as a number, so that no denormal operand (slow, and
 * flushed by some hosts) occurs. */
void hrnet_f16_to_f32(const uint16_t *in, size_t n, float *out)
{
    const uint32_t rebias = (127 - 15) << 23, one_exponent = 1u << 23;
    for (size_t i = 0; i < n; i++) {
        uint32_t magnitude = (uint32_t)(in[i] & 0x7fff) << 13, exponent = magnitude & 0x0f800000;
        uint32_t normal = magnitude + rebias + (exponent == 0x0f800000 ? rebias : 0);
        float tiny =
            from_bits(magnitude + rebias + one_exponent) - from_bits(rebias + one_exponent);
        uint32_t bits = exponent == 0 ? to_bits(tiny) : normal;
        out[i] = from_bits(bits | (uint32_t)(in[i] & 0x8000) << 16);
    }
}

void hrnet_bf16_to_f32(const uint16_t *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = from_bits((uint32_t)in[i] << 16);
}

static uint16_t f16_of(float value)
{
    uint32_t bits = to_bits(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 0x477ff000) /* 65520: halfway between the largest half and the next step */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000) { /* under 2^-14: the addition rounds to multiples of 2^-24 */
        uint32_t rounded = to_bits(from_bits(magnitude) + 0.5f) - to_bits(0.5f);
        return (uint16_t)(sign | rounded);
    }
    uint32_t odd = magnitude >> 13 & 1;
    return (uint16_t)(sign | (magnitude - ((127 - 15) << 23) + 0xfff + odd) >> 13);
}

void hrnet_f32_to_f16(const float *in, size_t n, uint16_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = f16_of(in[i]);
}

void hrnet_f32_to_bf16(const float *in, size_t n, uint16_t *out)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &in[i], sizeof bits);
        out[i] = (uint16_t)(bits >> 16);
    }
}
