/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx512vnni/kernels.h"

void hrnet_kernels_add_avx512vnni(HrnetKernels *kernels)
{
    kernels->int8.has_dot = true;
    kernels->int8.block_rows = 8;
    kernels->int8.weight_bytes = 1;
    kernels->int8.conv = hrnet_int8_conv_avx512vnni;
    kernels->int8.sum = hrnet_int8_sum_avx512vnni;
}
