/* Text of unknown origin, made fit to be shown.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_TEXT_H
#define HRNET_WEIGHTS_TEXT_H

#include <glib.h>

typedef enum {
    HRNET_TEXT_ONE_LINE,
    HRNET_TEXT_LINES, /* newlines and tabs stay */
} HrnetTextForm;

/* The text in UTF-8 with U+FFFD for what is none, and for each character that a terminal or a
 * message's reader would follow rather than show: control characters of both sets (escape sequences
 * begin with them), separators of lines, and those that turn the direction of writing. What joins
 * letters stays. Free with g_free(). */
gchar *hrnet_text_clean(const gchar *text, HrnetTextForm form);

#endif
