/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avxvnni/kernels.h"

void hrnet_kernels_add_avxvnni(HrnetKernels *kernels)
{
    kernels->int8.has_dot = true;
    kernels->int8.block_rows = 4;
    kernels->int8.weight_bytes = 1;
    kernels->int8.conv = hrnet_int8_conv_avxvnni;
}
