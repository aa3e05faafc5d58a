/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/kernels.h"
#include "kernels/neon/vector.h"
#include "kernels/neon/tile_step.h"
#include "kernels/vector/conv_tile.h"
#include "kernels/vector/conv_stage.h"
#include "kernels/vector/wino4_input.h"
#include "kernels/vector/wino4_product.h"
#include "kernels/vector/wino4_output.h"
#include "kernels/vector/wino4_weights.h"
#include "kernels/vector/wino4s2_input.h"
#include "kernels/vector/wino4s2_weights.h"

const HrnetConvKernels hrnet_conv_kernels_neon = {
    .vector_floats = VECTOR_FLOATS,
    .tile_rows_max = TILE_ROWS_MAX,
    .tile_vectors_max = TILE_VECTORS_MAX,
    .tile = conv_tile,
    .stage = conv_stage,
    .wino4_input = wino4_input,
    .wino4_product = wino4_product,
    .wino4_output = wino4_output,
    .wino4_weights = wino4_weights,
    .wino4s2_input = wino4s2_input,
    .wino4s2_output = wino4s2_output,
    .wino4s2_weights = wino4s2_weights,
};
