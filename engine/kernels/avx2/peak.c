/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/kernels.h"
#include "kernels/avx2/vector.h"
#include "kernels/vector/peak.h"

double hrnet_peak_f32_avx2(unsigned n)
{
    return peak(n);
}
