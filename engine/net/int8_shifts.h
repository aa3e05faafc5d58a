/* Channels that are stored times a power of two, by quarters of an octave, so that small ones, too,
 * use many of the 256 bytes.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tensors that are added, and their sum, are a family, whose channels have the same shifts: bytes
 * of one tensor are added by one factor. The network's input and logits have none.
 *
 * Metadata hrnet.int8.shifts is a JSON object: the name of the first node of each family that has
 * any (as in hrnet.int8.ranges) with a string, a digit of base 36 (0 to 9, a to z) for each
 * channel: it is stored times 2 to a quarter of that. Ranges are of what is stored. */
#ifndef HRNET_NET_INT8_SHIFTS_H
#define HRNET_NET_INT8_SHIFTS_H

#include "graph/graph.h"
#include "weights/weights.h"

#define HRNET_INT8_SHIFTS_KEY "hrnet.int8.shifts"
#define HRNET_INT8_SHIFT_MAX  35

/* By tensor number: a shift, 0..HRNET_INT8_SHIFT_MAX, for each of its channels. */
typedef struct {
    guint n_tensors;
    guint8 **of;
} HrnetInt8Shifts;

/* All 0. */
HrnetInt8Shifts *hrnet_int8_shifts_new(const HrnetGraph *graph);
void hrnet_int8_shifts_free(HrnetInt8Shifts *shifts);

/* By tensor number, a number of its family: the lowest of its tensors. Free with g_free(). */
guint *hrnet_int8_families(const HrnetGraph *graph);

/* What a channel with this shift is stored times. */
gdouble hrnet_int8_shift_factor(guint shift);

/* extents: by tensor number, for each channel how far from 0 its numbers lie. Every channel is
 * shifted as far as none of the family's tensors gets one that goes farther than the farthest it
 * has. */
HrnetInt8Shifts *hrnet_int8_shifts_choose(const HrnetGraph *graph, gfloat *const *extents);

/* Free with g_free(). */
gchar *hrnet_int8_shifts_write(const HrnetGraph *graph, const HrnetInt8Shifts *shifts);

/* Those of the model's metadata, all 0 where it has none. An error where they are none, or not
 * those of this graph's channels. */
HrnetInt8Shifts *hrnet_int8_shifts_read(const HrnetGraph *graph, const HrnetWeights *weights,
                                        GError **error);

/* The weights and bias that a node has between tensors that are so shifted; from, to: out x in x
 * kernel x kernel, and out. */
void hrnet_int8_shifts_apply(const HrnetInt8Shifts *shifts, const HrnetNode *node,
                             const gfloat *weights, const gfloat *bias, gfloat *shifted_weights,
                             gfloat *shifted_bias);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HrnetInt8Shifts, hrnet_int8_shifts_free)

#endif
