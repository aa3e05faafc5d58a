/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static pthread_once_t probe_once = PTHREAD_ONCE_INIT;
static HrnetIsa probed_isa = HRNET_ISA_C;
static size_t probed_l2_bytes = 1 << 20;
static char probed_name[49] = "unknown";

#if defined(__x86_64__)

/* Bits of XCR0: the state components that the operating system saves (Intel SDM volume 1, 13.3). */
#define XCR0_SSE_AVX 0x06u
#define XCR0_AVX512  0xe6u

static unsigned read_xcr0(void)
{
    unsigned eax, edx;
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return eax;
}

/* Intel SDM volume 2, CPUID: leaf 1 ECX has OSXSAVE (27), AVX (28), FMA (12), F16C (29); leaf 7 EBX
 * has AVX2 (5), AVX512F (16), DQ (17), BW (30), VL (31). */
static HrnetIsa probe_isa(void)
{
    const unsigned leaf1_avx = 1u << 27 | 1u << 28 | 1u << 12 | 1u << 29;
    const unsigned leaf7_avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & leaf1_avx) != leaf1_avx)
        return HRNET_ISA_C;
    const unsigned xcr0 = read_xcr0();
    if ((xcr0 & XCR0_SSE_AVX) != XCR0_SSE_AVX)
        return HRNET_ISA_C;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(ebx & 1u << 5))
        return HRNET_ISA_C;
    if ((ebx & leaf7_avx512) == leaf7_avx512 && (xcr0 & XCR0_AVX512) == XCR0_AVX512)
        return HRNET_ISA_AVX512;
    return HRNET_ISA_AVX2;
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

static HrnetIsa probe_isa(void)
{
    return HRNET_ISA_C;
}

static void probe_name(void)
{
}

#endif

static HrnetIsa lower_by_environment(HrnetIsa isa)
{
    const char *wish = getenv("HRNET_CPU");
    if (!wish)
        return isa;
    for (HrnetIsa lower = HRNET_ISA_C; lower < isa; lower++)
        if (strcmp(wish, hrnet_isa_name(lower)) == 0)
            return lower;
    return isa;
}

static void probe(void)
{
    probed_isa = lower_by_environment(probe_isa());
    probe_name();
#ifdef _SC_LEVEL2_CACHE_SIZE
    const long l2_bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    if (l2_bytes > 0)
        probed_l2_bytes = (size_t)l2_bytes;
#endif
}

HrnetIsa hrnet_cpu_isa(void)
{
    pthread_once(&probe_once, probe);
    return probed_isa;
}

const char *hrnet_isa_name(HrnetIsa isa)
{
    static const char *const names[] = { "c", "avx2", "avx512" };
    return names[isa];
}

unsigned hrnet_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    const int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
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
