/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neondotprod/kernels.h"

void hrnet_kernels_add_neondotprod(HrnetKernels *kernels)
{
    kernels->int8.has_dot = true;
    kernels->int8.conv = hrnet_int8_conv_neondotprod;
}
