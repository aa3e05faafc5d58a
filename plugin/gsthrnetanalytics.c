/* The mask as GStreamer's own analytics metadata.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Region i of the segmentation is label i, with id i and the i-th name of the classification:
 * readers index by value, by id or by place, and all three are the same here. Label 0,
 * `unlabelled`, is what stock overlays leave transparent. */
#include "gsthrnetanalytics.h"

#ifdef HAVE_ANALYTICS

#include <gst/analytics/analytics.h>

/* Room for n regions and names, so that adding them does not make the metadata grow. */
static GstAnalyticsRelationMeta *relation_meta(GstBuffer *frame, gsize n)
{
    GstAnalyticsRelationMetaInitParams params = {
        .initial_relation_order = 2,
        .initial_buf_size = 256 + n * (sizeof(guint) + sizeof(gfloat) + sizeof(GQuark)),
    };

    return gst_buffer_add_analytics_relation_meta_full(frame, &params);
}

void gst_hrnet_analytics_attach(GstBuffer *frame, const GstHrnetResult *result, guint width,
                                guint height)
{
    const gchar *const *names = hrnet_model_get_classes(result->model);
    const gsize n = g_strv_length((gchar **)(gpointer)names);
    GstAnalyticsRelationMeta *meta = relation_meta(frame, n);
    GstAnalyticsSegmentationMtd segmentation;
    GstAnalyticsClsMtd classes;
    GQuark quarks[256];
    gfloat levels[256];
    guint ids[256];

    g_return_if_fail(meta != NULL && n <= G_N_ELEMENTS(ids));
    for (guint i = 0; i < n; i++) {
        ids[i] = i;
        levels[i] = -1; /* not known for a whole frame */
        quarks[i] = g_quark_from_string(names[i]);
    }
    if (gst_analytics_relation_meta_add_segmentation_mtd(meta, gst_buffer_ref(result->buffer),
                                                         GST_SEGMENTATION_TYPE_SEMANTIC, n, ids, 0,
                                                         0, width, height, &segmentation) &&
        gst_analytics_relation_meta_add_cls_mtd(meta, n, levels, quarks, &classes))
        gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_N_TO_N,
                                                 segmentation.id, classes.id);
}

#else

void gst_hrnet_analytics_attach(GstBuffer *frame, const GstHrnetResult *result, guint width,
                                guint height)
{
    (void)frame;
    (void)result;
    (void)width;
    (void)height;
}

#endif
