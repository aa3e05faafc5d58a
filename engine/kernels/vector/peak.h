/* The bare multiply-add loop for any vector type: included after its vector.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* 4 cycles of latency on 2 ports want 8 sums or more; 12 leave registers for the factors in 16. */
#define PEAK_SUMS 12

static inline double peak(unsigned n)
{
    /* Sums go to 1 and stay there: no denormal or infinite numbers, which may be slow. */
    const vec half = vec_set1(0.5f);
    vec sums[PEAK_SUMS], all = vec_zero();
#pragma GCC unroll 12
    for (unsigned i = 0; i < PEAK_SUMS; i++)
        sums[i] = vec_set1((float)i);
    for (unsigned step = 0; step < n; step++) {
#pragma GCC unroll 12
        for (unsigned i = 0; i < PEAK_SUMS; i++)
            sums[i] = vec_fma(sums[i], half, half);
    }
#pragma GCC unroll 12
    for (unsigned i = 0; i < PEAK_SUMS; i++)
        all = vec_add(all, sums[i]);
    vec_want(all);
    return 2.0 * VECTOR_FLOATS * PEAK_SUMS * n;
}
