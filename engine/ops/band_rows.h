/* Which rows of its tensors a band of a group of layers makes: see ops/band.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Progress is counted in rows of the group's lowest output; another output is as many times 2
 * further as it is higher. Bands lie at multiples of band_rows. */
#ifndef HRNET_OPS_BAND_ROWS_H
#define HRNET_OPS_BAND_ROWS_H

#include "ops/band.h"

/* Rows base..done-1 of an inner tensor are held; of an output all below done, from where the strip
 * began, are made. */
typedef struct {
    unsigned base, done;
} HrnetBandRows;

const HrnetConvShape *hrnet_band_shape(const HrnetBandStep *step);
/* Rows of a step's output come in multiples of this. */
unsigned hrnet_band_row_step(const HrnetBandStep *step);

/* Rows of the group's lowest output. */
unsigned hrnet_band_height(const HrnetBandArgs *args);

/* Rows of an output at some progress; of another tensor of such a height, what it is about. */
unsigned hrnet_band_rows_at(const HrnetBandArgs *args, unsigned tensor, unsigned progress);

/* The state of all tensors before a strip that begins with this progress. */
void hrnet_band_begin(const HrnetBandArgs *args, unsigned progress, HrnetBandRows *rows);

/* Up to which row each tensor is wanted to reach this progress, by tensor. */
void hrnet_band_ends(const HrnetBandArgs *args, unsigned progress, unsigned *ends);

/* The first row of a tensor that a step has yet to read; rows[].done where there is none. */
unsigned hrnet_band_first_wanted(const HrnetBandArgs *args, const HrnetBandRows *rows,
                                 unsigned tensor);

/* Whether step s is a 1x1 convolution for nothing but the residual of the next one: then the sum of
 * both is made in the place of the result, and s's own output is never kept. */
bool hrnet_band_is_pair(const HrnetBandArgs *args, unsigned s);

/* The fewest rows of the lowest output that come to whole row steps of every layer: bands of the
 * outputs may not overlap, and two threads' shares of inner tensors should as little as can be. */
unsigned hrnet_band_smallest(const HrnetBandArgs *args);

/* With bands of so many rows: how many rows of each step's output are held at a time, by tensor,
 * and the most that a step makes of it at once, by step. */
void hrnet_band_measure(const HrnetBandArgs *args, unsigned band_rows, unsigned *capacity,
                        unsigned *most_rows);

#endif
