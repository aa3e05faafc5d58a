/* Something done with each piece of memory refused in turn.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TESTS_SCARCITY_H
#define HRNET_TESTS_SCARCITY_H

#include <glib.h>

/* Does it between scarce_begin() and scarce_end(), checks what came of it, and frees all of that.
 * Returns what scarce_end() does. */
typedef guint (*ScarcityAct)(gconstpointer data, guint nth, gboolean lasting);

/* Does it with plenty, and with one after the other refused: each on its own, and it and all that
 * follow. Fails the test where anything is left. All of them where the environment has
 * HRNET_OOM=all, else about `n_samples` of each. */
void scarcity_try(ScarcityAct act, gconstpointer data, guint n_samples);

#endif
