/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/histogram.h"

#include <math.h>
#include <string.h>

#define HALF_BINS  (HRNET_HISTOGRAM_BINS / 2)
#define CANDIDATES 100 /* ends of ranges that are tried, evenly from the farthest number to 0 */
#define ROUNDS     3
#define STEPS      255.0
#define SMALLEST   1e-30 /* what is nearer to 0 counts as 0 */

static void widen(HrnetHistogram *h)
{
    guint64 counts[HRNET_HISTOGRAM_BINS] = { 0 };
    for (guint i = 0; i < HRNET_HISTOGRAM_BINS; i++)
        counts[HALF_BINS / 2 + i / 2] += h->counts[i];
    memcpy(h->counts, counts, sizeof counts);
    h->bin_width *= 2;
}

static void make_room(HrnetHistogram *h, gdouble low, gdouble high)
{
    const gdouble farthest = MAX(-low, high);
    if (farthest < SMALLEST)
        return;
    if (h->bin_width == 0) {
        h->bin_width = exp2(ceil(log2(farthest / HALF_BINS)) - 1);
        /* Zeros that were counted before lie in the same bin at any width. */
    }
    while (farthest >= h->bin_width * (HALF_BINS - 1))
        widen(h);
}

void hrnet_histogram_add(HrnetHistogram *h, const gfloat *values, gsize n)
{
    gfloat low = 0, high = 0;
    for (gsize i = 0; i < n; i++) {
        low = MIN(low, values[i]);
        high = MAX(high, values[i]);
    }
    make_room(h, (gdouble)low, (gdouble)high);
    h->low = MIN(h->low, (gdouble)low);
    h->high = MAX(h->high, (gdouble)high);
    const gfloat per_number = h->bin_width > 0 ? (gfloat)(1 / h->bin_width) : 0;
    for (gsize i = 0; i < n; i++)
        h->counts[(gint)(values[i] * per_number + HALF_BINS)]++;
}

static gdouble middle_of(const HrnetHistogram *h, guint bin)
{
    return ((gdouble)bin - HALF_BINS + 0.5) * h->bin_width;
}

void hrnet_histogram_merge(HrnetHistogram *h, const HrnetHistogram *from, gdouble factor)
{
    const gdouble low = from->low * factor, high = from->high * factor;
    make_room(h, low, high);
    h->low = MIN(h->low, low);
    h->high = MAX(h->high, high);
    for (guint i = 0; i < HRNET_HISTOGRAM_BINS; i++) {
        const gdouble number = middle_of(from, i) * factor;
        const gboolean is_zero = i == HALF_BINS || h->bin_width == 0;
        if (from->counts[i] > 0)
            h->counts[is_zero ? HALF_BINS : (gint)(number / h->bin_width + HALF_BINS)] +=
                from->counts[i];
    }
}

/* The squared error of all numbers for a range: rounding inside, clamping outside. */
static gdouble error_of(const HrnetHistogram *h, gdouble low, gdouble high)
{
    const gdouble step = (high - low) / STEPS;
    gdouble inside = 0, sum = 0;
    for (guint i = 0; i < HRNET_HISTOGRAM_BINS; i++) {
        const gdouble number = middle_of(h, i);
        const gdouble beyond = number > high ? number - high : number < low ? low - number : 0;
        if (h->counts[i] == 0 || i == HALF_BINS) /* 0 itself is exact */
            continue;
        if (beyond > 0)
            sum += (gdouble)h->counts[i] * beyond * beyond;
        else
            inside += (gdouble)h->counts[i];
    }
    return sum + inside * step * step / 12;
}

/* The better of *end and its candidates, the other end staying as it is. */
static void choose_end(const HrnetHistogram *h, gdouble farthest, gdouble *end, gdouble *low,
                       gdouble *high)
{
    gdouble best = *end, least = error_of(h, *low, *high);
    for (guint i = 1; i <= CANDIDATES; i++) {
        *end = farthest * i / CANDIDATES;
        const gdouble error = error_of(h, *low, *high);
        if (error < least) {
            least = error;
            best = *end;
        }
    }
    *end = best;
}

HrnetInt8Span hrnet_histogram_span(const HrnetHistogram *h)
{
    HrnetInt8Span span = { h->low, h->high };
    for (guint round = 0; round < ROUNDS && h->bin_width > 0; round++) {
        if (h->high > 0)
            choose_end(h, h->high, &span.high, &span.low, &span.high);
        if (h->low < 0)
            choose_end(h, h->low, &span.low, &span.low, &span.high);
    }
    return span;
}
