/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu.h"
#include "base/cpu_probe.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_once_t probe_once = PTHREAD_ONCE_INIT;
static HrnetCpuFeatures probed_features;
static char unknown_level[64];
static size_t probed_l2_bytes = 1 << 20;
static char probed_name[HRNET_CPU_NAME_BYTES] = "unknown";

static const struct {
    const char *name;
    bool is_level; /* that HRNET_CPU can ask for: with all features up to the next one */
} features[HRNET_CPU_N_FEATURES] = {
    [HRNET_CPU_AVX2] = { "avx2", true },     [HRNET_CPU_AVX_VNNI] = { "avx-vnni", true },
    [HRNET_CPU_AVX512] = { "avx512", true }, [HRNET_CPU_AVX512_VNNI] = { "avx512-vnni", false },
    [HRNET_CPU_NEON] = { "neon", true },     [HRNET_CPU_NEON_DOTPROD] = { "neon-dotprod", true },
};

/* Those of the architecture: from FIRST_FEATURE on, before END_FEATURE. */
#if defined(__x86_64__)
#define FIRST_FEATURE HRNET_CPU_AVX2
#define END_FEATURE   HRNET_CPU_NEON
#elif defined(__aarch64__)
#define FIRST_FEATURE HRNET_CPU_NEON
#define END_FEATURE   HRNET_CPU_N_FEATURES
#else
#define FIRST_FEATURE HRNET_CPU_N_FEATURES
#define END_FEATURE   HRNET_CPU_N_FEATURES
#endif

bool hrnet_cpu_level_features(const char *level, HrnetCpuFeatures *set)
{
    *set = 0;
    if (strcmp(level, "c") == 0)
        return true;
    for (unsigned i = FIRST_FEATURE; i < END_FEATURE; i++) {
        if (!features[i].is_level || strcmp(level, features[i].name) != 0)
            continue;
        unsigned last = i;
        while (last + 1 < END_FEATURE && !features[last + 1].is_level)
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
    probed_features = hrnet_cpu_probe_features();
    lower_by_environment();
    hrnet_cpu_probe_name(probed_name);
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
    return ((2u << feature) - 1) & ~((1u << FIRST_FEATURE) - 1);
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
