/* What the files of this folder make.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_NEON_KERNELS_H
#define HRNET_KERNELS_NEON_KERNELS_H

#include "kernels/kernels.h"

extern const HrnetConvKernels hrnet_conv_kernels_neon;
extern const HrnetFrameKernels hrnet_frame_kernels_neon;
extern const HrnetResizeKernels hrnet_resize_kernels_neon;
extern const HrnetScoreKernels hrnet_score_kernels_neon;
void hrnet_int8_conv_neon(const HrnetInt8Conv *conv);
extern const HrnetResizeKernels hrnet_resize_kernels_neon_exact;
void hrnet_int8_levels_neon(const HrnetInt8Levels *levels);
void hrnet_int8_sum_neon(const HrnetInt8Sum *sum);
double hrnet_peak_f32_neon(unsigned n);

void hrnet_kernels_add_neon(HrnetKernels *kernels);

#endif
