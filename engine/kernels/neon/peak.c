/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/kernels.h"
#include "kernels/neon/vector.h"
#include "kernels/vector/peak.h"

double hrnet_peak_f32_neon(unsigned n)
{
    return peak(n);
}
