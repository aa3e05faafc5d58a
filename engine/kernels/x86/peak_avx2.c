/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/peak.h"
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/peak_template.h"

double hrnet_peak_f32_avx2(unsigned n)
{
    return peak(n);
}
