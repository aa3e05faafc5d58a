/* All kernels of one processor in one table.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table is filled with the C references first; then each instruction set that the processor
 * has, in the order of HrnetCpuFeature, puts its own kernels over them. An instruction set is a
 * folder here, which lists its kernels in its kernels.c, and a line in kernels.c: it may have as
 * few of them as it likes. */
#ifndef HRNET_KERNELS_KERNELS_H
#define HRNET_KERNELS_KERNELS_H

#include "base/cpu.h"
#include "kernels/conv_kernels.h"
#include "kernels/frame_kernels.h"
#include "kernels/int8_kernels.h"
#include "kernels/peak.h"
#include "kernels/resize_kernels.h"
#include "kernels/score_kernels.h"

typedef struct {
    HrnetConvKernels conv;
    HrnetFrameKernels frame;
    HrnetResizeKernels resize;
    HrnetScoreKernels score;
    HrnetInt8Kernels int8;
    /* Versions that give the bits of their C reference on every processor: blend_rows,
     * blend_rows16, pick, filter_columns and color of frame, lerp_row and argmax_row of resize. */
    struct {
        HrnetFrameKernels frame;
        HrnetResizeKernels resize;
    } exact;
    HrnetPeakFunc peak; /* NULL where there is none */
} HrnetKernels;

/* Those for hrnet_cpu_features(): static, the same in the whole life of a process. Any thread. */
const HrnetKernels *hrnet_kernels(void);

/* Those for any features that the processor has. */
void hrnet_kernels_fill(HrnetKernels *kernels, HrnetCpuFeatures features);

#endif
