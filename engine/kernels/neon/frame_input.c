/* Video rows into the network's input for NEON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/frame.h"
#include "kernels/neon/vector.h"

#include <string.h>

#define FRAME_NAME(name) HRNET_EXACT_NAME(name##_neon)

typedef struct {
    int16x4_t shift; /* to the left */
    uint16x4_t mask;
} Samples;

/* Lanes, and where their bytes lie in one vector or two. */
typedef struct {
    vec_index relative;
    uint8x16_t bytes;
} Places;

#include "kernels/vector/frame_input.h"

static inline vec floats_of_bytes(const uint8_t *bytes)
{
    uint32_t four;
    memcpy(&four, bytes, sizeof four);
    const uint16x8_t words = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
}

static inline Samples samples_of(HrnetSampleBits bits)
{
    return (Samples){ vdup_n_s16((int16_t) - (int)bits.shift), vdup_n_u16((uint16_t)bits.mask) };
}

static inline vec floats_of_samples(const uint8_t *samples, const Samples *kind)
{
    const uint16x4_t four = vreinterpret_u16_u8(vld1_u8(samples));
    return vcvtq_f32_u32(vmovl_u16(vand_u16(vshl_u16(four, kind->shift), kind->mask)));
}

ALWAYS_INLINE Places places_of(const int32_t *starts, int32_t start)
{
    const vec_index relative = vec_index_sub(vec_index_load(starts), vec_index_set1(start));
    return (Places){ relative, vec_index_bytes(relative) };
}

ALWAYS_INLINE vec spread(const float *line, const Places *places, Reach reach)
{
    if (reach == ANYWHERE)
        return vec_gather(line, places->relative);
    const uint8x16_t first = vreinterpretq_u8_f32(vec_load(line));
    if (reach == WITHIN_ONE_VECTOR)
        return vreinterpretq_f32_u8(vqtbl1q_u8(first, places->bytes));
    const uint8x16x2_t both = { { first, vreinterpretq_u8_f32(vec_load(line + VECTOR_FLOATS)) } };
    return vreinterpretq_f32_u8(vqtbl2q_u8(both, places->bytes));
}

#ifndef HRNET_EXACT
/* Loads that take apart as many components as there are. */
void hrnet_pick_f32_neon(float *line, const float *buffer, unsigned step, unsigned offset, size_t n)
{
    size_t i = 0;
    for (; i + VECTOR_FLOATS <= n; i += VECTOR_FLOATS) {
        const float *from = buffer + i * step;
        vec picked;
        if (step == 2) {
            const float32x4x2_t parts = vld2q_f32(from);
            picked = offset == 0 ? parts.val[0] : parts.val[1];
        } else if (step == 3) {
            const float32x4x3_t parts = vld3q_f32(from);
            picked = offset == 0 ? parts.val[0] : offset == 1 ? parts.val[1] : parts.val[2];
        } else {
            const float32x4x4_t parts = vld4q_f32(from);
            picked = offset == 0   ? parts.val[0]
                     : offset == 1 ? parts.val[1]
                     : offset == 2 ? parts.val[2]
                                   : parts.val[3];
        }
        vec_store(line + i, picked);
    }
    for (; i < n; i++)
        line[i] = buffer[offset + i * step];
}
#endif
