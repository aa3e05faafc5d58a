/* How many processors the process may use: its affinity mask, and what control groups leave it of
 * them (cgroups(7)).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 4096

/* A group's quota over its period, rounded up, as a count of processors. UINT_MAX: no limit, or
 * none that can be read. */
static unsigned processors(double quota, double period)
{
    if (!(quota > 0 && period > 0 && quota / period < INT_MAX))
        return UINT_MAX;
    const unsigned whole = (unsigned)(quota / period);
    return whole < quota / period ? whole + 1 : whole;
}

static bool read_line(const char *folder, const char *group, const char *name, char *line)
{
    char path[2 * LINE_BYTES];
    const int n = snprintf(path, sizeof path, "%s%s/%s", folder, group, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return false;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    const bool read = fgets(line, LINE_BYTES, file) != NULL;
    fclose(file);
    return read;
}

/* Version 2: "QUOTA PERIOD" or "max PERIOD" in microseconds. */
static unsigned unified_limit(const char *mounts, const char *group)
{
    char line[LINE_BYTES];
    double quota, period;
    if (!read_line(mounts, group, "cpu.max", line) || sscanf(line, "%lf %lf", &quota, &period) != 2)
        return UINT_MAX;
    return processors(quota, period);
}

/* Version 1: each in a file of its own; a quota of -1 is none. */
static unsigned controller_limit(const char *mounts, const char *group)
{
    char folder[LINE_BYTES], quota_line[LINE_BYTES], period_line[LINE_BYTES];
    double quota, period;
    const int n = snprintf(folder, sizeof folder, "%s/cpu", mounts);
    if (n < 0 || (size_t)n >= sizeof folder ||
        !read_line(folder, group, "cpu.cfs_quota_us", quota_line) ||
        !read_line(folder, group, "cpu.cfs_period_us", period_line) ||
        sscanf(quota_line, "%lf", &quota) != 1 || sscanf(period_line, "%lf", &period) != 1)
        return UINT_MAX;
    return processors(quota, period);
}

/* The least of a group and those that it is in, up to the root of what is mounted, which in a
 * container is often the only one of them that is there. Cuts `group` short. */
static unsigned least_limit(unsigned (*limit)(const char *mounts, const char *group),
                            const char *mounts, char *group)
{
    unsigned least = UINT_MAX;
    for (char *end = group + strlen(group);; end = strrchr(group, '/')) {
        if (!end)
            return least;
        *end = '\0';
        const unsigned here = limit(mounts, group);
        least = here < least ? here : least;
        if (!*group)
            return least;
    }
}

static bool has_cpu(const char *controllers, size_t n)
{
    for (const char *end = controllers + n; controllers < end;) {
        const char *comma = memchr(controllers, ',', (size_t)(end - controllers));
        const size_t length = (size_t)((comma ? comma : end) - controllers);
        if (length == 3 && memcmp(controllers, "cpu", 3) == 0)
            return true;
        controllers += length + 1;
    }
    return false;
}

unsigned hrnet_cpu_group_limit(const char *groups, const char *mounts)
{
    FILE *file = fopen(groups, "re");
    if (!file)
        return UINT_MAX;
    unsigned least = UINT_MAX;
    char line[LINE_BYTES];
    /* "HIERARCHY:CONTROLLERS:GROUP"; version 2 is hierarchy 0, without controllers */
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        const size_t n = (size_t)(group - ++controllers);
        unsigned here = UINT_MAX;
        if (n == 0)
            here = least_limit(unified_limit, mounts, group + 1);
        else if (has_cpu(controllers, n))
            here = least_limit(controller_limit, mounts, group + 1);
        least = here < least ? here : least;
    }
    fclose(file);
    return least;
}

unsigned hrnet_cpu_count(void)
{
    cpu_set_t set;
    const int in_mask = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    const unsigned n = in_mask > 0 ? (unsigned)in_mask : 1;
    const unsigned limit = hrnet_cpu_group_limit("/proc/self/cgroup", "/sys/fs/cgroup");
    return limit < n ? limit : n;
}
