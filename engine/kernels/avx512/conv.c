/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/conv_tile.h"
#include "kernels/wino4s2.h"
#include "kernels/avx512/vector.h"
#include "kernels/vector/conv_tile.h"
#include "kernels/vector/conv_stage.h"
#include "kernels/vector/wino4_input.h"
#include "kernels/vector/wino4_product.h"
#include "kernels/vector/wino4_output.h"
#include "kernels/vector/wino4_weights.h"
#include "kernels/vector/wino4s2_input.h"
#include "kernels/vector/wino4s2_weights.h"

void hrnet_conv_tile_f32_avx512(const HrnetConvTile *tile)
{
    conv_tile(tile);
}

void hrnet_conv_stage_f32_avx512(const HrnetConvStage *stage)
{
    conv_stage(stage);
}

void hrnet_wino4_input_f32_avx512(const HrnetWino4Input *input)
{
    wino4_input(input);
}

void hrnet_wino4_product_f32_avx512(const HrnetWino4Product *product)
{
    wino4_product(product);
}

void hrnet_wino4_output_f32_avx512(const HrnetWino4Output *output)
{
    wino4_output(output);
}

void hrnet_wino4_weights_f32_avx512(const HrnetWino4Weights *weights)
{
    wino4_weights(weights);
}

void hrnet_wino4s2_input_f32_avx512(const HrnetWino4S2Input *input)
{
    wino4s2_input(input);
}

void hrnet_wino4s2_output_f32_avx512(const HrnetWino4Output *output)
{
    wino4s2_output(output);
}

void hrnet_wino4s2_weights_f32_avx512(const HrnetWino4S2Weights *weights)
{
    wino4s2_weights(weights);
}
