/* What a 64-bit ARM processor has, as the kernel tells it (Linux,
 * Documentation/arch/arm64/elf_hwcaps and cpu-feature-registers).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu_probe.h"

#include <stdio.h>

#ifdef __linux__
#include <sys/auxv.h>
#endif

/* Bits of AT_HWCAP. */
#define HAS_ASIMD   (1ul << 1)
#define HAS_CPUID   (1ul << 11) /* the kernel answers reads of MIDR_EL1 */
#define HAS_ASIMDDP (1ul << 20)

static unsigned long hardware_bits(void)
{
#ifdef __linux__
    return getauxval(AT_HWCAP);
#else
    return HAS_ASIMD; /* which every 64-bit ARM processor that runs an operating system has */
#endif
}

HrnetCpuFeatures hrnet_cpu_probe_features(void)
{
    const unsigned long bits = hardware_bits();
    HrnetCpuFeatures found = 0;
    if (bits & HAS_ASIMD)
        found |= 1u << HRNET_CPU_NEON;
    if (bits & HAS_ASIMD && bits & HAS_ASIMDDP)
        found |= 1u << HRNET_CPU_NEON_DOTPROD;
    return found;
}

#define ARM_LIMITED 0x41

/* Of MIDR_EL1, bits 4 to 15, for Arm's own (implementer 0x41). */
static const struct {
    unsigned part;
    const char *name;
} arm_parts[] = {
    { 0xd03, "Cortex-A53" },  { 0xd04, "Cortex-A35" },  { 0xd05, "Cortex-A55" },
    { 0xd07, "Cortex-A57" },  { 0xd08, "Cortex-A72" },  { 0xd09, "Cortex-A73" },
    { 0xd0a, "Cortex-A75" },  { 0xd0b, "Cortex-A76" },  { 0xd0c, "Neoverse-N1" },
    { 0xd0d, "Cortex-A77" },  { 0xd40, "Neoverse-V1" }, { 0xd41, "Cortex-A78" },
    { 0xd44, "Cortex-X1" },   { 0xd46, "Cortex-A510" }, { 0xd47, "Cortex-A710" },
    { 0xd49, "Neoverse-N2" }, { 0xd4d, "Cortex-A715" }, { 0xd4f, "Neoverse-V2" },
    { 0xd80, "Cortex-A520" }, { 0xd81, "Cortex-A720" },
};

/* Where cores differ, of the one that this runs on. */
void hrnet_cpu_probe_name(char name[HRNET_CPU_NAME_BYTES])
{
    if (!(hardware_bits() & HAS_CPUID))
        return;
    unsigned long register_value;
    __asm__("mrs %0, MIDR_EL1" : "=r"(register_value));
    const unsigned implementer = register_value >> 24 & 0xff, part = register_value >> 4 & 0xfff;
    for (unsigned i = 0; i < sizeof arm_parts / sizeof *arm_parts; i++) {
        if (implementer == ARM_LIMITED && part == arm_parts[i].part) {
            snprintf(name, HRNET_CPU_NAME_BYTES, "%s", arm_parts[i].name);
            return;
        }
    }
    snprintf(name, HRNET_CPU_NAME_BYTES, "ARM implementer 0x%02x part 0x%03x", implementer, part);
}
