/* Other code's names for the parts of an HRNetV2, mapped to the authors' own.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The trunk has the authors' names in all code, behind whatever wraps it (DataParallel, a compiled
 * module, a module of trunk and head, ...). Heads have names of their own: a family of them is one
 * more line in names.c; one of no known family is found by its shape. */
#ifndef HRNET_WEIGHTS_NAMES_H
#define HRNET_WEIGHTS_NAMES_H

#include "weights/source.h"

/* Renames the tensors of a source, dropping those that are no part of the network in evaluation.
 * Where there are a student and its teacher, or a network and an average of it, the former counts.
 */
gboolean hrnet_names_map(HrnetSource *source, GError **error);

/* Whether a tensor's name is one that every HRNetV2 has, behind any prefix. */
gboolean hrnet_names_is_trunk(const gchar *name);
/* Whether a tensor is a part of the trunk that stands behind a prefix. */
gboolean hrnet_names_is_trunk_tensor(const gchar *name, const gchar *trunk);
/* Whether a name is of something beside the network: a teacher, an average, an optimiser. */
gboolean hrnet_names_is_shadow(const gchar *name);

#endif
