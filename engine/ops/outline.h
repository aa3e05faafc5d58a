/* The edges of labels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_OUTLINE_H
#define HRNET_OPS_OUTLINE_H

#include <stdint.h>

/* The most pixels that an outline reaches into a label's area. */
#define HRNET_OUTLINE_MAX 16

/* outline[y * width + x] = the label there where a pixel of another label lies at most radius rows
 * and radius columns away, else 0; labels and outline are dense. radius: 1..HRNET_OUTLINE_MAX. The
 * border of the picture is no edge. */
void hrnet_outline_run(const uint8_t *labels, unsigned width, unsigned height, unsigned radius,
                       uint8_t *outline);

#endif
