/* Levels of colour for AVX2, eight pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/avx2/int8_vector.h"
#include "kernels/avx2/kernels.h"
#include "kernels/vector/int8_levels.h"

void hrnet_int8_levels_avx2(const HrnetInt8Levels *levels)
{
    int8_levels(levels);
}
