/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/kernels.h"

void hrnet_kernels_add_avx2(HrnetKernels *kernels)
{
    kernels->conv = hrnet_conv_kernels_avx2;
    kernels->frame = hrnet_frame_kernels_avx2;
    kernels->resize = hrnet_resize_kernels_avx2;
    kernels->score = hrnet_score_kernels_avx2;
    kernels->peak = hrnet_peak_f32_avx2;
}
