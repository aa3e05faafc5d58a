/* What the files of this folder make.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_AVX2_KERNELS_H
#define HRNET_KERNELS_AVX2_KERNELS_H

#include "kernels/kernels.h"

extern const HrnetConvKernels hrnet_conv_kernels_avx2;
extern const HrnetFrameKernels hrnet_frame_kernels_avx2;
extern const HrnetResizeKernels hrnet_resize_kernels_avx2;
extern const HrnetScoreKernels hrnet_score_kernels_avx2;
void hrnet_int8_conv_avx2(const HrnetInt8Conv *conv);
extern const HrnetResizeKernels hrnet_resize_kernels_avx2_exact;
void hrnet_int8_levels_avx2(const HrnetInt8Levels *levels);
void hrnet_int8_sum_avx2(const HrnetInt8Sum *sum);
double hrnet_peak_f32_avx2(unsigned n);

void hrnet_kernels_add_avx2(HrnetKernels *kernels);

#endif
