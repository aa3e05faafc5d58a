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

#endif
