/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/frame_c.h"

const HrnetFrameKernels hrnet_frame_kernels_c = {
    .blend_rows = hrnet_blend_rows_u8_c,
    .pick = hrnet_pick_f32_c,
    .filter_columns = hrnet_filter_columns_f32_c,
    .color = hrnet_color_f32_c,
    .paint_plane = hrnet_paint_plane_u8_c,
    .paint_packed = hrnet_paint_packed_u8_c,
    .paint_chroma = hrnet_paint_chroma_u8_c,
};

const HrnetFrameKernels *hrnet_frame_kernels(HrnetIsa isa)
{
    (void)isa;
    return &hrnet_frame_kernels_c;
}
