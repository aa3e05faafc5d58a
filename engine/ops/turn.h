/* Tensors of pictures that lie turned or mirrored.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_TURN_H
#define HRNET_OPS_TURN_H

#include "base/workers.h"
#include "ops/tensor.h"

#include <stdbool.h>

/* What is done to a picture, in the order of GstVideoOrientationMethod and HrnetOrientation. */
typedef enum {
    HRNET_TURN_NONE,
    HRNET_TURN_90R, /* clockwise */
    HRNET_TURN_180,
    HRNET_TURN_90L,
    HRNET_TURN_HORIZ, /* left and right change places */
    HRNET_TURN_VERT,  /* top and bottom do */
    HRNET_TURN_UL_LR, /* transposed: the lower left and the upper right corner do */
    HRNET_TURN_UR_LL, /* the upper left and the lower right corner do */
    HRNET_N_TURNS
} HrnetTurn;

/* Whether rows become columns. */
bool hrnet_turn_swaps(HrnetTurn turn);

/* What puts the picture back. */
HrnetTurn hrnet_turn_back(HrnetTurn turn);

/* The shape of a tensor once it is turned, without data. */
HrnetTensor hrnet_turn_shape(HrnetTurn turn, const HrnetTensor *tensor);

/* Every plane of `from`, turned, to `to`, which has the shape that hrnet_turn_shape() tells, but
 * for its plane_floats, which may be as small as a plane. They do not overlap. Copies where the
 * turn is none. */
void hrnet_turn_run(HrnetTurn turn, const HrnetTensor *from, const HrnetTensor *to,
                    HrnetWorkers *workers);

#endif
