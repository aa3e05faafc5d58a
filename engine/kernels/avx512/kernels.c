/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx512/kernels.h"

void hrnet_kernels_add_avx512(HrnetKernels *kernels)
{
    kernels->conv = hrnet_conv_kernels_avx512;
    /* Painting at 16 bits is that of the instruction sets before. */
    const HrnetFrameKernels before = kernels->frame;
    kernels->frame = hrnet_frame_kernels_avx512;
    kernels->frame.paint_plane16 = before.paint_plane16;
    kernels->frame.paint_chroma16 = before.paint_chroma16;
    kernels->resize = hrnet_resize_kernels_avx512;
    kernels->score = hrnet_score_kernels_avx512;
    kernels->peak = hrnet_peak_f32_avx512;
}
