/* Levels of colour for AVX2, eight pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/int8_vector.h"
#include "kernels/avx2/kernels.h"
#include "kernels/float_mode.h"

/* The order of operands makes 0 of what is no number. */
static inline ivec level_vector(const HrnetInt8Levels *l, unsigned c, size_t x)
{
    const fvec value = fvec_mul(_mm256_loadu_ps(l->planes[c] + x), fvec_set1(l->gain[c]));
    const fvec positive =
        _mm256_max_ps(fvec_add(value, fvec_set1(l->shift[c])), _mm256_setzero_ps());
    return ivec_convert(_mm256_min_ps(positive, fvec_set1(255)));
}

__attribute__((noinline)) static size_t level_vectors(const HrnetInt8Levels *l)
{
    size_t x = 0;
    for (; x + VECTOR_PIXELS <= l->n; x += VECTOR_PIXELS) {
        ivec pixels = level_vector(l, 0, x);
        for (unsigned c = 1; c < l->n_planes; c++)
            pixels = _mm256_or_si256(pixels, _mm256_slli_epi32(level_vector(l, c, x), 8 * (int)c));
        ivec_store(l->out + HRNET_QUAD * x, pixels);
    }
    return x;
}

void hrnet_int8_levels_avx2(const HrnetInt8Levels *levels)
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
