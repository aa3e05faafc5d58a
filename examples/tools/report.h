/* Members of a JSON report.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TOOLS_REPORT_H
#define HRNET_TOOLS_REPORT_H

#include <json-glib/json-glib.h>

/* NULL becomes JSON's null, bytes that are no UTF-8 become U+FFFD. */
void report_string(JsonBuilder *builder, const gchar *name, const gchar *value);
void report_integer(JsonBuilder *builder, const gchar *name, gint64 value);
void report_number(JsonBuilder *builder, const gchar *name, gdouble value);

/* "HxW" */
void report_size(JsonBuilder *builder, const gchar *name, guint height, guint width);

/* The text as one line for a terminal: '?' for control characters, which escape sequences begin
 * with, and for those that turn the direction of writing; U+FFFD for bytes that are no UTF-8. Free
 * with g_free(). */
gchar *report_line(const gchar *text);

/* Prints the finished object on standard output, in it what report_line() replaces as \u escapes.
 */
void report_print(JsonBuilder *builder);

#endif
