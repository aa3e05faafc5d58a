/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/resize_kernels.h"

const HrnetResizeKernels *hrnet_resize_kernels(HrnetIsa isa)
{
    (void)isa;
    return &hrnet_resize_kernels_c;
}
