/* Logits to labels whose edges follow the frame's luma.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fast guided filter of He and Sun (arXiv 1505.00996, 2015). Of each class it takes how far it
 * is ahead of all others, clipped, so that a score far from an edge does not bend the line there.
 * In every window of cells (the logits' pixels) a straight line of that over the frame's luma is
 * fitted, slope and offset are averaged over windows, and both, interpolated to the frame's size,
 * give each pixel its score from its own luma. The largest wins. Lines are cells alone: nothing of
 * the frame's size but its labels is ever written.
 *
 * Only blocks of columns near an edge between two classes are looked at, and there only classes
 * that won a cell nearby; all others keep the label of their cells. */
#ifndef HRNET_OPS_REFINE_H
#define HRNET_OPS_REFINE_H

#include "ops/frame.h"

typedef struct HrnetRefiner HrnetRefiner;

/* For logits of this shape (its data is not looked at), interpolated as mode says to height x
 * width, on up to n_threads threads. NULL when there is no memory. */
HrnetRefiner *hrnet_refiner_new(const HrnetTensor *logits, HrnetResizeMode mode, unsigned height,
                                unsigned width, unsigned n_threads);
void hrnet_refiner_free(HrnetRefiner *refiner);

/* As hrnet_argmax_run(), along the luma. cells: one channel of the logits' size, in levels; luma:
 * height rows of width levels. Allocates nothing. */
void hrnet_refiner_run(HrnetRefiner *refiner, const HrnetTensor *logits, const HrnetTensor *cells,
                       const uint8_t *luma, size_t luma_stride_bytes, uint8_t *labels,
                       size_t stride_bytes, HrnetWorkers *workers);

#endif
