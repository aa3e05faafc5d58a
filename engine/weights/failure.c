/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/failure.h"

#include "weights/text.h"

#define LONGEST_MESSAGE 600

/* Not G_DEFINE_QUARK(), whose static variable threads write side by side. */
GQuark hrnet_weights_error_quark(void)
{
    return g_quark_from_static_string("hrnet-weights-error-quark");
}

/* Makes text from a file fit for one line of a terminal or log. */
static gchar *printable(const gchar *text)
{
    gchar *clean = hrnet_text_clean(text, HRNET_TEXT_ONE_LINE);
    if (g_utf8_strlen(clean, -1) > LONGEST_MESSAGE) {
        gchar *cut = g_utf8_substring(clean, 0, LONGEST_MESSAGE);
        g_free(clean);
        clean = g_strconcat(cut, "...", NULL);
        g_free(cut);
    }
    return clean;
}

gboolean hrnet_weights_fail(GError **error, HrnetWeightsError code, const gchar *path,
                            const gchar *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree gchar *raw = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree gchar *text = printable(raw);
    g_autofree gchar *shown = hrnet_text_clean(path, HRNET_TEXT_ONE_LINE);
    g_set_error(error, HRNET_WEIGHTS_ERROR, code, "%s: %s", shown, text);
    return FALSE;
}
