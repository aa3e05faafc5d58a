/* Bilinear interpolation a row at a time: the exchange units' upsample-and-add, and the upsampled
 * argmax. SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Both interpolate first between two source rows into a "line", then between the line's columns. A
 * line of n_in floats is followed by one copy of its last float, so that the second column of a
 * pair is always there, and has room for HRNET_LINE_PADDING floats in all behind its end: kernels
 * may read, but not use, what lies there. Lines and tables are aligned to 64 bytes; rows of tensors
 * need not be. No kernel reads or writes anything else beyond n. Versions differ from the C
 * reference by rounding alone (fused multiply-add): 4 units in the last place of the largest term.
 */
#ifndef HRNET_KERNELS_RESIZE_KERNELS_H
#define HRNET_KERNELS_RESIZE_KERNELS_H

#include "base/cpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HRNET_LINE_PADDING 48
#define HRNET_COLUMN_BLOCK 16
#define HRNET_LINES_MAX    3

/* Which two columns of a line make each column of the output:
 * (1 - weight[x]) * line[index[x]] + weight[x] * line[index[x] + 1]. Both arrays are filled up to a
 * multiple of HRNET_COLUMN_BLOCK by their last index and a weight of 0. */
typedef struct {
    const int32_t *index; /* 0..n_in - 1, never falling */
    const float *weight;  /* 0..1 */
    /* The largest index[x + 7] - index[x] of the aligned blocks of 8, index[x + 15] - index[x] of
     * those of 16. */
    unsigned span8, span16;
} HrnetColumns;

/* One row of an upsample-and-add. */
typedef struct {
    const float *base; /* may be out */
    float *out;
    unsigned n;       /* columns */
    unsigned n_lines; /* 0..HRNET_LINES_MAX */
    const float *lines[HRNET_LINES_MAX];
    HrnetColumns columns[HRNET_LINES_MAX];
    bool relu;
} HrnetAddRow;

typedef struct {
    /* line[i] = (1 - weight1) * row0[i] + weight1 * row1[i] for i < n, and line[n] = line[n - 1]; n
     * >= 1. */
    void (*lerp_row)(float *line, const float *row0, const float *row1, float weight1, unsigned n);
    /* out[x] = act(base[x] + each line interpolated at x), act: max(., 0) if relu. */
    void (*add_row)(const HrnetAddRow *row);
    /* labels[x] = 1 + the class whose line, interpolated at x, is largest, the lowest where equal.
     * Class c's line is lines + c * line_floats; n_classes: 1..255. A class that is NaN never wins
     * over one before it. */
    void (*argmax_row)(uint8_t *labels, const float *lines, size_t line_floats, unsigned n_classes,
                       const HrnetColumns *columns, unsigned n);
} HrnetResizeKernels;

extern const HrnetResizeKernels hrnet_resize_kernels_c;
#if defined(__x86_64__)
extern const HrnetResizeKernels hrnet_resize_kernels_avx2;
extern const HrnetResizeKernels hrnet_resize_kernels_avx512;
#endif

/* The kernels for an instruction set that the CPU has; the best there are for it. */
const HrnetResizeKernels *hrnet_resize_kernels(HrnetIsa isa);

#endif
