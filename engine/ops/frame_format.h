/* How the video formats lay out their components.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_FRAME_FORMAT_H
#define HRNET_OPS_FRAME_FORMAT_H

#include "ops/frame.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum { HRNET_FRAME_KIND_YUV, HRNET_FRAME_KIND_RGB, HRNET_FRAME_KIND_GRAY } HrnetFrameKind;

/* Sample i of a row of a component is the byte offset + i * step of its plane's row. */
typedef struct {
    uint8_t plane, offset, step;
} HrnetFrameComponent;

typedef struct {
    HrnetFrameKind kind;
    uint8_t n_components; /* 3, or 1 for gray */
    /* Y U V, or R G B, or Y. */
    HrnetFrameComponent components[3];
    /* Whether chroma has half the columns, half the rows. */
    bool half_columns, half_rows;
} HrnetFrameLayout;

const HrnetFrameLayout *hrnet_frame_layout(HrnetFrameFormat format);

/* Rows from the frame's colour to the components Y, Cb, Cr as coded in bytes, for red, green, blue
 * in 0..1: component = m[i][0] * r + m[i][1] * g + m[i][2] * b + m[i][3]. RGB frames: times 255.
 * Gray: all in row 0. */
void hrnet_frame_encoding(const HrnetFrame *frame, double m[3][4]);

/* The other way, from bytes to red, green and blue in 0..1. */
void hrnet_frame_decoding(const HrnetFrame *frame, double m[3][4]);

#endif
