/* Faults on demand, for the tests of what happens then.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetfault.h"

#include <string.h>

/* The text of an item of HRNET_FAULT after its name, or NULL. */
static const gchar *find(const gchar *name)
{
    const gchar *list = g_getenv("HRNET_FAULT");
    const gchar *item = list ? strstr(list, name) : NULL;

    return item ? item + strlen(name) : NULL;
}

gboolean gst_hrnet_fault_strikes(void)
{
    static gint n_runs;
    const gint run = g_atomic_int_add(&n_runs, 1) + 1;
    const gchar *text = find("run:");
    gchar *end;
    gint64 first;

    if (!text)
        return FALSE;
    first = g_ascii_strtoll(text, &end, 10);
    return *end == '-' ? run >= first : run == first;
}

/* The process's n-th of its kind, which began at `start`, by the item MS or MSxN of a name. */
static void delay(const gchar *name, gint n, GstClockTime start)
{
    const gchar *text = find(name);
    GstClockTime least, taken;
    gchar *end;

    if (!text)
        return;
    least = (GstClockTime)g_ascii_strtoll(text, &end, 10) * GST_MSECOND;
    taken = gst_util_get_timestamp() - start;
    if (taken < least && (*end != 'x' || n <= g_ascii_strtoll(end + 1, NULL, 10)))
        g_usleep((gulong)((least - taken) / GST_USECOND));
}

void gst_hrnet_fault_delay(GstClockTime start)
{
    static gint n_runs;

    delay("slow:", g_atomic_int_add(&n_runs, 1) + 1, start);
}

void gst_hrnet_fault_delay_free(GstClockTime start)
{
    static gint n_frees;

    delay("free:", g_atomic_int_add(&n_frees, 1) + 1, start);
}
