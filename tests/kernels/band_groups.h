/* Groups of layers that run in bands, and sizes to run them at.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_KERNELS_BAND_GROUPS_H
#define TESTS_KERNELS_BAND_GROUPS_H

#include "ops/band.h"

#include <glib.h>

#define NO_TENSOR  HRNET_BAND_NO_TENSOR
#define MAX_LAYERS 6

typedef struct {
    unsigned in, out, residual; /* tensors; 0 is the group's input */
    unsigned out_channels, kernel, stride;
    gboolean relu;
} Layer;

typedef struct {
    const char *name;
    unsigned in_channels, n_layers;
    Layer layers[MAX_LAYERS];
} Group;

static const Group groups[] = {
    { "stem", 3, 2, { { 0, 1, NO_TENSOR, 20, 3, 2, TRUE }, { 1, 2, NO_TENSOR, 11, 3, 2, TRUE } } },
    { "bottleneck-downsample",
      9,
      4,
      { { 0, 1, NO_TENSOR, 5, 1, 1, TRUE },
        { 1, 2, NO_TENSOR, 5, 3, 1, TRUE },
        { 0, 3, NO_TENSOR, 20, 1, 1, FALSE },
        { 2, 4, 3, 20, 1, 1, TRUE } } },
    { "bottleneck-transition",
      20,
      5,
      { { 0, 1, NO_TENSOR, 5, 1, 1, TRUE },
        { 1, 2, NO_TENSOR, 5, 3, 1, TRUE },
        { 2, 3, 0, 20, 1, 1, TRUE },
        { 3, 4, NO_TENSOR, 7, 3, 1, TRUE },
        { 3, 5, NO_TENSOR, 18, 3, 2, TRUE } } },
    { "basic-blocks",
      18,
      4,
      { { 0, 1, NO_TENSOR, 18, 3, 1, TRUE },
        { 1, 2, 0, 18, 3, 1, TRUE },
        { 2, 3, NO_TENSOR, 18, 3, 1, TRUE },
        { 3, 4, 2, 18, 3, 1, FALSE } } },
    { "downsample-wanted-twice",
      4,
      4,
      { { 0, 1, NO_TENSOR, 6, 1, 1, FALSE },
        { 0, 2, 1, 6, 1, 1, TRUE },
        { 2, 3, 1, 6, 3, 1, TRUE },
        { 3, 4, NO_TENSOR, 3, 1, 2, FALSE } } },
};

static const unsigned sizes[][2] = { { 1, 1 },   { 5, 7 },   { 8, 16 },  { 33, 34 },
                                     { 70, 33 }, { 64, 48 }, { 130, 9 }, { 47, 130 } };

/* Whether a layer of the group reads the tensor. */
static inline gboolean group_reads(const Group *group, unsigned tensor)
{
    for (unsigned i = 0; i < group->n_layers; i++)
        if (group->layers[i].in == tensor || group->layers[i].residual == tensor)
            return TRUE;
    return FALSE;
}

#endif
