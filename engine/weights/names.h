/* Other code's names for the parts of an HRNetV2, mapped to the authors' own.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * To add a family: one more table of rules in names.c. */
#ifndef HRNET_WEIGHTS_NAMES_H
#define HRNET_WEIGHTS_NAMES_H

#include "weights/source.h"

/* Renames the tensors of a source, dropping those that are no part of the network in evaluation. */
gboolean hrnet_names_map(HrnetSource *source, GError **error);

#endif
