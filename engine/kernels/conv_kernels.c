/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/conv_kernels.h"

static const HrnetConvKernels kernels_c = {
    .vector_floats = 16,
    .tile_rows_max = 8,
    .tile_vectors_max = 3,
    .tile = hrnet_conv_tile_f32_c,
    .stage = hrnet_conv_stage_f32_c,
    .wino4_input = hrnet_wino4_input_f32_c,
    .wino4_product = hrnet_wino4_product_f32_c,
    .wino4_output = hrnet_wino4_output_f32_c,
    .wino4_weights = hrnet_wino4_weights_f32_c,
    .wino4s2_input = hrnet_wino4s2_input_f32_c,
    .wino4s2_output = hrnet_wino4s2_output_f32_c,
    .wino4s2_weights = hrnet_wino4s2_weights_f32_c,
};

#if defined(__x86_64__)

static const HrnetConvKernels kernels_avx2 = {
    .vector_floats = 8,
    .tile_rows_max = 4,
    .tile_vectors_max = 3,
    .tile = hrnet_conv_tile_f32_avx2,
    .stage = hrnet_conv_stage_f32_avx2,
    .wino4_input = hrnet_wino4_input_f32_avx2,
    .wino4_product = hrnet_wino4_product_f32_avx2,
    .wino4_output = hrnet_wino4_output_f32_avx2,
    .wino4_weights = hrnet_wino4_weights_f32_avx2,
    .wino4s2_input = hrnet_wino4s2_input_f32_avx2,
    .wino4s2_output = hrnet_wino4s2_output_f32_avx2,
    .wino4s2_weights = hrnet_wino4s2_weights_f32_avx2,
};

static const HrnetConvKernels kernels_avx512 = {
    .vector_floats = 16,
    .tile_rows_max = 9,
    .tile_vectors_max = 3,
    .tile = hrnet_conv_tile_f32_avx512,
    .stage = hrnet_conv_stage_f32_avx512,
    .wino4_input = hrnet_wino4_input_f32_avx512,
    .wino4_product = hrnet_wino4_product_f32_avx512,
    .wino4_output = hrnet_wino4_output_f32_avx512,
    .wino4_weights = hrnet_wino4_weights_f32_avx512,
    .wino4s2_input = hrnet_wino4s2_input_f32_avx512,
    .wino4s2_output = hrnet_wino4s2_output_f32_avx512,
    .wino4s2_weights = hrnet_wino4s2_weights_f32_avx512,
};

#endif

const HrnetConvKernels *hrnet_conv_kernels_for(HrnetIsa isa)
{
#if defined(__x86_64__)
    if (isa == HRNET_ISA_AVX512)
        return &kernels_avx512;
    if (isa == HRNET_ISA_AVX2)
        return &kernels_avx2;
#endif
    (void)isa;
    return &kernels_c;
}

const HrnetConvKernels *hrnet_conv_kernels(void)
{
    return hrnet_conv_kernels_for(hrnet_cpu_isa());
}
