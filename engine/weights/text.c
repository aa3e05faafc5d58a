/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/text.h"

#define REPLACEMENT          0xfffdu
#define ZERO_WIDTH_NONJOINER 0x200cu
#define ZERO_WIDTH_JOINER    0x200du

static gboolean is_shown(gunichar character, HrnetTextForm form)
{
    if (form == HRNET_TEXT_LINES && (character == '\n' || character == '\t'))
        return TRUE;
    switch (g_unichar_type(character)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return FALSE;
    case G_UNICODE_FORMAT:
        return character == ZERO_WIDTH_NONJOINER || character == ZERO_WIDTH_JOINER;
    default:
        return TRUE;
    }
}

gchar *hrnet_text_clean(const gchar *text, HrnetTextForm form)
{
    g_autofree gchar *valid = g_utf8_make_valid(text, -1);
    GString *clean = g_string_new(NULL);
    for (const gchar *at = valid; *at; at = g_utf8_next_char(at)) {
        const gunichar character = g_utf8_get_char(at);
        g_string_append_unichar(clean, is_shown(character, form) ? character : REPLACEMENT);
    }
    return g_string_free(clean, FALSE);
}
