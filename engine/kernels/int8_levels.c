/* Levels of colour as they are written down. Compiled without contraction of floating point.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/int8_levels.h"

#include "kernels/float_mode.h"
#include "kernels/int8_conv.h"

#include <math.h>

__attribute__((noinline)) static void level_pixels(const HrnetInt8Levels *l)
{
    for (size_t x = 0; x < l->n; x++) {
        for (unsigned c = 0; c < HRNET_QUAD; c++) {
            float value = 0;
            if (c < l->n_planes) {
                value = l->planes[c][x] * l->gain[c];
                value = value + l->shift[c];
                value = value > 0 ? value : 0;
                value = value < 255 ? value : 255;
            }
            l->out[HRNET_QUAD * x + c] = (uint8_t)lrintf(value);
        }
    }
}

void hrnet_int8_levels_c(const HrnetInt8Levels *levels)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    level_pixels(levels);
    hrnet_float_mode_restore(&before);
}
