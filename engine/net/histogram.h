/* What numbers a channel or a tensor holds over many runs, and the range that bytes had best stand
 * for.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_HISTOGRAM_H
#define HRNET_NET_HISTOGRAM_H

#include "net/int8_ranges.h"

#define HRNET_HISTOGRAM_BINS 1024

/* Bins of equal width around 0; the width doubles, two bins becoming one, whenever a number would
 * lie outside. All zeros at first. */
typedef struct {
    gdouble bin_width; /* a power of two; 0 = nothing but zeros so far */
    gdouble low, high; /* of all numbers, and 0 */
    guint64 counts[HRNET_HISTOGRAM_BINS];
} HrnetHistogram;

/* The numbers have to be finite. */
void hrnet_histogram_add(HrnetHistogram *histogram, const gfloat *values, gsize n);
/* Adds those that another one holds, times a factor > 0. */
void hrnet_histogram_merge(HrnetHistogram *histogram, const HrnetHistogram *from, gdouble factor);

/* The range whose 256 bytes leave the least mean squared error: numbers outside of it are clamped,
 * and those inside are the better told apart, the narrower it is. */
HrnetInt8Span hrnet_histogram_span(const HrnetHistogram *histogram);

#endif
