/* Memory and threads that run out on demand.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Linked into a program, or loaded before one (scarce_preload.c), these stand before malloc(), its
 * kin, GLib's g_try_...() and what makes threads. What engine, plugin and tools ask for can be had
 * or not, and so can what the libraries do that they read and write files with and that tell of no
 * memory; GLib and GStreamer, which end the process for want of it, always get theirs. */
#ifndef HRNET_TESTS_SCARCE_H
#define HRNET_TESTS_SCARCE_H

#include <glib.h>

/* From now on the nth of what is asked for is refused; lasting: and all after it. 0: none. */
void scarce_begin(guint nth, gboolean lasting);

/* All is to be had again. Returns how much was asked for. */
guint scarce_end(void);

/* How many blocks that engine, plugin, tools or GLib took between the last two calls are still
 * there. */
guint scarce_kept(void);

/* Prints who took them. */
void scarce_print_kept(void);

#endif
