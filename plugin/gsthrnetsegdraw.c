/* hrnetseg: the pictures of the modes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetseg.h"

#include "gsthrnetimage.h"

#include <string.h>

#define BLACK 0xff000000u

void gst_hrnet_seg_draw_close(GstHrnetSeg *self)
{
    g_clear_pointer(&self->converter, gst_video_converter_free);
    gst_hrnet_foreign_clear(&self->foreign);
    gst_hrnet_region_clear(&self->region);
    gst_hrnet_cells_clear(&self->cells);
    g_clear_pointer(&self->outline, g_free);
    self->outline_size = 0;
}

gboolean gst_hrnet_seg_shows(GstHrnetSeg *self)
{
    return self->traits->paints ? self->paint.paints : !self->traits->passes;
}

gboolean gst_hrnet_seg_draws(GstHrnetSeg *self)
{
    return self->hides_all || self->traits->made || (self->result && gst_hrnet_seg_shows(self));
}

static gboolean fail_without_memory(GError **error)
{
    g_set_error_literal(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY,
                        "no memory for the region of a frame");
    return FALSE;
}

static gboolean paint_outline(GstHrnetSeg *self, const HrnetImage *image, GError **error)
{
    const HrnetMask *mask = self->result->mask;
    gsize size;

    hrnet_mask_get_labels(mask, &size);
    if (self->outline_size != size) {
        g_free(self->outline);
        self->outline = g_try_malloc(size);
        self->outline_size = self->outline ? size : 0;
    }
    if (!self->outline || !hrnet_mask_outline(mask, self->paint.outline, self->outline, size))
        return fail_without_memory(error);
    return hrnet_image_paint_labels(image, self->outline, size, self->paint.edge_argb,
                                    self->paint.n_labels + 1, error);
}

static gboolean paint(GstHrnetSeg *self, const GstVideoFrame *frame, GError **error)
{
    HrnetImage image;

    if (gst_hrnet_image_from_frame(&image, frame))
        return hrnet_image_paint(&image, self->result->mask, self->paint.argb,
                                 self->paint.n_labels + 1, error) &&
               (self->paint.outline == 0 || paint_outline(self, &image, error));
    g_set_error_literal(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                        "frames of negative stride are not supported");
    return FALSE;
}

/* Where there is no mask, or none to be trusted, every pixel is 0, `unlabelled`. */
static void copy_labels(const HrnetMask *mask, GstVideoFrame *out)
{
    const guint width = GST_VIDEO_FRAME_WIDTH(out), height = GST_VIDEO_FRAME_HEIGHT(out);
    const guint8 *labels = mask ? hrnet_mask_get_labels(mask, NULL) : NULL;

    for (guint y = 0; y < height; y++) {
        guint8 *row = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(out, 0) +
                      (gsize)y * GST_VIDEO_FRAME_PLANE_STRIDE(out, 0);

        if (labels)
            memcpy(row, labels + (gsize)y * width, width);
        else
            memset(row, 0, width);
    }
}

/* Finds the pixels to be hidden: in `alpha` those that are not chosen. None where there is no mask.
 */
static gboolean find_region(GstHrnetSeg *self)
{
    const gboolean hides_chosen = self->traits->hides_others == self->now.invert;
    const HrnetMask *mask = self->hides_all || !self->result ? NULL : self->result->mask;
    gboolean labels[256];

    for (guint label = 0; label < 256; label++)
        labels[label] = mask ? self->paint.chosen[label] == hides_chosen : self->hides_all;
    if (!gst_hrnet_region_set(&self->region, GST_VIDEO_INFO_WIDTH(&self->in_info),
                              GST_VIDEO_INFO_HEIGHT(&self->in_info), mask, labels))
        return FALSE;
    gst_hrnet_region_grow(&self->region, self->now.margin);
    return TRUE;
}

/* ---- ways of hiding the region; FALSE where there is no memory ---- */

static guint extent(GstHrnetSeg *self, const GstVideoFrame *frame)
{
    return MAX(self->now.strength * GST_VIDEO_FRAME_HEIGHT(frame) / 1000, 2);
}

static gboolean blur(GstHrnetSeg *self, GstVideoFrame *frame)
{
    return gst_hrnet_hide_blur(&self->region, frame, extent(self, frame), &self->cells);
}

/* Even, so that chroma has the same squares. */
static gboolean pixelate(GstHrnetSeg *self, GstVideoFrame *frame)
{
    return gst_hrnet_hide_pixelate(&self->region, frame, (extent(self, frame) + 1) & ~1u,
                                   &self->cells);
}

/* The edge fades over a few pixels of a large frame, and over one of a small. */
static gboolean cut_out(GstHrnetSeg *self, GstVideoFrame *frame)
{
    return gst_hrnet_hide_cut_out(&self->region, frame, 1 + GST_VIDEO_FRAME_HEIGHT(frame) / 400,
                                  GST_VIDEO_INFO_HAS_ALPHA(&self->in_info), &self->cells);
}

static gboolean fill(GstHrnetSeg *self, GstVideoFrame *frame)
{
    gst_hrnet_hide_fill(&self->region, frame, self->now.fill_color);
    return TRUE;
}

static gboolean blacken(GstHrnetSeg *self, GstVideoFrame *frame)
{
    gst_hrnet_hide_fill(&self->region, frame, BLACK);
    return TRUE;
}

/* A mode that hides nothing itself blackens the frames that are to be hidden as a whole. */
static gboolean (*const hiding[GST_HRNET_N_MODES])(GstHrnetSeg *, GstVideoFrame *) = {
    [GST_HRNET_MODE_ALPHA] = cut_out,
    [GST_HRNET_MODE_BLUR] = blur,
    [GST_HRNET_MODE_FILL] = fill,
    [GST_HRNET_MODE_PIXELATE] = pixelate,
};

static gboolean hide(GstHrnetSeg *self, GstVideoFrame *frame)
{
    return find_region(self) && (hiding[self->mode] ? hiding[self->mode] : blacken)(self, frame);
}

/* Room for a frame like `frame` in GStreamer's own layout of `info`. FALSE where there is none. */
static gboolean map_aligned(const GstVideoInfo *info, const GstVideoFrame *frame,
                            GstVideoFrame *aligned)
{
    GstBuffer *buffer = gst_hrnet_image_buffer_new(GST_VIDEO_INFO_SIZE(info));
    gboolean mapped;

    if (!buffer)
        return FALSE;
    gst_buffer_copy_into(buffer, frame->buffer, GST_BUFFER_COPY_FLAGS, 0, -1);
    mapped = gst_video_frame_map(aligned, info, buffer, GST_MAP_READWRITE);
    gst_buffer_unref(buffer);
    return mapped;
}

/* Vector code that GStreamer's converter is made of wants samples at their natural addresses: what
 * lies elsewhere goes through a copy. */
static gboolean convert_anywhere(GstHrnetSeg *self, const GstVideoFrame *in, GstVideoFrame *out)
{
    const gboolean copies_in = !gst_hrnet_image_is_aligned(in);
    const gboolean copies_out = !gst_hrnet_image_is_aligned(out);
    GstVideoFrame from, to;

    if (copies_in && !map_aligned(&self->in_info, in, &from))
        return FALSE;
    if (copies_out && !map_aligned(&self->out_info, out, &to)) {
        if (copies_in)
            gst_video_frame_unmap(&from);
        return FALSE;
    }
    if (copies_in)
        gst_hrnet_image_copy(&from, in);
    gst_video_converter_frame(self->converter, copies_in ? &from : in, copies_out ? &to : out);
    if (copies_out) {
        gst_hrnet_image_copy(out, &to);
        gst_video_frame_unmap(&to);
    }
    if (copies_in)
        gst_video_frame_unmap(&from);
    return TRUE;
}

/* The input in the output's format. */
static gboolean convert(GstHrnetSeg *self, const GstVideoFrame *in, GstVideoFrame *out)
{
    if (GST_VIDEO_INFO_FORMAT(&self->in_info) == GST_VIDEO_INFO_FORMAT(&self->out_info)) {
        gst_hrnet_image_copy(out, in);
        return TRUE;
    }
    if (!self->converter)
        self->converter = gst_video_converter_new(&self->in_info, &self->out_info, NULL);
    return self->converter && convert_anywhere(self, in, out);
}

/* in: NULL where the picture is in `out` already. */
static gboolean draw(GstHrnetSeg *self, const GstVideoFrame *in, GstVideoFrame *out, GError **error)
{
    if (self->traits->of_labels) {
        copy_labels(self->result && !self->hides_all ? self->result->mask : NULL, out);
        return TRUE;
    }
    if (!gst_hrnet_image_is_native(GST_VIDEO_INFO_FORMAT(&self->in_info))) {
        /* `meta` alone takes such frames, and hides the whole of one. */
        return gst_hrnet_foreign_blacken(out) || fail_without_memory(error);
    }
    if (in && !convert(self, in, out)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_UNSUPPORTED, "%s cannot be converted to %s",
                    GST_VIDEO_INFO_NAME(&self->in_info), GST_VIDEO_INFO_NAME(&self->out_info));
        return FALSE;
    }
    if (self->traits->paints && !self->hides_all)
        return paint(self, out, error);
    return hide(self, out) || fail_without_memory(error);
}

gboolean gst_hrnet_seg_draw(GstHrnetSeg *self, GstBuffer *inbuf, GstBuffer *outbuf, GError **error)
{
    const gboolean in_place = inbuf == outbuf, reads = !self->traits->of_labels;
    const GstMapFlags flags = in_place ? GST_MAP_READWRITE : GST_MAP_WRITE;
    const GstClockTime start = gst_util_get_timestamp();
    GstVideoFrame in, out;
    gboolean ok = FALSE;

    if (gst_hrnet_image_map(&out, &self->out_info, outbuf, flags, error)) {
        if (in_place || !reads) {
            ok = draw(self, NULL, &out, error);
        } else if (gst_hrnet_image_map(&in, &self->in_info, inbuf, GST_MAP_READ, error)) {
            ok = draw(self, &in, &out, error);
            gst_video_frame_unmap(&in);
        }
        gst_video_frame_unmap(&out);
    }
    GST_OBJECT_LOCK(self);
    self->stats.n_rendered++;
    self->stats.render_ns += gst_util_get_timestamp() - start;
    GST_OBJECT_UNLOCK(self);
    return ok;
}
