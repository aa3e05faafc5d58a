/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/frame.h"
#include "kernels/avx2/kernels.h"

void hrnet_kernels_add_avx2(HrnetKernels *kernels)
{
    kernels->conv = hrnet_conv_kernels_avx2;
    kernels->frame = hrnet_frame_kernels_avx2;
    kernels->resize = hrnet_resize_kernels_avx2;
    kernels->score = hrnet_score_kernels_avx2;
    kernels->int8 = (HrnetInt8Kernels){
        .block_rows = 4,
        .weight_bytes = 2,
        .conv = hrnet_int8_conv_avx2,
        .spread = hrnet_int8_spread_c,
        .sum = hrnet_int8_sum_avx2,
        .levels = hrnet_int8_levels_avx2,
    };
    kernels->exact.frame = hrnet_frame_kernels_avx2;
    kernels->exact.frame.blend_rows = hrnet_blend_rows_u8_avx2_exact;
    kernels->exact.frame.blend_rows16 = hrnet_blend_rows_u16_avx2_exact;
    kernels->exact.frame.filter_columns = hrnet_filter_columns_f32_avx2_exact;
    kernels->exact.frame.color = hrnet_color_f32_avx2_exact;
    kernels->exact.resize = hrnet_resize_kernels_avx2_exact;
    kernels->peak = hrnet_peak_f32_avx2;
}
