/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx512/kernels.h"
#include "kernels/avx512/vector.h"
#include "kernels/vector/peak.h"

double hrnet_peak_f32_avx512(unsigned n)
{
    return peak(n);
}
