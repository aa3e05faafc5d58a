/* A model whose weights are numbers and whose scores are none.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TESTS_UNFINITE_H
#define HRNET_TESTS_UNFINITE_H

#include <glib.h>

/* Writes the model at `from`, its classifier's weights so large that sums of their products are
 * infinite, to a new file. Returns its path, for g_unlink() and g_free(). */
gchar *unfinite_model_new(const gchar *from);

#endif
