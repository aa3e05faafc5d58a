/* What the files of this folder make.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_NEONDOTPROD_KERNELS_H
#define HRNET_KERNELS_NEONDOTPROD_KERNELS_H

#include "kernels/kernels.h"

void hrnet_int8_conv_neondotprod(const HrnetInt8Conv *conv);

void hrnet_kernels_add_neondotprod(HrnetKernels *kernels);

#endif
