/* What the files of this folder make.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_AVX512_KERNELS_H
#define HRNET_KERNELS_AVX512_KERNELS_H

#include "kernels/kernels.h"

extern const HrnetConvKernels hrnet_conv_kernels_avx512;
extern const HrnetFrameKernels hrnet_frame_kernels_avx512;
extern const HrnetResizeKernels hrnet_resize_kernels_avx512;
extern const HrnetScoreKernels hrnet_score_kernels_avx512;
double hrnet_peak_f32_avx512(unsigned n);

void hrnet_kernels_add_avx512(HrnetKernels *kernels);

#endif
