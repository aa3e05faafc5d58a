/* Errors of the readers: the file's path first, then what is wrong, where, and what was expected.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_FAILURE_H
#define HRNET_WEIGHTS_FAILURE_H

#include "weights/weights.h"

/* Sets the error "PATH: ..." and returns FALSE. What came out of a file may be in the arguments as
 * it is: hrnet_text_clean() goes over them and over the path, and a very long text is cut. */
gboolean hrnet_weights_fail(GError **error, HrnetWeightsError code, const gchar *path,
                            const gchar *format, ...) G_GNUC_PRINTF(4, 5);

#endif
