/* A harness that checks kernels against their C references.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A check makes each buffer of a kernel with guarded_new(), gives the C reference and the kernel
 * copies of the same output, and compares the two whole, gaps between rows and planes included:
 *
 *   static void check_scale(const HrnetKernels *kernels)
 *   {
 *       g_autoptr(GRand) rand = g_rand_new_with_seed(1);
 *       for (unsigned n = 1; n < 70; n++) {
 *           Guarded in = guarded_new_floats(n, 0), out = guarded_new_floats(n, 0);
 *           guarded_randomise(&in, rand);
 *           Guarded expected = guarded_copy(&out);
 *           guarded_case("n %u", n);
 *           hrnet_scale_f32_c(expected.floats, in.floats, n);
 *           kernels->scale(out.floats, in.floats, n);
 *           guarded_compare_floats(&out, &expected, 1e-6);
 *           guarded_close(&in), guarded_close(&out), guarded_close(&expected);
 *       }
 *   }
 *   ...
 *   guarded_add_check("/scale", check_scale);
 *
 * What is wrong ends the program with a message that tells the case. One thread alone. */
#ifndef TESTS_KERNELS_GUARDED_H
#define TESTS_KERNELS_GUARDED_H

#include "kernels/kernels.h"

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Memory of exactly n_bytes, all of it NaN to begin with, next to a page that can be neither read
 * nor written. guarded_add_check() runs every check with that page behind the memory, which then
 * has whatever alignment its size leaves it, and with that page before it, at a page's start. What
 * is on the other side is looked over by guarded_close(). */
typedef struct {
    union {
        float *floats;
        uint8_t *bytes;
    };
    size_t n_bytes;
    /* private */
    uint8_t *mapping;
    size_t mapping_bytes;
} Guarded;

/* over_read_bytes: how far behind the end the kernel may read; NaNs are there, which it may not
 * use. */
Guarded guarded_new(size_t n_bytes, size_t over_read_bytes);
Guarded guarded_new_floats(size_t n, size_t over_read_floats);
/* For a kernel that demands alignment to 64 bytes; n is rounded up to whole vectors of 16. */
Guarded guarded_new_aligned_floats(size_t n);
/* Other memory with the same in it. No over-read. */
Guarded guarded_copy(const Guarded *guarded);
/* Looks for writes outside of the memory, and frees it. */
void guarded_close(Guarded *guarded);

/* Floats in -1..1; bytes of any value. */
void guarded_randomise(Guarded *guarded, GRand *rand);
void guarded_randomise_floats(float *floats, size_t n, GRand *rand);
void guarded_randomise_bytes(Guarded *guarded, GRand *rand);

/* Every float of got is expected's bit by bit, NaNs that were left alone included, or a number
 * within tolerance of it. */
void guarded_compare_floats(const Guarded *got, const Guarded *expected, double tolerance);
void guarded_compare_bytes(const Guarded *got, const Guarded *expected);

/* What is being checked, for the message if it fails or crashes. */
void guarded_case(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Adds the test PATH/c, whose contract of reading and writing is checked as well, and PATH/FEATURE
 * for every feature that this CPU has and HRNET_CPU lets through, with the kernels of those up to
 * it; not for one that brings no kernels. */
void guarded_add_check(const char *path, void (*check)(const HrnetKernels *kernels));

#endif
