/* Which labels are acted on, and in which colours.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetpaint.h"

#include <string.h>

static gboolean choose_labels(GstHrnetPaint *paint, const HrnetModel *model, const gchar *classes,
                              GError **error)
{
    g_auto(GStrv) names = NULL;

    if (!classes || !*classes) {
        for (guint label = 1; label <= paint->n_labels; label++)
            paint->chosen[label] = hrnet_model_is_foreground(model, label);
        return TRUE;
    }
    names = g_strsplit(classes, ",", -1);
    for (gchar **name = names; *name; name++) {
        const gint label = hrnet_model_find_label(model, g_strstrip(*name));

        if (label < 1) {
            g_autofree gchar *known =
                g_strjoinv(", ", (gchar **)(gpointer)(hrnet_model_get_classes(model) + 1));
            g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                        "classes: the model has no class \"%s\": expected labels from 1 to %u, or "
                        "names among %s",
                        *name, paint->n_labels, known);
            return FALSE;
        }
        paint->chosen[label] = TRUE;
    }
    return TRUE;
}

/* "#rrggbb" */
static gboolean parse_color(const gchar *text, guint32 *rgb)
{
    if (text[0] != '#' || strlen(text) != 7)
        return FALSE;
    for (guint i = 1; i < 7; i++) {
        if (!g_ascii_isxdigit(text[i]))
            return FALSE;
    }
    *rgb = (guint32)g_ascii_strtoull(text + 1, NULL, 16);
    return TRUE;
}

static gboolean choose_colors(GstHrnetPaint *paint, const HrnetModel *model, const gchar *palette,
                              GError **error)
{
    g_auto(GStrv) colors = NULL;
    guint n;

    for (guint label = 0; label <= paint->n_labels; label++)
        paint->colors[label] = hrnet_model_get_color(model, label);
    if (!palette || !*palette || g_str_equal(palette, "model"))
        return TRUE;

    colors = g_strsplit(palette, ",", -1);
    n = g_strv_length(colors);
    if (n < paint->n_labels) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "palette: %u colours for the model's %u classes", n, paint->n_labels);
        return FALSE;
    }
    for (guint i = 0; i < n; i++) {
        guint32 rgb;

        if (!parse_color(g_strstrip(colors[i]), &rgb)) {
            g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                        "palette: \"%s\" is no colour: expected #rrggbb", colors[i]);
            return FALSE;
        }
        if (i < paint->n_labels)
            paint->colors[i + 1] = rgb;
    }
    return TRUE;
}

gboolean gst_hrnet_paint_setup(GstHrnetPaint *paint, const HrnetModel *model, const gchar *classes,
                               const gchar *palette, GError **error)
{
    /* The list of classes begins with label 0, which is no class. */
    GstHrnetPaint made = {
        .n_labels = g_strv_length((gchar **)(gpointer)hrnet_model_get_classes(model)) - 1,
    };

    if (!choose_labels(&made, model, classes, error) ||
        !choose_colors(&made, model, palette, error))
        return FALSE;
    *paint = made;
    return TRUE;
}

void gst_hrnet_paint_set_opacity(GstHrnetPaint *paint, gdouble opacity, gboolean invert)
{
    guint32 alpha = (guint32)(opacity * 255 + 0.5);

    paint->paints = FALSE;
    for (guint label = 0; label <= paint->n_labels; label++) {
        paint->argb[label] =
            paint->chosen[label] != invert && alpha ? alpha << 24 | paint->colors[label] : 0;
        paint->paints |= paint->argb[label] != 0;
    }
}
