/* Levels of colour for NEON, four pixels at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/neon/int8_vector.h"
#include "kernels/neon/kernels.h"
#include "kernels/vector/int8_levels.h"

void hrnet_int8_levels_neon(const HrnetInt8Levels *levels)
{
    int8_levels(levels);
}
