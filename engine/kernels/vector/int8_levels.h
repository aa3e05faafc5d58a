/* Levels of colour for any vector type: included once per instruction set, after its vectors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/float_mode.h"
#include "kernels/int8_conv.h"
#include "kernels/int8_levels.h"

/* The order of operands makes 0 of what is no number. */
static inline ivec level_vector(const HrnetInt8Levels *l, unsigned c, size_t x)
{
    const fvec value = fvec_mul(fvec_load(l->planes[c] + x), fvec_set1(l->gain[c]));
    const fvec positive = fvec_max(fvec_add(value, fvec_set1(l->shift[c])), fvec_set1(0));
    return ivec_convert(fvec_min(positive, fvec_set1(255)));
}

__attribute__((noinline)) static size_t level_vectors(const HrnetInt8Levels *l)
{
    size_t x = 0;
    for (; x + VECTOR_PIXELS <= l->n; x += VECTOR_PIXELS) {
        ivec pixels = level_vector(l, 0, x);
        for (unsigned c = 1; c < l->n_planes; c++)
            pixels = ivec_or(pixels, ivec_shift_left(level_vector(l, c, x), 8 * (int)c));
        ivec_store(l->out + HRNET_QUAD * x, pixels);
    }
    return x;
}

static inline void int8_levels(const HrnetInt8Levels *levels)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    const size_t done = level_vectors(levels);
    hrnet_float_mode_restore(&before);
    HrnetInt8Levels rest = *levels;
    for (unsigned c = 0; c < levels->n_planes; c++)
        rest.planes[c] += done;
    rest.out += HRNET_QUAD * done;
    rest.n -= done;
    hrnet_int8_levels_c(&rest);
}
