/* Several convolutions of bytes in one pass over bands of rows.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * As ops/band.h of floats, whose groups these are: steps have layers, tensors have quads. Of an
 * inner tensor a thread keeps some rows with the padding around them. The bytes are those that the
 * layers make one by one. */
#ifndef HRNET_OPS_INT8_BAND_H
#define HRNET_OPS_INT8_BAND_H

#include "ops/band.h"

/* How the image is cut into bands and where in a thread's scratch everything lies. */
typedef struct {
    unsigned band_rows;                /* of the group's lowest output */
    bool paired[HRNET_BAND_MAX_STEPS]; /* with the step behind it */
    HrnetInt8ConvPlan convs[HRNET_BAND_MAX_STEPS];
    size_t quad_bytes[HRNET_BAND_MAX_TENSORS];   /* of an inner tensor's rows: a quad's plane */
    size_t offset_bytes[HRNET_BAND_MAX_TENSORS]; /* of an inner tensor */
    size_t thread_bytes;
} HrnetInt8BandPlan;

/* For runs by up to n_threads threads. Looks at no tensor's data. */
HrnetInt8BandPlan hrnet_int8_band_plan(const HrnetBandArgs *args, unsigned n_threads);

/* scratch: plan->thread_bytes for each thread, aligned to HRNET_ALIGNMENT. Allocates nothing. */
void hrnet_int8_band_run(const HrnetBandArgs *args, const HrnetInt8BandPlan *plan, uint8_t *scratch,
                         HrnetWorkers *workers);

#endif
