/* What the CPU and the operating system offer to the kernels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_BASE_CPU_H
#define HRNET_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* Extensions that kernels are written for, in the order in which one's kernels go over those of
 * the ones before. */
typedef enum {
    HRNET_CPU_AVX2,         /* x86-64: AVX2, FMA, F16C */
    HRNET_CPU_AVX_VNNI,     /* x86-64: AVX-VNNI, the dot products of bytes for vectors of AVX2 */
    HRNET_CPU_AVX512,       /* x86-64: AVX-512 F, BW, DQ, VL */
    HRNET_CPU_AVX512_VNNI,  /* x86-64: AVX-512 VNNI, the dot products of bytes */
    HRNET_CPU_NEON,         /* AArch64: Advanced SIMD */
    HRNET_CPU_NEON_DOTPROD, /* AArch64: FEAT_DotProd, the dot products of bytes */
    HRNET_CPU_N_FEATURES
} HrnetCpuFeature;

/* A set of features: bit 1 << feature for each. The empty set is portable C. */
typedef unsigned HrnetCpuFeatures;

/* What CPU and operating system both support (XCR0 or AT_HWCAP say so), lowered to the level that
 * the environment variable HRNET_CPU names: c, avx2 (without AVX-VNNI), avx-vnni or avx512 (with
 * all); neon (without dot products) or neon-dotprod. Asking for more than there is gives what there
 * is, and so does a name that is no level of the architecture. Read once; any thread. */
HrnetCpuFeatures hrnet_cpu_features(void);

/* The feature and all of its architecture before it in the enumeration. */
HrnetCpuFeatures hrnet_cpu_features_up_to(HrnetCpuFeature feature);

/* "avx2", "avx-vnni", "avx512", "avx512-vnni", "neon", "neon-dotprod". */
const char *hrnet_cpu_feature_name(HrnetCpuFeature feature);

/* The highest level that the features reach: "c", "avx2", "avx-vnni", "avx512"; "neon",
 * "neon-dotprod". */
const char *hrnet_cpu_level_name(HrnetCpuFeatures features);

/* Those that a level of this architecture allows, each there or not. False, and the empty set, if
 * it is none. */
bool hrnet_cpu_level_features(const char *level, HrnetCpuFeatures *features);

/* What HRNET_CPU asks for if that is no level at all, else NULL. Static storage. */
const char *hrnet_cpu_unknown_level(void);

/* All levels of this architecture, as text for messages. */
#if defined(__x86_64__)
#define HRNET_CPU_LEVELS "c, avx2, avx-vnni, avx512"
#elif defined(__aarch64__)
#define HRNET_CPU_LEVELS "c, neon, neon-dotprod"
#else
#define HRNET_CPU_LEVELS "c"
#endif

/* Processors that the calling thread may use, at least 1: those in its affinity mask, and no more
 * than its control group's quota lasts for, rounded up. Found anew at every call; any thread. */
unsigned hrnet_cpu_count(void);

/* The least quota of the control groups that the file `groups` (/proc/self/cgroup) names, and of
 * those that these are in, in processors, rounded up; UINT_MAX without one. `mounts` is where they
 * are (/sys/fs/cgroup): version 2 in itself, version 1 in its folder cpu. */
unsigned hrnet_cpu_group_limit(const char *groups, const char *mounts);

/* The processor's own name, "unknown" where it cannot be told. Static storage. */
const char *hrnet_cpu_name(void);

/* Size of one core's second-level cache in bytes; 1 MiB where it cannot be told. */
size_t hrnet_cpu_l2_bytes(void);

#endif
