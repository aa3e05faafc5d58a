/* From a video frame to the network's input, from its logits to labels, and painting.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_FRAME_H
#define HRNET_OPS_FRAME_H

#include "base/workers.h"
#include "ops/int8_levels.h"
#include "ops/resize.h"
#include "ops/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of the formats of frame_format.h. */
typedef struct HrnetFrameLayout HrnetFrameLayout;

/* A borrowed frame. Planes in memory order of the format; chroma of 4:2:0 and 4:2:2 has ceil(n/2)
 * samples. */
typedef struct {
    const HrnetFrameLayout *layout;
    unsigned width, height;
    uint8_t *planes[3];
    size_t strides_bytes[3];
    double kr, kb;   /* luma weights of red and blue: 0.299 0.114 for BT.601, 0.2126 0.0722 for
                        BT.709, ... */
    bool full_range; /* luma 0..255, chroma 128 +- 127.5; else 16..235 and 128 +- 112; times as much
                        as there are more bits */
    bool fields; /* rows of 4:2:0 chroma lie in fields, and are even in number: rows 2p and 2p + 1
                    cover luma rows 4p and 4p + 2, and 4p + 1 and 4p + 3 */
    bool chroma_left; /* 4:2:x chroma sits on the left luma column (MPEG-2); else between the two
                         (JPEG) */
} HrnetFrame;

/* ---- frame -> tensor ---- */

/* Tables for one pair of sizes and one format: made once, reused for every frame. */
typedef struct HrnetFrameInput HrnetFrameInput;

typedef enum {
    HRNET_INPUT_RGB,
    HRNET_INPUT_BGR,
    HRNET_INPUT_LUMA, /* one plane, of the frame's own luma; of RGB by the matrix of BT.601 */
} HrnetInputPlanes;

/* frame: its planes may be NULL, all else counts. mean, std: RGB whatever the planes' order, for
 * values in 0..1; of luma the first of each. NULL when there is no memory. */
HrnetFrameInput *hrnet_frame_input_new(const HrnetFrame *frame, unsigned out_height,
                                       unsigned out_width, HrnetInputPlanes planes,
                                       const float mean[3], const float std[3]);
void hrnet_frame_input_free(HrnetFrameInput *input);
/* Whether input was made for frames of this format, size, colour and siting. */
bool hrnet_frame_input_fits(const HrnetFrameInput *input, const HrnetFrame *frame);
size_t hrnet_frame_input_scratch_floats(const HrnetFrameInput *input, unsigned n_threads);
/* One pass: colour conversion, resize as F.interpolate(mode="bilinear", antialias=True,
 * align_corners=False), (v - mean) / std. out: out_height x out_width, three planes or one.
 * scratch: aligned to HRNET_ALIGNMENT.
 *
 * What comes out is what a converter that keeps fractions would give: chroma interpolated linearly
 * between its samples (horizontally where chroma_left has them, vertically between two rows of
 * luma), the matrix, values outside of 0..255 clamped, but clamped after the resize. RGB formats
 * always count as full range; alpha and padding bytes are ignored. */
void hrnet_frame_input_run(const HrnetFrameInput *input, const HrnetFrame *frame, HrnetTensor out,
                           float *scratch, HrnetWorkers *workers);
/* Of an input that is exact: as levels (ops/int8_levels.h), with the padding of out, whose shape is
 * hrnet_int8_levels_shape()'s. */
void hrnet_frame_input_run_levels(const HrnetFrameInput *input, const HrnetFrame *frame,
                                  const HrnetInt8LevelMap *map, const HrnetQuads *out,
                                  float *scratch, HrnetWorkers *workers);
/* Makes runs give the same bits on every processor, whatever the mode of the threads: ops/int8.md,
 * section 6. To be said before the scratch is asked for. */
void hrnet_frame_input_set_exact(HrnetFrameInput *input);

/* ---- logits -> labels ---- */

/* Bilinear interpolation of the logits to width x height, then argmax: labels[y][x] = 1 + class,
 * the lowest class where equal. At most 255 classes, and at least two: lone_class.h. mode: BILINEAR
 * or BILINEAR_ALIGNED. scratch: aligned to HRNET_ALIGNMENT. */
size_t hrnet_argmax_scratch_floats(const HrnetTensor *logits, unsigned height, unsigned width,
                                   unsigned n_threads);
void hrnet_argmax_run(const HrnetTensor *logits, HrnetResizeMode mode, uint8_t *labels,
                      size_t stride_bytes, unsigned height, unsigned width, float *scratch,
                      HrnetWorkers *workers);
/* The same, with the same bits on every processor, whatever the mode of the threads: ops/int8.md,
 * section 7. */
void hrnet_argmax_run_exact(const HrnetTensor *logits, HrnetResizeMode mode, uint8_t *labels,
                            size_t stride_bytes, unsigned height, unsigned width, float *scratch,
                            HrnetWorkers *workers);

/* ---- painting ---- */

/* Blends argb[label] (0xAARRGGBB, not premultiplied, sRGB-coded) over every pixel whose label's
 * alpha is not 0: value' = value + (colour - value) * alpha / 255, rounded, in the frame's own
 * components, the colour converted by the frame's matrix and range. The luma (and RGB) of other
 * pixels stays bit-identical; a chroma sample is blended in proportion to the painted pixels that
 * it covers, and left alone where it covers none. Alpha components of the frame are left as they
 * are. labels: of the frame's size. Runs on the caller's turn with the workers. */
void hrnet_paint_run(const HrnetFrame *frame, const uint8_t *labels, size_t labels_stride_bytes,
                     const uint32_t argb[256], HrnetWorkers *workers);

#endif
