/* Times and memory of this process.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TOOLS_MEASURE_H
#define HRNET_TOOLS_MEASURE_H

#include <glib.h>

/* Milliseconds of a clock that only goes forward. */
gdouble measure_now_ms(void);

/* Milliseconds that all of the process's threads have spent computing so far. */
gdouble measure_cpu_ms(void);

/* The middle one of `n` >= 1 values, the mean of the middle two where n is even. Sorts them. */
gdouble measure_median(gdouble *values, guint n);

/* Bytes of memory that the process has resident now, and the most that it has had. 0 where /proc
 * does not say. */
gsize measure_resident(void);
gsize measure_peak_resident(void);

/* Lets measure_peak_resident() start anew from here, where the system can. */
void measure_forget_peak(void);

#endif
