/* Bilinear row kernels for NEON: four columns at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/exact.h"
#include "kernels/neon/kernels.h"
#include "kernels/neon/vector.h"
#include "kernels/vector/resize.h"

#include <string.h>

/* What eight columns span holds for each half of them. */
ALWAYS_INLINE Reach reach_of(const HrnetColumns *columns)
{
    return columns->span8 < VECTOR_FLOATS       ? WITHIN_ONE_VECTOR
           : columns->span8 < 2 * VECTOR_FLOATS ? WITHIN_TWO_VECTORS
                                                : ANYWHERE;
}

ALWAYS_INLINE vec_index relative_indices(const HrnetColumns *columns, const int32_t *indices,
                                         unsigned x)
{
    /* They are relative to a block of sixteen, of which this is a quarter. */
    return vec_index_sub(vec_index_load(indices + x), vec_index_set1(columns->first[x]));
}

ALWAYS_INLINE vec spread(const float *line, vec_index relative, Reach reach)
{
    if (reach == WITHIN_ONE_VECTOR)
        return vec_permute(vec_load(line), relative);
    if (reach == WITHIN_TWO_VECTORS)
        return vec_permute2(vec_load(line), relative, vec_load(line + VECTOR_FLOATS));
    return vec_gather(line, relative);
}

static inline size_t bytes_left(unsigned n_left)
{
    return n_left < VECTOR_FLOATS ? n_left : VECTOR_FLOATS;
}

ALWAYS_INLINE vec load_luma(const uint8_t *luma, unsigned n_left)
{
    uint32_t levels = 0;
    memcpy(&levels, luma, bytes_left(n_left));
    const uint16x8_t words = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(levels)));
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
}

ALWAYS_INLINE void store_labels(uint8_t *labels, vec_index lanes, unsigned n_left)
{
    const uint16x4_t words = vmovn_u32(vreinterpretq_u32_s32(lanes));
    const uint8x8_t bytes = vmovn_u16(vcombine_u16(words, words));
    const uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    memcpy(labels, &four, bytes_left(n_left));
}

/* window[first] and window[second], of which n_left floats are there. */
ALWAYS_INLINE void spread_left(const float *window, long n_left, vec_index first, vec_index second,
                               Reach reach, vec *a, vec *b)
{
    if (reach == WITHIN_ONE_VECTOR) {
        const vec values = load_left(window, n_left);
        *a = vec_permute(values, first);
        *b = vec_permute(values, second);
    } else if (reach == WITHIN_TWO_VECTORS) {
        const vec low = load_left(window, n_left);
        const vec high = load_left(window + VECTOR_FLOATS, n_left - VECTOR_FLOATS);
        *a = vec_permute2(low, first, high);
        *b = vec_permute2(low, second, high);
    } else {
        *a = vec_gather(window, first);
        *b = vec_gather(window, second);
    }
}

#include "kernels/vector/resize_lines.h"

const HrnetResizeKernels HRNET_EXACT_NAME(hrnet_resize_kernels_neon) = {
    .lerp_row = lerp_row,
    .spread_row = spread_row,
    .add_row = add_row,
    .argmax_row = argmax_row,
    .refine_row = refine_row,
};
