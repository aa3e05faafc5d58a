/* Sums of bytes as they are written down. Compiled without contraction of floating point.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/int8_sum.h"

#include "kernels/float_mode.h"
#include "kernels/int8_conv.h"

#include <math.h>
#include <stddef.h>

void hrnet_int8_spread_c(int16_t *out, const uint8_t *row, const HrnetInt8Columns *columns,
                         unsigned n)
{
    for (size_t x = 0; x < n; x++) {
        const uint8_t *first = row + (ptrdiff_t)HRNET_QUAD * columns->first[x];
        const uint8_t *second = row + (ptrdiff_t)HRNET_QUAD * columns->second[x];
        const int weight = columns->weight[x];
        for (size_t i = 0; i < HRNET_QUAD; i++)
            out[HRNET_QUAD * x + i] =
                (int16_t)((HRNET_INT8_WHOLE - weight) * first[i] + weight * second[i]);
    }
}

__attribute__((noinline)) static void sum_pixels(const HrnetInt8Sum *s)
{
    for (size_t i = 0; i < (size_t)HRNET_QUAD * s->n; i++) {
        float value = s->start + (float)s->base[i] * s->base_scale;
        for (unsigned k = 0; k < s->n_sources; k++) {
            const int weight = (int)s->sources[k].weight;
            const int blended = (HRNET_INT8_WHOLE - weight) * s->sources[k].first[i] +
                                weight * s->sources[k].second[i];
            value = value + (float)blended * s->sources[k].scale;
        }
        const long q = lrintf(value) + (long)s->zero_point;
        s->out[i] = (uint8_t)(q < 0 ? 0 : q > 255 ? 255 : q);
    }
}

void hrnet_int8_sum_c(const HrnetInt8Sum *sum)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    sum_pixels(sum);
    hrnet_float_mode_restore(&before);
}
