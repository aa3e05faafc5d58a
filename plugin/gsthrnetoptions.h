/* `model-options` of the element to the engine's `key=value`.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_HRNET_OPTIONS_H
#define GST_HRNET_OPTIONS_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* text: a GstStructure string, `options,align_corners=true,mean=<0.5,0.5,0.5>`, or its fields
 * alone; NULL and "" mean none. Arrays become JSON. Returns a NULL-terminated array for
 * hrnet_model_load(), freed with g_strfreev(). */
gchar **gst_hrnet_options_parse(const gchar *text, GError **error);

G_END_DECLS

#endif
