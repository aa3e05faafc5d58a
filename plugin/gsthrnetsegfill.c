/* hrnetseg: the colour of `fill` as text.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetseg.h"

#define EXPECTED "fill: \"%s\" is no colour: expected #rrggbb"

void gst_hrnet_seg_fill_set(GstHrnetSeg *self, const gchar *text)
{
    guint32 rgb = 0;
    const gboolean ok = text && gst_hrnet_paint_parse_color(text, &rgb);
    gboolean started;

    GST_OBJECT_LOCK(self);
    started = self->started;
    if (ok || !started)
        g_clear_pointer(&self->settings.no_color, g_free);
    /* A colour that is there already keeps its opacity, of which the text tells nothing. */
    if (ok && (self->settings.fill_color & 0xffffff) != rgb)
        self->settings.fill_color = 0xff000000u | rgb;
    if (!ok && !started)
        self->settings.no_color = g_strdup(text ? text : "");
    GST_OBJECT_UNLOCK(self);

    if (ok)
        g_object_notify(G_OBJECT(self), "fill-color");
    else if (started)
        GST_ELEMENT_WARNING(self, LIBRARY, SETTINGS,
                            ("Keeping the former colour: " EXPECTED, text ? text : ""), (NULL));
}

gchar *gst_hrnet_seg_fill_get_locked(GstHrnetSeg *self)
{
    const GstHrnetSettings *settings = &self->settings;

    if (settings->no_color)
        return g_strdup(settings->no_color);
    return g_strdup_printf("#%06x", settings->fill_color & 0xffffff);
}

gboolean gst_hrnet_seg_fill_check(GstHrnetSeg *self)
{
    g_autofree gchar *no_color = NULL;

    GST_OBJECT_LOCK(self);
    no_color = g_strdup(self->settings.no_color);
    GST_OBJECT_UNLOCK(self);
    if (no_color)
        GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, (EXPECTED, no_color), (NULL));
    return no_color == NULL;
}
