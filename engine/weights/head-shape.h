/* Finds a head whose names say nothing, by the shapes of its tensors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_HEAD_SHAPE_H
#define HRNET_WEIGHTS_HEAD_SHAPE_H

#include "weights/source.h"

/* Among the tensors beside the trunk: a convolution over all branches, one over its output, and a
 * normalisation between them. names: all, sorted. Notes what they are called; an error where there
 * is no such head, or more than one. */
gboolean hrnet_head_find_by_shape(HrnetSource *source, const GPtrArray *names, const gchar *trunk,
                                  GError **error);

#endif
