/* A convolution layer's numbers, quantised and packed for the kernels of bytes.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is computed here, once when a model is loaded, is part of the arithmetic that ops/int8.md
 * lays down: in double, in a stated order, so that the packed numbers are the same on every
 * computer. */
#ifndef HRNET_OPS_INT8_WEIGHTS_H
#define HRNET_OPS_INT8_WEIGHTS_H

#include "kernels/int8_kernels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tensor of bytes: the number that byte q stands for is (q - zero_point) * scale. */
typedef struct {
    double scale; /* > 0 */
    unsigned zero_point;
} HrnetInt8Range;

/* The range of a tensor whose numbers lie in low..high: 0 is among them, and stands for itself
 * exactly. Numbers that are never negative get zero point 0, which makes the clamp of a result at
 * 0 its ReLU. */
HrnetInt8Range hrnet_int8_range(double low, double high);

typedef struct {
    unsigned in_channels, out_channels;
    unsigned kernel;      /* 1 or 3 */
    const float *weights; /* out x in x kernel x kernel */
    const float *bias;    /* out, or NULL for zeros */
    HrnetInt8Range in, out;
    const HrnetInt8Range *residual; /* NULL = there is none */
    /* NULL, or a zero point for each source channel, which need be no integer, in place of in's. */
    const double *in_zeros;
} HrnetInt8Layer;

/* Bytes of the packed weights; rows of bias and scale, a multiple of HRNET_QUAD. */
size_t hrnet_int8_weights_bytes(const HrnetInt8Layer *layer, const HrnetInt8Kernels *kernels);
unsigned hrnet_int8_padded_rows(unsigned out_channels);

/* Fills in all three for kernels, and the residual's factor (0 where there is none). False where
 * the layer can't be computed in int8: more than HRNET_INT8_TERMS_MAX terms, numbers that are not
 * finite, or ranges so far apart that a result could leave what HrnetInt8Conv promises. */
bool hrnet_int8_weights_pack(const HrnetInt8Layer *layer, const HrnetInt8Kernels *kernels,
                             void *weights, int32_t *bias, float *scale, float *residual_scale);

#endif
