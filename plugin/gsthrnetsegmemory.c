/* hrnetseg: memory that the element does not take.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Upstream that can send frames in no other memory than a graphics card's fails with no more than
 * "not negotiated". What would help is known here. */
#include "gsthrnetimage.h"
#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY_EXTERN(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

static GstBaseTransformClass *base_class;

/* What brings frames of a memory into the system's. */
static const struct {
    const gchar *memory, *helps;
} table[] = {
    { "memory:GLMemory", "gldownload" },
    { "memory:VAMemory", "vapostproc" },
    { "memory:VASurface", "vaapipostproc" },
    { "memory:CUDAMemory", "cudadownload" },
    { "memory:NVMM", "nvvidconv" },
    { "memory:VulkanImage", "vulkandownload" },
    { "memory:D3D11Memory", "d3d11download" },
    { GST_HRNET_FEATURE_DMABUF, "vapostproc, or \"glupload ! gldownload\"," },
};

/* The place in the table of fixed caps whose frames the element cannot read for their memory; the
 * number of places where it is not for that. */
static guint find_memory(const GstCaps *caps)
{
    const GstCapsFeatures *features = gst_caps_get_features(caps, 0);
    guint i = 0;

    while (i < G_N_ELEMENTS(table) && !gst_caps_features_contains(features, table[i].memory))
        i++;
    return i;
}

/* Upstream may ask for no purpose, so that this is no error; where it is one, upstream's follows.
 */
static void tell_what_helps(GstHrnetSeg *self, const GstCaps *caps)
{
    const gchar *format = gst_structure_get_string(gst_caps_get_structure(caps, 0), "format");
    const gboolean tiled = g_strcmp0(format, "DMA_DRM") == 0;
    const guint i = find_memory(caps);

    if (i == G_N_ELEMENTS(table) ||
        (!tiled && g_str_equal(table[i].memory, GST_HRNET_FEATURE_DMABUF)))
        return;
    GST_ELEMENT_WARNING(self, STREAM, FORMAT,
                        ("Cannot read frames in %s%s: %s before the element brings them into the "
                         "system's memory",
                         table[i].memory, tiled ? " of format DMA_DRM" : "", table[i].helps),
                        (NULL));
}

static gboolean accept_caps(GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps)
{
    const gboolean accepted = base_class->accept_caps(trans, direction, caps);

    if (!accepted && direction == GST_PAD_SINK && gst_caps_get_size(caps) == 1)
        tell_what_helps(GST_HRNET_SEG(trans), caps);
    return accepted;
}

void gst_hrnet_seg_memory_class_init(GstBaseTransformClass *klass)
{
    base_class = g_type_class_peek_parent(klass);
    klass->accept_caps = GST_DEBUG_FUNCPTR(accept_caps);
}
