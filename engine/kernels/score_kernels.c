/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/score_kernels.h"

const HrnetScoreKernels *hrnet_score_kernels(HrnetIsa isa)
{
#if defined(__x86_64__)
    if (isa == HRNET_ISA_AVX512)
        return &hrnet_score_kernels_avx512;
    if (isa == HRNET_ISA_AVX2)
        return &hrnet_score_kernels_avx2;
#endif
    (void)isa;
    return &hrnet_score_kernels_c;
}
