/* Which reader a file is for.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_FORMATS_H
#define HRNET_WEIGHTS_FORMATS_H

#include "weights/source.h"

/* Opens a checkpoint of any format that was built in. The format is told by what the file starts
 * with, never by its name. */
HrnetSource *hrnet_formats_open(const gchar *path, GError **error);

#endif
