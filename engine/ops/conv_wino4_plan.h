/* How a Winograd layer is cut into blocks that fit the caches. Parts of conv_wino4.c alone.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The image is cut into blocks of a few vectors of tiles. With blocks enough for every thread a
 * task takes a block all the way: transformed input V, products M, output. V of all input channels
 * is made at once where it fits the second-level cache, and M for some output channels at a time;
 * else M of all output channels stays there while V passes in chunks of input channels. On small
 * images there are two loops: the first makes V of all blocks, split over channels; in the second a
 * task makes some output channels of a block, so that every thread has work and the transformed
 * weights, larger than the image there, are read once. */
#ifndef HRNET_OPS_CONV_WINO4_PLAN_H
#define HRNET_OPS_CONV_WINO4_PLAN_H

#include "kernels/wino4s2.h"
#include "ops/conv.h"

/* Points of one depth (wino4s2.h), those of one HrnetWino4Product. */
typedef struct {
    unsigned first_point, n_points, depth;
} HrnetWino4Class;

/* The points of a filter: at stride 1 a single class. */
typedef struct {
    unsigned n_points, n_slots; /* n_slots: points times their depths */
    unsigned n_classes;
    HrnetWino4Class classes[HRNET_WINO4S2_CLASSES];
    unsigned bias_class, bias_point; /* within the class */
} HrnetWino4Points;

const HrnetWino4Points *hrnet_wino4_points(unsigned stride);

/* Distances in floats. */
typedef struct {
    bool two_loops;
    unsigned block_vectors, n_vectors, n_blocks;
    unsigned chunk_channels;       /* input channels of which V is made at a time */
    unsigned chunk_rows, n_chunks; /* output channels of which M is made at a time */
    size_t lane_floats;            /* vectors of a block */
    /* V of a block, or a chunk of channels */
    size_t v_class_floats[HRNET_WINO4S2_CLASSES], v_point_floats[HRNET_WINO4S2_CLASSES], v_floats;
    size_t m_row_floats, m_floats; /* of a thread */
} HrnetWino4Plan;

/* For an output of height x width. */
HrnetWino4Plan hrnet_wino4_plan(const HrnetConvShape *shape, unsigned height, unsigned width,
                                unsigned n_threads);

/* Of M for every thread, then V for every thread or block. */
size_t hrnet_wino4_plan_scratch_floats(const HrnetWino4Plan *plan, unsigned n_threads);

/* Pairs of lines that a block's input, output and residual have in a channel where it lies in one
 * row of tiles: 9 rows of 13 at stride 2, and twice 4 rows of 7. */
#define HRNET_WINO4_LINES_MAX 176

/* Adds the lines of a block's input to the list, channels first_channel on, and those of its output
 * in a tensor of that shape, all channels. The list has room for HRNET_WINO4_LINES_MAX from `lines`
 * on; what does not fit is left out. */
void hrnet_wino4_add_input_lines(const HrnetWino4Plan *plan, unsigned stride, unsigned block,
                                 const HrnetTensor *in, unsigned first_channel, unsigned n_channels,
                                 HrnetConvLines *lines, HrnetConvPrefetch *list);
void hrnet_wino4_add_output_lines(const HrnetWino4Plan *plan, unsigned block,
                                  const HrnetTensor *out, HrnetConvLines *lines,
                                  HrnetConvPrefetch *list);

#endif
