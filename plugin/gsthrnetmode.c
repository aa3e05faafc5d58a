/* What the modes are: a row of a table for each.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetmode.h"

#include "gsthrnetimage.h"

static const GstVideoFormat gray[] = { GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_UNKNOWN };

/* The one that a YUV frame takes the shortest way to first. */
static const GstVideoFormat with_alpha[] = { GST_VIDEO_FORMAT_A420, GST_VIDEO_FORMAT_RGBA,
                                             GST_VIDEO_FORMAT_BGRA, GST_VIDEO_FORMAT_ARGB,
                                             GST_VIDEO_FORMAT_ABGR, GST_VIDEO_FORMAT_UNKNOWN };

static const GstHrnetModeTraits modes[GST_HRNET_N_MODES] = {
    [GST_HRNET_MODE_OVERLAY] = { "overlay", "Classes painted over the frame", .paints = TRUE },
    [GST_HRNET_MODE_MASK] = { "mask", "Labels as GRAY8 video", .made = gray, .of_labels = TRUE },
    [GST_HRNET_MODE_META] = { "meta", "Frames as they came, the mask as metadata", .passes = TRUE },
    [GST_HRNET_MODE_ALPHA] = { "alpha", "Classes cut out, all else transparent", .made = with_alpha,
                               .hides_others = TRUE },
    [GST_HRNET_MODE_BLUR] = { "blur", "Classes blurred", .hides = TRUE },
    [GST_HRNET_MODE_FILL] = { "fill", "Classes in one colour", .hides = TRUE },
    [GST_HRNET_MODE_PIXELATE] = { "pixelate", "Classes in coarse squares", .hides = TRUE },
};

const GstHrnetModeTraits *gst_hrnet_mode_traits(GstHrnetMode mode)
{
    g_assert((guint)mode < GST_HRNET_N_MODES);
    return &modes[mode];
}

GType gst_hrnet_mode_get_type(void)
{
    static GEnumValue values[GST_HRNET_N_MODES + 1]; /* and zeros */
    static gsize type;

    if (g_once_init_enter(&type)) {
        for (gint mode = 0; mode < GST_HRNET_N_MODES; mode++) {
            const GstHrnetModeTraits *traits = gst_hrnet_mode_traits((GstHrnetMode)mode);

            values[mode] = (GEnumValue){ mode, traits->blurb, traits->nick };
        }
        g_once_init_leave(&type, g_enum_register_static("GstHrnetMode", values));
    }
    return type;
}

gboolean gst_hrnet_mode_fits(GstHrnetMode mode, GstVideoFormat in, GstVideoFormat out)
{
    const GstHrnetModeTraits *traits = gst_hrnet_mode_traits(mode);

    if (!traits->passes && !gst_hrnet_image_is_native(in))
        return FALSE;
    if (!traits->made)
        return out == in;
    for (const GstVideoFormat *made = traits->made; *made != GST_VIDEO_FORMAT_UNKNOWN; made++) {
        if (out == *made)
            return TRUE;
    }
    return FALSE;
}
