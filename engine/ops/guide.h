/* A frame's luma, for what goes by it: at the frame's size, and as the logits' cells see it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_GUIDE_H
#define HRNET_OPS_GUIDE_H

#include "ops/frame.h"

typedef struct HrnetGuide HrnetGuide;

/* For frames of this format and size (its planes may be NULL), and logits of height x width. NULL
 * when there is no memory. */
HrnetGuide *hrnet_guide_new(const HrnetFrame *frame, unsigned height, unsigned width,
                            unsigned n_threads);
void hrnet_guide_free(HrnetGuide *guide);

/* Looks at a frame; what was seen before becomes the last. Allocates nothing. */
void hrnet_guide_look(HrnetGuide *guide, const HrnetFrame *frame, HrnetWorkers *workers);

/* The luma of the frame's pixels, coded as in the frame but by 8 bits (of RGB: 0..255, by BT.601):
 * the frame's own plane, where it has one, so valid as long as the frame is. */
const uint8_t *hrnet_guide_luma(const HrnetGuide *guide, size_t *stride_bytes);

/* The same as one channel of height x width, in levels of 0..255: the frame reduced as
 * hrnet_frame_input_run() does it. */
HrnetTensor hrnet_guide_cells(const HrnetGuide *guide);
/* Of the frame before; means nothing after the first. */
HrnetTensor hrnet_guide_last_cells(const HrnetGuide *guide);

#endif
