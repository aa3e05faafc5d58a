/* The convolution kernels of this process's instruction set.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_CONV_KERNELS_H
#define HRNET_KERNELS_CONV_KERNELS_H

#include "base/cpu.h"
#include "kernels/conv_tile.h"
#include "kernels/wino4s2.h"

typedef struct {
    unsigned vector_floats;    /* floats of a vector */
    unsigned tile_rows_max;    /* rows of a register tile */
    unsigned tile_vectors_max; /* its vectors */
    void (*tile)(const HrnetConvTile *tile);
    void (*stage)(const HrnetConvStage *stage);
    void (*wino4_input)(const HrnetWino4Input *input);
    void (*wino4_product)(const HrnetWino4Product *product);
    void (*wino4_output)(const HrnetWino4Output *output);
    void (*wino4_weights)(const HrnetWino4Weights *weights);
    void (*wino4s2_input)(const HrnetWino4S2Input *input);
    void (*wino4s2_output)(const HrnetWino4Output *output);
    void (*wino4s2_weights)(const HrnetWino4S2Weights *weights);
} HrnetConvKernels;

/* Static, for hrnet_cpu_isa(). Any thread. */
const HrnetConvKernels *hrnet_conv_kernels(void);

/* For any instruction set; those that this build or architecture lacks are the C ones. */
const HrnetConvKernels *hrnet_conv_kernels_for(HrnetIsa isa);

#endif
