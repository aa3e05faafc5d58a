/* Kernels of floats that are compiled twice: as fast as they can be, and exactly.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What int8 networks need of them has to give the same bits on every computer (ops/int8.md): their
 * second version, compiled with HRNET_EXACT, rounds every multiplication and every addition by
 * itself, in the order of the C reference. */
#ifndef HRNET_KERNELS_EXACT_H
#define HRNET_KERNELS_EXACT_H

#ifdef HRNET_EXACT
#define HRNET_EXACT_NAME(name) name##_exact
#else
#define HRNET_EXACT_NAME(name) name
#endif

#endif
