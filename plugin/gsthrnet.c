/* The plugin.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetmeta.h"
#include "gsthrnetseg.h"

static gboolean plugin_init(GstPlugin *plugin)
{
    gst_hrnet_meta_register();
    return GST_ELEMENT_REGISTER(hrnetseg, plugin);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, hrnet, "Semantic segmentation with HRNetV2",
                  plugin_init, HRNET_VERSION, "LGPL", PACKAGE, GST_PACKAGE_ORIGIN)
