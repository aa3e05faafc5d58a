/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static pthread_once_t probe_once = PTHREAD_ONCE_INIT;
static HrnetCpuFeatures probed_features;
static char unknown_level[64];
static size_t probed_l2_bytes = 1 << 20;
static char probed_name[49] = "unknown";

/* Registers that tell what there is (Intel SDM volume 2, CPUID; volume 1, 13.3, XCR0: the state
 * components that the operating system saves). */
typedef struct {
    unsigned leaf1_ecx, leaf7_ebx, leaf7_ecx, leaf7_1_eax, xcr0;
} Registers;

#define OSXSAVE_AVX_FMA_F16C (1u << 27 | 1u << 28 | 1u << 12 | 1u << 29)
#define AVX512_F_DQ_BW_VL    (1u << 16 | 1u << 17 | 1u << 30 | 1u << 31)
#define XCR0_SSE_AVX         0x06u
#define XCR0_AVX512          0xe6u

/* Which bits each feature takes. */
static const struct {
    const char *name;
    bool is_level; /* that HRNET_CPU can ask for: with all features up to the next one */
    Registers bits;
} features[HRNET_CPU_N_FEATURES] = {
    [HRNET_CPU_AVX2] = { "avx2",
                         true,
                         { .leaf1_ecx = OSXSAVE_AVX_FMA_F16C,
                           .leaf7_ebx = 1u << 5,
                           .xcr0 = XCR0_SSE_AVX } },
    [HRNET_CPU_AVX_VNNI] = { "avx-vnni",
                             true,
                             { .leaf1_ecx = OSXSAVE_AVX_FMA_F16C,
                               .leaf7_ebx = 1u << 5,
                               .leaf7_1_eax = 1u << 4,
                               .xcr0 = XCR0_SSE_AVX } },
    [HRNET_CPU_AVX512] = { "avx512",
                           true,
                           { .leaf1_ecx = OSXSAVE_AVX_FMA_F16C,
                             .leaf7_ebx = 1u << 5 | AVX512_F_DQ_BW_VL,
                             .xcr0 = XCR0_AVX512 } },
    [HRNET_CPU_AVX512_VNNI] = { "avx512-vnni",
                                false,
                                { .leaf1_ecx = OSXSAVE_AVX_FMA_F16C,
                                  .leaf7_ebx = 1u << 5 | AVX512_F_DQ_BW_VL,
                                  .leaf7_ecx = 1u << 11,
                                  .xcr0 = XCR0_AVX512 } },
};

#if defined(__x86_64__)

static unsigned read_xcr0(void)
{
    unsigned eax, edx;
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return eax;
}

static Registers read_registers(void)
{
    Registers r = { 0 };
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
        return r;
    r.leaf1_ecx = ecx;
    if (ecx & 1u << 27) /* OSXSAVE: else there is no such instruction */
        r.xcr0 = read_xcr0();
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
        r.leaf7_ebx = ebx;
        r.leaf7_ecx = ecx;
        if (eax >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx))
            r.leaf7_1_eax = eax;
    }
    return r;
}

/* The brand string, CPUID leaves 0x80000002 to 0x80000004. */
static void probe_name(void)
{
    unsigned words[12];
    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                         &words[4 * i + 3]))
            return;
    const char *brand = (const char *)words;
    size_t n = strnlen(brand, sizeof words);
    size_t first = 0;
    while (first < n && brand[first] == ' ')
        first++;
    memcpy(probed_name, brand + first, n - first);
    probed_name[n - first] = '\0';
}

#else

static Registers read_registers(void)
{
    return (Registers){ 0 };
}

static void probe_name(void)
{
}

#endif

static bool has_bits(const Registers *r, const Registers *bits)
{
    return (r->leaf1_ecx & bits->leaf1_ecx) == bits->leaf1_ecx &&
           (r->leaf7_ebx & bits->leaf7_ebx) == bits->leaf7_ebx &&
           (r->leaf7_ecx & bits->leaf7_ecx) == bits->leaf7_ecx &&
           (r->leaf7_1_eax & bits->leaf7_1_eax) == bits->leaf7_1_eax &&
           (r->xcr0 & bits->xcr0) == bits->xcr0;
}

static HrnetCpuFeatures probe_features(void)
{
    const Registers r = read_registers();
    HrnetCpuFeatures found = 0;
    for (unsigned i = 0; i < HRNET_CPU_N_FEATURES; i++)
        found |= has_bits(&r, &features[i].bits) ? 1u << i : 0;
    return found;
}

bool hrnet_cpu_level_features(const char *level, HrnetCpuFeatures *set)
{
    *set = 0;
    if (strcmp(level, "c") == 0)
        return true;
    for (unsigned i = 0; i < HRNET_CPU_N_FEATURES; i++) {
        if (!features[i].is_level || strcmp(level, features[i].name) != 0)
            continue;
        unsigned last = i;
        while (last + 1 < HRNET_CPU_N_FEATURES && !features[last + 1].is_level)
            last++;
        *set = hrnet_cpu_features_up_to((HrnetCpuFeature)last);
        return true;
    }
    return false;
}

static void lower_by_environment(void)
{
    const char *level = getenv("HRNET_CPU");
    HrnetCpuFeatures set;
    if (!level || !*level)
        return;
    if (hrnet_cpu_level_features(level, &set))
        probed_features &= set;
    else
        snprintf(unknown_level, sizeof unknown_level, "%s", level);
}

static void probe(void)
{
    probed_features = probe_features();
    lower_by_environment();
    probe_name();
#ifdef _SC_LEVEL2_CACHE_SIZE
    const long l2_bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    if (l2_bytes > 0)
        probed_l2_bytes = (size_t)l2_bytes;
#endif
}

HrnetCpuFeatures hrnet_cpu_features(void)
{
    pthread_once(&probe_once, probe);
    return probed_features;
}

HrnetCpuFeatures hrnet_cpu_features_up_to(HrnetCpuFeature feature)
{
    return (2u << feature) - 1;
}

const char *hrnet_cpu_feature_name(HrnetCpuFeature feature)
{
    return features[feature].name;
}

const char *hrnet_cpu_level_name(HrnetCpuFeatures set)
{
    for (unsigned i = HRNET_CPU_N_FEATURES; i-- > 0;) {
        if (features[i].is_level && set & 1u << i)
            return features[i].name;
    }
    return "c";
}

const char *hrnet_cpu_unknown_level(void)
{
    pthread_once(&probe_once, probe);
    return *unknown_level ? unknown_level : NULL;
}

const char *hrnet_cpu_name(void)
{
    pthread_once(&probe_once, probe);
    return probed_name;
}

size_t hrnet_cpu_l2_bytes(void)
{
    pthread_once(&probe_once, probe);
    return probed_l2_bytes;
}
