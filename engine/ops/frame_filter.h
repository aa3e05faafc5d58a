/* The weights of an antialiased resize along one axis, chroma's way to luma's positions included.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The filter is that of PyTorch's F.interpolate(mode="bilinear", antialias=True,
 * align_corners=False): a triangle reaching max(n_in / n_out, 1) to each side, cut at the border,
 * its weights summing to 1.
 *
 * Chroma of half the samples is brought to luma's positions by linear interpolation between the
 * samples where they sit, the border repeated, before that filter. Both are linear and so are one
 * filter over the chroma samples themselves, which is what is made here: no full-size chroma is
 * ever made. */
#ifndef HRNET_OPS_FRAME_FILTER_H
#define HRNET_OPS_FRAME_FILTER_H

#include "kernels/frame_kernels.h"

#include <stdbool.h>

typedef enum {
    HRNET_SITING_FULL,   /* a sample a pixel */
    HRNET_SITING_FIRST,  /* ceil(n / 2) samples, on pixels 0, 2, 4, ... */
    HRNET_SITING_BETWEEN /* ceil(n / 2) samples, between pixels 0 and 1, 2 and 3, ... */
} HrnetSiting;

/* out[o] = sum over k < counts[o] of weights[o * max_taps + k] * in[starts[o] + k]. starts never
 * fall. */
typedef struct {
    unsigned n_samples; /* of the input: pixels, or chroma samples */
    unsigned n_out;
    unsigned max_taps;
    int32_t *starts;
    uint32_t *counts;
    float *weights;
} HrnetAxisFilter;

/* n_pixels: of the frame, whatever the siting. False where there is no memory; clear it all the
 * same. */
bool hrnet_axis_filter_init(HrnetAxisFilter *filter, unsigned n_pixels, unsigned n_out,
                            HrnetSiting siting);
void hrnet_axis_filter_clear(HrnetAxisFilter *filter);

/* The same filter in the form of the horizontal kernel; *memory owns what columns points to and is
 * freed by hrnet_aligned_free(). False where there is no memory. */
bool hrnet_filter_columns_init(HrnetFilterColumns *columns, void **memory,
                               const HrnetAxisFilter *filter);

#endif
