/* Bilinear interpolation a row at a time: the exchange units' upsample-and-add, and the upsampled
 * argmax, plain and guided by luma.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sum spreads each source row over the output's columns once and then blends two such rows for
 * every output row that lies between them. The argmax, whose output has many more rows than its
 * sources, blends two source rows into a "line" first. A line of n_in floats is followed by one
 * copy of its last float, so that the second column of a pair is always there, and has room for
 * HRNET_LINE_PADDING floats in all behind its end: kernels may read, but not use, what lies there,
 * and lerp_row() may write there.
 *
 * Lines, spread rows and tables are aligned to 64 bytes; rows of tensors need not be, and are
 * neither read nor written outside of their n floats. Versions differ from the C reference by
 * rounding alone (fused multiply-add): 4 units in the last place of the largest term. */
#ifndef HRNET_KERNELS_RESIZE_KERNELS_H
#define HRNET_KERNELS_RESIZE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HRNET_LINE_PADDING 48
#define HRNET_COLUMN_BLOCK 16
#define HRNET_PAIRS_MAX    3

/* Which two columns of n_in make each column of the output: (1 - weight[x]) * in[index[x]] +
 * weight[x] * in[the next, or the last]. All arrays are filled up to a multiple of
 * HRNET_COLUMN_BLOCK with the last index and a weight of 0. */
typedef struct {
    const int32_t *index; /* 0..n_in - 1, never falling */
    const float *weight;  /* 0..1 */
    /* Both columns counted from the one that x's block of HRNET_COLUMN_BLOCK begins with. */
    const int32_t *first, *second;
    /* The largest second - first of an aligned block of 8, of 16: from its first column's first to
     * its last's second. */
    unsigned span8, span16;
} HrnetColumns;

/* One row of an upsample-and-add. */
typedef struct {
    const float *base; /* may be out */
    float *out;
    unsigned n;       /* columns */
    unsigned n_pairs; /* 1..HRNET_PAIRS_MAX */
    /* Rows as spread_row() makes them, and how much of the second goes in. */
    struct {
        const float *first, *second;
        float weight;
    } pairs[HRNET_PAIRS_MAX];
    bool relu;
} HrnetAddRow;

/* One row of labels whose scores are lines over luma, see refine_row(). */
typedef struct {
    const float *slopes, *offsets; /* lines of class i: + i * line_floats */
    size_t line_floats;
    const uint8_t *class_labels; /* of the classes that come into question */
    unsigned n_classes;          /* 1..255 */
    uint8_t rest_label;  /* where none of them scores above 0; 0 = one of them always wins */
    const uint8_t *luma; /* n levels */
    /* A label for each HRNET_COLUMN_BLOCK columns: all of theirs, 0 = they are to be looked at. */
    const uint8_t *block_labels;
} HrnetRefineRow;

typedef struct {
    /* line[i] = (1 - weight1) * row0[i] + weight1 * row1[i] for i < n, and line[n] = line[n - 1]; n
     * >= 1. */
    void (*lerp_row)(float *line, const float *row0, const float *row1, float weight1, unsigned n);
    /* out[x] = row interpolated at x, for x below n rounded up to HRNET_COLUMN_BLOCK. row has n_in
     * floats; the last stands for the one behind it. */
    void (*spread_row)(float *out, const float *row, unsigned n_in, const HrnetColumns *columns,
                       unsigned n);
    /* out[x] = act(base[x] + sum over pairs of (1 - weight) * first[x] + weight * second[x]), act:
     * max(., 0) if relu. */
    void (*add_row)(const HrnetAddRow *row);
    /* labels[x] = 1 + the class whose line, interpolated at x, is largest, the lowest where equal.
     * Class c's line is lines + c * line_floats; n_classes: 1..255. A class that is NaN never wins
     * over one before it. */
    void (*argmax_row)(uint8_t *labels, const float *lines, size_t line_floats, unsigned n_classes,
                       const HrnetColumns *columns, unsigned n);
    /* labels[x] = the label of the class whose slope[x] * luma[x] + offset[x], slope and offset
     * interpolated at x, is largest, the first where equal; rest_label where no score is above 0;
     * block_labels[x / HRNET_COLUMN_BLOCK] where that is not 0. A score that is NaN never wins. */
    void (*refine_row)(uint8_t *labels, const HrnetRefineRow *row, const HrnetColumns *columns,
                       unsigned n);
} HrnetResizeKernels;

/* The references. */
extern const HrnetResizeKernels hrnet_resize_kernels_c;
/* The same, exactly (kernels/exact.h). */
extern const HrnetResizeKernels hrnet_resize_kernels_c_exact;

#endif
