/* What int8 networks are made of.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_KERNELS_INT8_KERNELS_H
#define HRNET_KERNELS_INT8_KERNELS_H

#include "kernels/int8_conv.h"
#include "kernels/int8_levels.h"
#include "kernels/int8_sum.h"

#include <stdbool.h>

#define HRNET_INT8_SIGNED_OFFSET 128

typedef struct {
    /* The instruction set sums products of bytes in one instruction, so that networks are faster in
     * int8 than in fp32. */
    bool has_dot;
    unsigned block_rows;   /* of packed weights, a multiple of HRNET_QUAD */
    unsigned weight_bytes; /* 1 or 2 */
    /* What conv() takes from every byte of the source, so that instructions that multiply signed
     * bytes can: 0 or HRNET_INT8_SIGNED_OFFSET. `bias` has to hold that times the sum of the row's
     * weights besides. */
    unsigned source_offset;
    void (*conv)(const HrnetInt8Conv *conv);
    void (*spread)(int16_t *out, const uint8_t *row, const HrnetInt8Columns *columns, unsigned n);
    void (*sum)(const HrnetInt8Sum *sum);
    void (*levels)(const HrnetInt8Levels *levels);
} HrnetInt8Kernels;

/* The references. */
extern const HrnetInt8Kernels hrnet_int8_kernels_c;

#endif
