/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

gdouble measure_now_ms(void)
{
    return (gdouble)g_get_monotonic_time() / 1e3;
}

gdouble measure_cpu_ms(void)
{
    struct timespec spent = { 0 };

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (gdouble)spent.tv_sec * 1e3 + (gdouble)spent.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    const gdouble x = *(const gdouble *)a, y = *(const gdouble *)b;

    return (x > y) - (x < y);
}

gdouble measure_median(gdouble *values, guint n)
{
    qsort(values, n, sizeof *values, compare);
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/* A line of /proc/self/status: "VmRSS:     1234 kB". */
static gsize read_status(const gchar *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    gchar line[256];
    gsize bytes = 0;

    while (file && fgets(line, sizeof line, file))
        if (g_str_has_prefix(line, field))
            bytes = 1024 * (gsize)g_ascii_strtoull(line + strlen(field), NULL, 10);
    if (file)
        fclose(file);
    return bytes;
}

gsize measure_resident(void)
{
    return read_status("VmRSS:\t");
}

gsize measure_peak_resident(void)
{
    return read_status("VmHWM:\t");
}

/* proc(5): writing 5 sets the peak back to what is resident now. */
void measure_forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");

    if (!file)
        return;
    fputs("5", file);
    fclose(file);
}
