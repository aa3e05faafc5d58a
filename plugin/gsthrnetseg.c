/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A launch line stays one line. */
/* clang-format off */
/**
 * SECTION:element-hrnetseg
 * @title: hrnetseg
 * @short_description: Semantic segmentation of video with HRNetV2
 *
 * hrnetseg tells for every pixel of every frame which class it belongs to, with an HRNetV2 network
 * on the CPU. What leaves the element is chosen by #GstHrnetSeg:mode: the frame with its classes
 * painted over it, the labels as GRAY8 video, or the frame as it came. In every mode the mask can
 * travel with the frame as metadata.
 *
 * A label is a byte: 0 means unlabelled, k is the network's class k-1.
 *
 * ## Formats
 *
 * Frames are read and drawn on in their own format: I420, YV12, NV12, NV21, YUY2, UYVY, RGB, BGR,
 * RGBx, BGRx, xRGB, xBGR, RGBA, BGRA, ARGB, ABGR and GRAY8, of which upstream sends one where it
 * could send others as well; Y42B, Y444, NV16, YVYU, VYUY; P010_10LE, I420_10LE and GRAY16_LE, at
 * their own depth. Colours go by the caps' colorimetry. Samples that are not drawn on stay as they
 * are to the last bit, those that have no part in a value included, as in samples that are.
 *
 * In #GstHrnetSeg:mode `meta` the element takes every format that GStreamer can unpack. Those that
 * are not in the list above are converted to 8 bits for the network; with
 * #GstHrnetSeg:fail-closed a frame that must not show becomes black.
 *
 * The values of HDR video (PQ and HLG, ITU-R BT.2100) are taken for those of SDR: the network sees
 * them as they are coded, without their transfer function, and a colour is drawn with the values
 * that it has in SDR.
 *
 * ## Metadata
 *
 * With #GstHrnetSeg:attach-meta each frame carries the custom metadata `GstHrnetSegMeta` (see
 * gst_buffer_get_custom_meta()), a #GstStructure with the fields
 *
 * * `mask`: #GstBuffer with #GstVideoMeta, GRAY8, the labels at the frame's size. It is shared and
 * must not be written
 * * `classes`: #GstValueArray of strings, the names of labels 0 to N
 * * `pts`: #guint64, the timestamp of the frame that was segmented
 * * `model`: #gchararray, the model's name
 * * `areas`: #GstValueArray, with masks that a message is posted of: its `classes`, see below
 *
 * Of several elements in a row each attaches its own: gst_buffer_get_custom_meta() finds the last
 * one's, gst_buffer_iterate_meta_filtered() with the API of that one all, the last element's first.
 *
 * It is copied with the frame, scaled where a scaler says that it scales, and dropped elsewhere.
 *
 * Where the plugin is built with GStreamer 1.26 or later frames also carry a
 * #GstAnalyticsSegmentationMtd, related to a #GstAnalyticsClsMtd with the names of the labels.
 *
 * ## Messages
 *
 * With #GstHrnetSeg:message-interval the element posts messages `hrnet-classes` with the fields
 * `timestamp`, `stream-time`, `running-time` and `classes`, a #GstValueArray of structures with
 * `label` (#guint), `name`, `share` (#gdouble, of the frame's area), `confidence` (#gdouble, the
 * mean probability of the pixels that the class has won), and the box `x`, `y`, `width`, `height`
 * (#guint, pixels).
 *
 * ## Properties while playing
 *
 * All properties may be set in any state. A new #GstHrnetSeg:model is loaded beside the stream,
 * which goes on with the former until the new one is ready, and the former is freed beside it;
 * where loading fails a warning is posted and the former stays. In the same way values that mean
 * nothing (an unknown class, a palette too short) are an error when the element starts, and a
 * warning that changes nothing later. So is a #GstHrnetSeg:mode whose caps downstream does not
 * take: the property then has the former mode again.
 *
 * ## Live streams
 *
 * No frame that can be read is dropped. With #GstHrnetSeg:sync-mode `latest`, which `auto` means in
 * a pipeline whose source is live, inference runs beside the stream: each frame leaves at once with
 * the newest mask there is, and nothing is added to the latency. Before the first mask nothing is
 * painted, all labels of `mask` are 0 and no metadata is attached. With `exact` each frame waits
 * for its own mask, and the latency that this adds is told to the pipeline.
 *
 * A played file whose frames wait longer for masks than they last would come ever later. Where
 * `auto` waits, a frame of which a QoS event says that it comes too late is let through with the
 * last mask, unless that is older than a second, and where the sink keeps reporting lateness `auto`
 * means `latest` from then on, until a flush; where the pipeline has a sink that reports lateness
 * and the first masks show that frames would be late, before it has to. The lateness that waiting
 * has made is not sent upstream, where decoders would drop frames for it. Frames that are hidden
 * (`blur`, `fill`, `pixelate`, and all with #GstHrnetSeg:fail-closed) always wait where `auto`
 * decides, in live streams too: ask for `latest` to have them leave at once. The base class's
 * property `qos` drops nothing.
 *
 * Frames that fill a gap (%GST_BUFFER_FLAG_GAP, which videorate's duplicates have too) keep the
 * last mask where there is one, and pass as they came where they are empty.
 *
 * With `latest` the last mask is scaled when the frames' size changes, and kept across a segment
 * without a flush while it is younger than #GstHrnetSeg:max-mask-age, until the next one is ready.
 * A mask that nobody would have seen for longer than that is dropped, not shown later.
 *
 * An inference is begun when the one before is done: where they take long, masks are renewed more
 * rarely. With #GstHrnetSeg:adaptive-size the network then also becomes smaller than
 * #GstHrnetSeg:inference-size says, by eighths of its height and width down to a half, until an
 * inference takes no longer than #GstHrnetSeg:target-fps asks for, or a fifteenth of a second; it
 * grows back when dozens of inferences in a row have left enough time for the next larger size.
 * #GstHrnetSeg:stats tell the
 * size (`inference-height`, `inference-width`), the arithmetic (`precision`) and how old the last frame's mask was
 * (`mask-age-ns`); in the metadata the age is the difference of the frame's timestamp and `pts`.
 *
 * #GstHrnetSeg:target-fps bounds the inferences, and #GstHrnetSeg:static-threshold spares those of
 * pictures that stay the same. None is made while nobody would see a mask: with an
 * #GstHrnetSeg:opacity of 0 and no metadata, for one.
 *
 * ## Frames that fail
 *
 * The stream goes on after a frame that something failed of. One whose inference failed has the
 * mask before, as late ones have; one that cannot be read (a buffer too short, memory that cannot
 * be mapped) passes as it came, or is dropped where the output has another format that is made of
 * its pixels. The first of a run of them posts a warning, the hundredth an error. With
 * #GstHrnetSeg:fail-closed such a frame is hidden as a whole, and dropped where it cannot be read.
 *
 * An inference, a drawing or a change of model for which there is no memory or no thread fails in
 * the same way. GStreamer's own buffer pools and GLib's small allocations end the process instead.
 *
 * Interlaced frames are segmented as if they were progressive; where they are drawn on, a chroma
 * sample of 4:2:0 belongs to the rows of its own field.
 *
 * ## Orientation
 *
 * Phones and cameras that are held on end store frames as their sensor lies, and the network finds
 * hardly anybody in them. With #GstHrnetSeg:orientation `auto` it is shown frames upright as the
 * stream's tag `image-orientation` says, which demuxers make of the container's matrix; other values
 * say it in its place, for streams without. Frames leave as they lie and their tags as they came, so
 * that what turns them for display still may come after; masks, metadata and boxes lie as the frames
 * do. #GstHrnetSeg:inference-size is the upright frame's. When the orientation changes in mid-stream
 * smoothing begins anew, and where frames do not wait they keep the mask before until the next one.
 *
 * ## Memory
 *
 * Frames in `memory:DMABuf` are taken where they can be mapped, and leave as `video/x-raw`, in the
 * same memory where that is not drawn on or may be. Where the first of them cannot be mapped, as is
 * the case with tiled memory, the element posts an error: then `vapostproc` or `gldownload` before
 * the element bring frames into memory that can be. Caps whose frames lie in other
 * memory, or in DMABuf with modifiers (the format `DMA_DRM`), are not taken; where upstream tries
 * them a warning tells what brings them into the system's.
 *
 * ## Steady masks
 *
 * #GstHrnetSeg:smoothing averages the scores of the classes over the frames before they become
 * labels. The average gives way where a frame is decidedly of another mind and where its luma has
 * changed, so that what moves keeps its own edges while noise does not show. It begins anew after a
 * flush, a new segment, a buffer flagged DISCONT, new caps, another orientation, model or network
 * size, and a cut. Frames without timestamps are not smoothed. With #GstHrnetSeg:edge-refine the edges of masks
 * are moved onto those of the picture's luma nearby (fast guided filter), at the frame's own size.
 *
 * ## Hiding and cutting out
 *
 * The modes `blur`, `pixelate` and `fill` hide the pixels of #GstHrnetSeg:classes, or with
 * #GstHrnetSeg:invert all others, in the frame's own format; #GstHrnetSeg:margin makes the region
 * larger. Blur and squares are made of the region's own pixels, so that nothing from outside shines
 * in. `alpha` keeps the chosen classes, with edges that fade over a few pixels, and makes all else
 * transparent and black; it puts out A420, RGBA, BGRA, ARGB or ABGR.
 *
 * With #GstHrnetSeg:fail-closed a frame for which there is no mask, or only one older than
 * #GstHrnetSeg:max-mask-age, or whose inference fails, is hidden as a whole: in the mode's own way,
 * transparent in `alpha`, and black in `overlay`, `mask` and `meta`. A warning is posted when that
 * begins, but for a stream's first mask that is simply not ready yet.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! hrnetseg ! videoconvert ! autovideosink
 * ]|
 * People in front of a camera, painted.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! hrnetseg model=street classes=road,car opacity=0.7 ! videoconvert ! autovideosink
 * ]|
 * Two of the street's classes.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! hrnetseg mode=mask sync-mode=exact ! pngenc snapshot=true ! filesink location=mask.png
 * ]|
 * The labels of a frame themselves, as a picture: the first of a live stream has a mask only where it
 * waits for it.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! hrnetseg sync-mode=latest target-fps=10 ! videoconvert ! autovideosink
 * ]|
 * At most ten inferences a second, and no frame held up.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! hrnetseg mode=blur invert=true strength=40 ! videoconvert ! autovideosink
 * ]|
 * A blurred background.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! hrnetseg mode=pixelate margin=8 fail-closed=true ! videoconvert ! autovideosink
 * ]|
 * Nobody to be recognised, whatever happens.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! hrnetseg smoothing=300 edge-refine=true ! videoconvert ! autovideosink
 * ]|
 * Calm masks, with the picture's own edges.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! hrnetseg mode=alpha ! compositor background=white ! videoconvert ! autovideosink
 * ]|
 * People before a white background.
 */
/* clang-format on */

#include "gsthrnetseg.h"

GST_DEBUG_CATEGORY(gst_hrnet_seg_debug);
#define GST_CAT_DEFAULT gst_hrnet_seg_debug

G_DEFINE_TYPE_WITH_CODE(GstHrnetSeg, gst_hrnet_seg, GST_TYPE_BASE_TRANSFORM,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_PRESET, NULL)
                            GST_DEBUG_CATEGORY_INIT(gst_hrnet_seg_debug, "hrnetseg", 0,
                                                    "HRNet segmentation"))
GST_ELEMENT_REGISTER_DEFINE(hrnetseg, "hrnetseg", GST_RANK_NONE, GST_TYPE_HRNET_SEG)

static gboolean start(GstBaseTransform *trans)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);

    if (!gst_hrnet_seg_fill_check(self))
        return FALSE;
    GST_OBJECT_LOCK(self);
    self->stats = (GstHrnetStats){ 0 };
    self->latency = 0;
    self->offered_mode = self->settings.mode;
    GST_OBJECT_UNLOCK(self);
    gst_hrnet_seg_qos_reset(self);
    gst_hrnet_seg_mask_open(self);
    return gst_hrnet_seg_model_open(self);
}

static gboolean stop(GstBaseTransform *trans)
{
    GstHrnetSeg *self = GST_HRNET_SEG(trans);

    /* The worker's network goes last. */
    gst_hrnet_seg_mask_close(self);
    gst_hrnet_seg_draw_close(self);
    gst_hrnet_seg_model_close(self);
    return TRUE;
}

static void finalize(GObject *object)
{
    GstHrnetSeg *self = GST_HRNET_SEG(object);

    gst_hrnet_network_free(self->pending);
    gst_hrnet_seg_props_clear(&self->settings);
    G_OBJECT_CLASS(gst_hrnet_seg_parent_class)->finalize(object);
}

static void gst_hrnet_seg_init(GstHrnetSeg *self)
{
    GstBaseTransform *trans = GST_BASE_TRANSFORM(self);

    gst_hrnet_seg_props_init(&self->settings);
    gst_hrnet_seg_qos_reset(self);
    self->offered_mode = self->settings.mode;
    /* Each frame decides for itself whether it is drawn on in place, see prepare_output_buffer().
     */
    gst_base_transform_set_in_place(trans, FALSE);
    gst_base_transform_set_passthrough(trans, FALSE);
    /* Late frames are let through with the last mask: the base class would drop them. */
    gst_base_transform_set_qos_enabled(trans, FALSE);
    gst_base_transform_set_gap_aware(trans, TRUE);
}

static void gst_hrnet_seg_class_init(GstHrnetSegClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    GstElementClass *element = GST_ELEMENT_CLASS(klass);
    GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS(klass);

    object->finalize = finalize;
    gst_hrnet_seg_props_class_init(object);

    gst_element_class_set_static_metadata(element, "HRNet segmentation",
                                          "Filter/Analyzer/Effect/Video",
                                          "Finds the class of every pixel with HRNetV2, and paints "
                                          "it, sends it as video or attaches it",
                                          "The gst-hrnet authors");
    gst_hrnet_seg_caps_add_templates(element);

    base->start = GST_DEBUG_FUNCPTR(start);
    base->stop = GST_DEBUG_FUNCPTR(stop);
    gst_hrnet_seg_caps_class_init(base);
    gst_hrnet_seg_frame_class_init(base);
    gst_hrnet_seg_memory_class_init(base);
    gst_hrnet_seg_mode_class_init(base);
    gst_hrnet_seg_latency_class_init(base);
}
