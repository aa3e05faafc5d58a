/* What an x86-64 processor has, by CPUID.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu_probe.h"

#include <cpuid.h>
#include <stdbool.h>
#include <string.h>

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
static const Registers bits_of_feature[] = {
    [HRNET_CPU_AVX2] = { .leaf1_ecx = OSXSAVE_AVX_FMA_F16C,
                         .leaf7_ebx = 1u << 5,
                         .xcr0 = XCR0_SSE_AVX },
    [HRNET_CPU_AVX_VNNI] = { .leaf1_ecx = OSXSAVE_AVX_FMA_F16C,
                             .leaf7_ebx = 1u << 5,
                             .leaf7_1_eax = 1u << 4,
                             .xcr0 = XCR0_SSE_AVX },
    [HRNET_CPU_AVX512] = { .leaf1_ecx = OSXSAVE_AVX_FMA_F16C,
                           .leaf7_ebx = 1u << 5 | AVX512_F_DQ_BW_VL,
                           .xcr0 = XCR0_AVX512 },
    [HRNET_CPU_AVX512_VNNI] = { .leaf1_ecx = OSXSAVE_AVX_FMA_F16C,
                                .leaf7_ebx = 1u << 5 | AVX512_F_DQ_BW_VL,
                                .leaf7_ecx = 1u << 11,
                                .xcr0 = XCR0_AVX512 },
};

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
void hrnet_cpu_probe_name(char name[HRNET_CPU_NAME_BYTES])
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
    memcpy(name, brand + first, n - first);
    name[n - first] = '\0';
}

static bool has_bits(const Registers *r, const Registers *bits)
{
    return (r->leaf1_ecx & bits->leaf1_ecx) == bits->leaf1_ecx &&
           (r->leaf7_ebx & bits->leaf7_ebx) == bits->leaf7_ebx &&
           (r->leaf7_ecx & bits->leaf7_ecx) == bits->leaf7_ecx &&
           (r->leaf7_1_eax & bits->leaf7_1_eax) == bits->leaf7_1_eax &&
           (r->xcr0 & bits->xcr0) == bits->xcr0;
}

HrnetCpuFeatures hrnet_cpu_probe_features(void)
{
    const Registers r = read_registers();
    HrnetCpuFeatures found = 0;
    for (unsigned i = 0; i < sizeof bits_of_feature / sizeof *bits_of_feature; i++)
        found |= has_bits(&r, &bits_of_feature[i]) ? 1u << i : 0;
    return found;
}
