/* The kernels of convolutions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_CONV_KERNELS_H
#define HRNET_KERNELS_CONV_KERNELS_H

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

#endif
