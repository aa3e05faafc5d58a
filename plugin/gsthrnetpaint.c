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
                        "model \"%s\" has no class \"%s\": it has %s (labels 1 to %u)",
                        hrnet_model_get_name(model), *name, known, paint->n_labels);
            return FALSE;
        }
        paint->chosen[label] = TRUE;
    }
    return TRUE;
}

gboolean gst_hrnet_paint_parse_color(const gchar *text, guint32 *rgb)
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

        if (!gst_hrnet_paint_parse_color(g_strstrip(colors[i]), &rgb)) {
            g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                        "palette: \"%s\" is no colour: expected #rrggbb", colors[i]);
            return FALSE;
        }
        if (i < paint->n_labels)
            paint->colors[i + 1] = rgb;
    }
    return TRUE;
}

/* "name", "#rrggbb" or "", "0.5" or "" */
static gboolean apply_class_style(GstHrnetPaint *paint, const HrnetModel *model, gchar **parts)
{
    const guint n_parts = g_strv_length(parts);
    gint label;

    /* Of "" there is not even one. */
    if (n_parts < 1 || n_parts > 3)
        return FALSE;
    label = hrnet_model_find_label(model, g_strstrip(parts[0]));
    if (label < 1)
        return FALSE;
    if (parts[1] && *g_strstrip(parts[1]) &&
        !gst_hrnet_paint_parse_color(parts[1], &paint->colors[label]))
        return FALSE;
    if (parts[1] && parts[2] && *g_strstrip(parts[2])) {
        gchar *end;

        paint->opacities[label] = g_ascii_strtod(parts[2], &end);
        return *end == '\0' && paint->opacities[label] >= 0 && paint->opacities[label] <= 1;
    }
    return TRUE;
}

static gboolean apply_style(GstHrnetPaint *paint, const HrnetModel *model, const gchar *style,
                            GError **error)
{
    g_auto(GStrv) entries = g_strsplit(style ? style : "", ",", -1);

    for (guint label = 0; label < G_N_ELEMENTS(paint->opacities); label++)
        paint->opacities[label] = -1;
    for (gchar **entry = entries; *entry; entry++) {
        g_auto(GStrv) parts = g_strsplit(*entry, ":", -1);

        if (!apply_class_style(paint, model, parts)) {
            g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                        "class-style: \"%s\" cannot be read: expected name:#rrggbb:opacity with a "
                        "class of the model and an opacity from 0 to 1",
                        *entry);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean gst_hrnet_paint_setup(GstHrnetPaint *paint, const HrnetModel *model, const gchar *classes,
                               const gchar *palette, const gchar *style, GError **error)
{
    /* The list of classes begins with label 0, which is no class. */
    GstHrnetPaint made = {
        .n_labels = g_strv_length((gchar **)(gpointer)hrnet_model_get_classes(model)) - 1,
    };

    if (!choose_labels(&made, model, classes, error) ||
        !choose_colors(&made, model, palette, error) || !apply_style(&made, model, style, error))
        return FALSE;
    *paint = made;
    return TRUE;
}

void gst_hrnet_paint_set_opacity(GstHrnetPaint *paint, gdouble opacity, guint outline,
                                 gboolean invert)
{
    paint->outline = outline;
    paint->paints = FALSE;
    for (guint label = 0; label <= paint->n_labels; label++) {
        const gdouble own = paint->opacities[label];
        const guint32 alpha = (guint32)((own >= 0 ? own : opacity) * 255 + 0.5);
        const gboolean painted = paint->chosen[label] != invert;

        paint->argb[label] = painted && alpha ? alpha << 24 | paint->colors[label] : 0;
        /* Where nothing is labelled there is no edge either. */
        paint->edge_argb[label] = painted && label > 0 ? 0xffu << 24 | paint->colors[label] : 0;
        paint->paints |= paint->argb[label] != 0 || (outline > 0 && paint->edge_argb[label] != 0);
    }
}
