/* The types of the element's enum properties.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetenums.h"

#include <hrnet/hrnet.h>

GType gst_hrnet_sync_mode_get_type(void)
{
    static const GEnumValue values[] = {
        { GST_HRNET_SYNC_EXACT, "Each frame waits for its own mask", "exact" },
        { GST_HRNET_SYNC_LATEST, "Frames leave at once with the newest mask", "latest" },
        { GST_HRNET_SYNC_AUTO, "latest where upstream is live, else own masks", "auto" },
        { 0, NULL, NULL },
    };
    static gsize type;

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstHrnetSyncMode", values));
    return type;
}

GType gst_hrnet_orientation_get_type(void)
{
    static const GEnumValue values[] = {
        { HRNET_ORIENTATION_IDENTITY, "Upright as it is", "0" },
        { HRNET_ORIENTATION_90R, "By 90 degrees clockwise", "90r" },
        { HRNET_ORIENTATION_180, "By 180 degrees", "180" },
        { HRNET_ORIENTATION_90L, "By 90 degrees counter-clockwise", "90l" },
        { HRNET_ORIENTATION_HORIZ, "Mirrored, left is right", "horiz" },
        { HRNET_ORIENTATION_VERT, "Mirrored, top is bottom", "vert" },
        { HRNET_ORIENTATION_UL_LR, "Mirrored on the diagonal from upper left to lower right",
          "ul-lr" },
        { HRNET_ORIENTATION_UR_LL, "Mirrored on the diagonal from upper right to lower left",
          "ur-ll" },
        { GST_HRNET_ORIENTATION_AUTO, "As the stream's tag image-orientation tells", "auto" },
        { 0, NULL, NULL },
    };
    static gsize type;

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstHrnetOrientation", values));
    return type;
}

static const GEnumValue precisions[] = {
    { HRNET_PRECISION_AUTO,
      "int8 where the model is calibrated and the processor has dot products of bytes, else fp32",
      "auto" },
    { HRNET_PRECISION_FP32, "32-bit floating point", "fp32" },
    { HRNET_PRECISION_INT8, "Bytes, for models that were calibrated", "int8" },
    { 0, NULL, NULL },
};

GType gst_hrnet_precision_get_type(void)
{
    static gsize type;

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstHrnetPrecision", precisions));
    return type;
}

const gchar *gst_hrnet_precision_name(gint precision)
{
    for (const GEnumValue *value = precisions; value->value_nick; value++)
        if (value->value == precision)
            return value->value_nick;
    g_return_val_if_reached("auto");
}
