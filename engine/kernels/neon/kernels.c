/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/frame.h"
#include "kernels/neon/kernels.h"

void hrnet_kernels_add_neon(HrnetKernels *kernels)
{
    kernels->conv = hrnet_conv_kernels_neon;
    kernels->frame = hrnet_frame_kernels_neon;
    kernels->resize = hrnet_resize_kernels_neon;
    kernels->score = hrnet_score_kernels_neon;
    kernels->int8 = (HrnetInt8Kernels){
        .block_rows = 8,
        .weight_bytes = 1,
        .source_offset = HRNET_INT8_SIGNED_OFFSET,
        .conv = hrnet_int8_conv_neon,
        .spread = hrnet_int8_spread_c,
        .sum = hrnet_int8_sum_neon,
        .levels = hrnet_int8_levels_neon,
    };
    kernels->exact.frame = hrnet_frame_kernels_neon;
    kernels->exact.frame.blend_rows = hrnet_blend_rows_u8_neon_exact;
    kernels->exact.frame.blend_rows16 = hrnet_blend_rows_u16_neon_exact;
    kernels->exact.frame.filter_columns = hrnet_filter_columns_f32_neon_exact;
    kernels->exact.frame.color = hrnet_color_f32_neon_exact;
    kernels->exact.resize = hrnet_resize_kernels_neon_exact;
    kernels->peak = hrnet_peak_f32_neon;
}
