/* What a convolution layer is made of, shared by the files that implement the algorithms.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_CONV_LAYER_H
#define HRNET_OPS_CONV_LAYER_H

#include "ops/conv.h"

typedef struct HrnetConvMethod HrnetConvMethod;

struct HrnetConv {
    HrnetConvShape shape;
    const HrnetConvMethod *method;
    float *bias;   /* out_channels */
    float *packed; /* method->packed_floats() */
    void *owned;   /* the memory of both, NULL where it is the caller's */
};

/* One algorithm. */
struct HrnetConvMethod {
    HrnetConvAlgorithm algorithm;
    /* Whether it can do the shape on this CPU. */
    bool (*supports)(const HrnetConvShape *shape);
    size_t (*packed_floats)(const HrnetConvShape *shape);
    /* weights: out x in x kernel x kernel. */
    void (*pack)(const HrnetConvShape *shape, const float *weights, float *packed);
    size_t (*scratch_floats)(const HrnetConv *conv, unsigned height, unsigned width,
                             unsigned n_threads);
    void (*run)(const HrnetConv *conv, const HrnetConvArgs *args, HrnetWorkers *workers);
    /* For hrnet_conv_run_rows(); NULL and 0 where there is none. */
    unsigned row_step;
    size_t (*rows_scratch_floats)(const HrnetConv *conv, unsigned width, unsigned n_rows);
    void (*run_rows)(const HrnetConv *conv, const HrnetConvArgs *args, unsigned first_row,
                     unsigned end_row);
};

extern const HrnetConvMethod hrnet_conv_method_reference;
extern const HrnetConvMethod hrnet_conv_method_gemm;
extern const HrnetConvMethod hrnet_conv_method_direct;
extern const HrnetConvMethod hrnet_conv_method_wino4;

/* Zeros before the first row (column) of an input of n rows (columns). */
unsigned hrnet_conv_pad_before(const HrnetConvShape *shape, unsigned n);

/* Output channels of a register tile for a layer of so many: how the tile kernels' weights are
 * grouped. */
unsigned hrnet_conv_block_rows(unsigned out_channels);

/* Floats of the plain weights: out x in x kernel x kernel. */
size_t hrnet_conv_weight_floats(const HrnetConvShape *shape);

#endif
