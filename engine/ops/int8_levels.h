/* The network's input, floats that are normalised, as bytes: levels of colour.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arithmetic is ops/int8.md's, section 6. */
#ifndef HRNET_OPS_INT8_LEVELS_H
#define HRNET_OPS_INT8_LEVELS_H

#include "base/workers.h"
#include "ops/quads.h"
#include "ops/tensor.h"

/* What levels of each plane are. */
typedef struct {
    unsigned n_planes; /* 1..HRNET_INT8_LEVEL_PLANES */
    float gain[HRNET_INT8_LEVEL_PLANES], shift[HRNET_INT8_LEVEL_PLANES];
    /* A level's distance from the next, and the level of 0, as numbers of the normalised input. */
    double scale[HRNET_INT8_LEVEL_PLANES], zero[HRNET_INT8_LEVEL_PLANES];
} HrnetInt8LevelMap;

/* mean, std: of the planes in their order, for values in 0..1. */
HrnetInt8LevelMap hrnet_int8_level_map(unsigned n_planes, const float *mean, const float *std);

/* Levels as a tensor, without data: its padding is each plane's level of 0, rounded. */
HrnetQuads hrnet_int8_levels_shape(const HrnetInt8LevelMap *map, unsigned height, unsigned width);

/* Row y of out, of a row of each plane. The padding is the caller's. */
void hrnet_int8_levels_row(const HrnetInt8LevelMap *map, const float *const *planes,
                           const HrnetQuads *out, unsigned y);

/* All of it. Within the caller's turn with the workers. Allocates nothing. */
void hrnet_int8_levels_run(const HrnetInt8LevelMap *map, const HrnetTensor *in,
                           const HrnetQuads *out, HrnetWorkers *workers);

#endif
