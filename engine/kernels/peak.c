/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/peak.h"

#include <stddef.h>

HrnetPeakFunc hrnet_peak_kernel(HrnetIsa isa)
{
#if defined(__x86_64__)
    if (isa == HRNET_ISA_AVX512)
        return hrnet_peak_f32_avx512;
    if (isa == HRNET_ISA_AVX2)
        return hrnet_peak_f32_avx2;
#endif
    (void)isa;
    return NULL;
}
