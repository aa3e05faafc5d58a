/* A convolution layer of bytes: its packed weights, and running it.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arithmetic is ops/int8.md's. Life of a layer: hrnet_int8_conv_new() packs it for this
 * processor, after which it is immutable and run by any number of plans. */
#ifndef HRNET_OPS_INT8_CONV_H
#define HRNET_OPS_INT8_CONV_H

#include "base/workers.h"
#include "ops/conv.h"
#include "ops/quads.h"

typedef struct HrnetInt8ConvLayer HrnetInt8ConvLayer;

/* numbers: of the shape's channels and kernel. False where hrnet_int8_weights_pack() refuses them;
 * true with *layer NULL when there is no memory. */
bool hrnet_int8_conv_new(const HrnetConvShape *shape, const HrnetInt8Layer *numbers,
                         HrnetInt8ConvLayer **layer);
void hrnet_int8_conv_free(HrnetInt8ConvLayer *layer);
size_t hrnet_int8_conv_bytes(const HrnetInt8ConvLayer *layer);
/* Whether both compute the same: shape and packed numbers, bit by bit. */
bool hrnet_int8_conv_equal(const HrnetInt8ConvLayer *a, const HrnetInt8ConvLayer *b);

const HrnetConvShape *hrnet_int8_conv_shape(const HrnetInt8ConvLayer *layer);

typedef struct {
    const HrnetInt8ConvLayer *layer;
    HrnetQuads in;
    HrnetQuads out;
    bool has_residual;
    HrnetQuads residual; /* of out's shape; may be out itself */
    /* Its data is not NULL: what bytes would be made of goes there as it is, and not to out; there
     * is no residual then. */
    HrnetTensor scores;
} HrnetInt8ConvArgs;

/* How the work is shared out: bands of rows, chunks of output channels. */
typedef struct {
    unsigned n_bands, band_rows;
    unsigned n_chunks, chunk_channels;
    ptrdiff_t taps[9]; /* bytes from the window's middle */
} HrnetInt8ConvPlan;

/* By shapes alone. */
HrnetInt8ConvPlan hrnet_int8_conv_plan(const HrnetInt8ConvArgs *args, unsigned n_threads);

/* Within the caller's turn with the workers. Allocates nothing. */
void hrnet_int8_conv_run(const HrnetInt8ConvArgs *args, const HrnetInt8ConvPlan *plan,
                         HrnetWorkers *workers);
/* Rows first_row..end_row-1 of the output on the calling thread, for a caller with a loop of its
 * own, with the padding that hrnet_quads_pad() writes for them. Sizes in args are the whole
 * picture's; of the tensors' memory no other rows are touched than these, those of the source that
 * they are made of, and the padding next to both, so that data may point to where the picture would
 * begin. */
void hrnet_int8_conv_run_rows(const HrnetInt8ConvArgs *args, const HrnetInt8ConvPlan *plan,
                              unsigned first_row, unsigned end_row);

#endif
