/* The formats of frames: a row each of one table.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_FRAME_FORMAT_H
#define HRNET_OPS_FRAME_FORMAT_H

#include "kernels/frame_kernels.h"
#include "ops/frame.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum { HRNET_FRAME_KIND_YUV, HRNET_FRAME_KIND_RGB, HRNET_FRAME_KIND_GRAY } HrnetFrameKind;

/* Sample i of a row of a component is the sample offset + i * step of its plane's row. */
typedef struct {
    uint8_t plane, offset, step;
} HrnetFrameComponent;

struct HrnetFrameLayout {
    const char *name; /* of the GstVideoFormat that lies in memory like this */
    HrnetFrameKind kind;
    uint8_t sample_bytes; /* 1, or 2: little-endian */
    uint8_t depth, shift; /* bits of a sample's value, and below it */
    uint8_t n_components; /* 3, or 1 for gray */
    /* Y U V, or R G B, or Y. */
    HrnetFrameComponent components[3];
    /* Whether chroma has half the columns, half the rows. */
    bool half_columns, half_rows;
};

/* The row of the table, in the order of HrnetPixelFormat; NULL from its end on. */
const HrnetFrameLayout *hrnet_frame_layout(unsigned index);
/* The same by name; NULL where there is none. */
const HrnetFrameLayout *hrnet_frame_layout_find(const char *name);

unsigned hrnet_frame_n_planes(const HrnetFrameLayout *layout);
/* Samples of a row of a component. */
unsigned hrnet_frame_columns(const HrnetFrame *frame, unsigned component);
/* Samples that a row of a plane reaches over, those of all its components and between them. */
size_t hrnet_frame_row_samples(const HrnetFrame *frame, unsigned plane);
unsigned hrnet_frame_rows(const HrnetFrame *frame, unsigned plane);

/* Where the value lies in samples of two bytes. */
HrnetSampleBits hrnet_frame_sample_bits(const HrnetFrameLayout *layout);

/* The largest value of a sample. */
unsigned hrnet_frame_max_value(const HrnetFrameLayout *layout);

/* Rows from the frame's colour to the components Y, Cb, Cr as samples' values, for red, green, blue
 * in 0..1: component = m[i][0] * r + m[i][1] * g + m[i][2] * b + m[i][3]. RGB frames: times the
 * largest value. Gray: all in row 0. */
void hrnet_frame_encoding(const HrnetFrame *frame, double m[3][4]);

/* The other way, from values to red, green and blue in 0..1. */
void hrnet_frame_decoding(const HrnetFrame *frame, double m[3][4]);

#endif
