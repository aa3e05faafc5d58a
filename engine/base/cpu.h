/* What the CPU and the operating system offer to the kernels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_BASE_CPU_H
#define HRNET_BASE_CPU_H

#include <stddef.h>

/* Instruction sets that kernels are written for, each including the ones before it on its
 * architecture. */
typedef enum {
    HRNET_ISA_C,      /* portable C */
    HRNET_ISA_AVX2,   /* x86-64: AVX2, FMA, F16C */
    HRNET_ISA_AVX512, /* x86-64: AVX-512 F, BW, DQ, VL besides */
} HrnetIsa;

/* The best instruction set that CPU and operating system both support (XCR0 says whether the
 * registers are saved), lowered by the environment variable HRNET_CPU=c|avx2|avx512. Asking for
 * more than there is gives what there is. Read once; any thread. */
HrnetIsa hrnet_cpu_isa(void);

/* "c", "avx2", "avx512". */
const char *hrnet_isa_name(HrnetIsa isa);

/* Processors this process may run on (its affinity mask), at least 1. */
unsigned hrnet_cpu_count(void);

/* The processor's own name, "unknown" where it cannot be told. Static storage. */
const char *hrnet_cpu_name(void);

/* Size of one core's second-level cache in bytes; 1 MiB where it cannot be told. */
size_t hrnet_cpu_l2_bytes(void);

#endif
