/* Several convolutions in one pass over bands of rows.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A layer whose output is larger than the caches writes it to memory only for the next layer to
 * read it back. Here all layers of a group run on some rows before any of them goes on to the next
 * rows: a thread walks down its share of the image, and of a tensor that only the group's own
 * layers read it keeps no more rows than the layers behind still want. What a layer's 3x3 window
 * reaches over the border of two threads' shares is computed by both.
 *
 * The arithmetic is that of hrnet_conv_run() on whole images, whatever the bands and threads: the
 * results are the same to the bit. */
#ifndef HRNET_OPS_BAND_H
#define HRNET_OPS_BAND_H

#include "ops/conv.h"
#include "ops/int8_conv.h"

#define HRNET_BAND_MAX_STEPS   16
#define HRNET_BAND_MAX_TENSORS (HRNET_BAND_MAX_STEPS + 2)
#define HRNET_BAND_NO_TENSOR   (~0u)

/* out = act(conv(in) + residual); tensors by their number in HrnetBandArgs. */
typedef struct {
    const HrnetConv *conv; /* hrnet_conv_row_step() > 0; NULL in a group of bytes */
    unsigned in, out;
    unsigned residual; /* or HRNET_BAND_NO_TENSOR */
    bool relu;
    const HrnetInt8ConvLayer *layer; /* in a group of bytes (ops/int8_band.h), else NULL */
} HrnetBandStep;

typedef struct {
    /* Of an inner tensor, which steps make and use up, the shape alone counts. The others are what
     * the group reads, and its outputs, which no step may read; none overlaps another. */
    struct {
        HrnetTensor tensor; /* in a group of bytes the shape alone */
        bool inner;
        HrnetQuads quads; /* in a group of bytes */
    } tensors[HRNET_BAND_MAX_TENSORS];
    unsigned n_tensors;
    HrnetBandStep steps[HRNET_BAND_MAX_STEPS]; /* each behind those that make what it reads */
    unsigned n_steps;
} HrnetBandArgs;

/* How the image is cut into bands and where in a thread's scratch everything lies. */
typedef struct {
    unsigned band_rows, n_bands;                  /* rows of the group's lowest output */
    bool paired[HRNET_BAND_MAX_STEPS];            /* runs row by row with the step behind it */
    unsigned capacity[HRNET_BAND_MAX_TENSORS];    /* rows of an inner tensor held at a time */
    size_t plane_floats[HRNET_BAND_MAX_TENSORS];  /* of an inner tensor's rows */
    size_t offset_floats[HRNET_BAND_MAX_TENSORS]; /* of an inner tensor */
    size_t conv_offset_floats, thread_floats;
} HrnetBandPlan;

/* For runs by up to n_threads threads. Looks at no tensor's data. */
HrnetBandPlan hrnet_band_plan(const HrnetBandArgs *args, unsigned n_threads);

/* Whether the inner tensors, which layers one by one would write to memory and read back, are
 * larger than the weights, which a thread reads again for each of its bands. */
bool hrnet_band_pays(const HrnetBandArgs *args, unsigned n_threads);

/* By how much the busiest of so many threads has more multiply-adds than the mean would be if none
 * were made twice, as a share of that: what bands cost where there are few of them for a thread. */
double hrnet_band_overhead(const HrnetBandArgs *args, unsigned band_rows, unsigned n_threads);

/* scratch: plan->thread_floats for each thread, aligned to HRNET_ALIGNMENT. Allocates nothing. */
void hrnet_band_run(const HrnetBandArgs *args, const HrnetBandPlan *plan, float *scratch,
                    HrnetWorkers *workers);

#endif
