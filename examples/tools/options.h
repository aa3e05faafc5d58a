/* What the command lines of the tools have in common: options, messages, exit statuses.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TOOLS_OPTIONS_H
#define HRNET_TOOLS_OPTIONS_H

#include <hrnet/hrnet.h>

/* Exit statuses of every tool. */
enum { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_MISUSED = 2 };

/* Parses the command line: `--help` and `--version` print and exit with 0. `usage` is what follows
 * the program's name in the help, `entries` the tool's options. Wrong usage: says why on standard
 * error, returns FALSE. From here on a signal that ends the tool removes what it has begun to
 * write.
 */
gboolean tool_parse_options(const gchar *usage, const gchar *summary, const GOptionEntry *entries,
                            int argc, char **argv);

/* `--size`'s "HxW", each within the sizes that a session takes. */
gboolean tool_parse_size(const gchar *text, guint *height, guint *width);

/* `--precision`'s word. NULL is `auto`. */
gboolean tool_parse_precision(const gchar *text, HrnetPrecision *precision);

/* `--threads`: 0 is one for each available CPU. */
gboolean tool_check_threads(gint threads);

/* `--set`: each "key=value". NULL is none. */
gboolean tool_check_settings(gchar *const *settings);

/* FALSE with an error where a file to write is one that is read, or is to be written twice. NULLs
 * are passed over. */
gboolean tool_check_outputs(const gchar *const *outputs, guint n_outputs,
                            const gchar *const *inputs, guint n_inputs, GError **error);

/* The name that `--precision` and reports have for a precision. */
const gchar *tool_precision_name(HrnetPrecision precision);

/* One line on standard error, after the program's name. They return the exit status to leave with.
 */
int tool_fail(const gchar *format, ...) G_GNUC_PRINTF(1, 2);
int tool_misuse(const gchar *format, ...) G_GNUC_PRINTF(1, 2);

/* Flushes standard output: a full disk or closed pipe is a failure, not a success. Returns the exit
 * status. */
int tool_finish_output(void);

#endif
