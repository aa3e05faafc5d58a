/* Where PyTorch's F.interpolate reads along one axis.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_RESIZE_AXIS_H
#define HRNET_OPS_RESIZE_AXIS_H

#include "kernels/resize_kernels.h"
#include "ops/resize.h"

#include <stdint.h>

/* For every output position o < n_out, on an axis of n_in: value = (1 - weight[o]) * in[index[o]] +
 * weight[o] * in[min(index[o] + 1, n_in - 1)]. The arithmetic is PyTorch's, in float, so that
 * positions agree to the last bit. */
void hrnet_resize_axis_fill(HrnetResizeMode mode, unsigned n_in, unsigned n_out, int32_t *index,
                            float *weight);

/* Floats that a table of columns for n_out takes; a multiple of 16. */
size_t hrnet_columns_floats(unsigned n_out);

/* Fills a table in memory of hrnet_columns_floats(), aligned to HRNET_ALIGNMENT, and the view of
 * it. */
void hrnet_columns_fill(HrnetColumns *columns, float *memory, HrnetResizeMode mode, unsigned n_in,
                        unsigned n_out);

/* Distance of two lines of n_in floats: padding included, a multiple of 16. */
size_t hrnet_line_floats(unsigned n_in);

#endif
