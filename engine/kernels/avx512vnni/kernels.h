/* What the files of this folder make.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_AVX512VNNI_KERNELS_H
#define HRNET_KERNELS_AVX512VNNI_KERNELS_H

#include "kernels/kernels.h"

void hrnet_int8_conv_avx512vnni(const HrnetInt8Conv *conv);
void hrnet_int8_sum_avx512vnni(const HrnetInt8Sum *sum);

void hrnet_kernels_add_avx512vnni(HrnetKernels *kernels);

#endif
