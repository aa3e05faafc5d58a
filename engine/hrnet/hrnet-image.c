/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"
#include "ops/frame_format.h"

#include <string.h>

/**
 * hrnet_pixel_format_get_name:
 * @format: a layout of bytes
 *
 * What GStreamer calls a #GstVideoFormat that lies in memory like this: `NV12`, `RGBx`. Formats are
 * numbered from 0 on without a gap.
 *
 * Returns: (nullable): the name, or %NULL where @format is none of #HrnetPixelFormat
 */
const gchar *hrnet_pixel_format_get_name(HrnetPixelFormat format)
{
    const HrnetFrameLayout *layout = hrnet_frame_layout((guint)format);
    return layout ? layout->name : NULL;
}

static gsize row_bytes(const HrnetFrame *frame, guint plane)
{
    return hrnet_frame_row_samples(frame, plane) * frame->layout->sample_bytes;
}

/* The stride of another plane than the first where as many pixels fit a row of it. */
static gsize chroma_stride(const HrnetFrame *frame, guint plane, gsize first_stride)
{
    HrnetFrame wide = *frame;
    const guint sample_bytes = frame->layout->sample_bytes;
    wide.width =
        (guint)MIN(first_stride / sample_bytes + (first_stride % sample_bytes != 0), G_MAXINT);
    return row_bytes(&wide, plane);
}

/* Format and size, which everything else is computed from. */
static gboolean check_geometry(const HrnetImage *image, GError **error)
{
    if (!hrnet_frame_layout((guint)image->format)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "pixel format %d is none of HrnetPixelFormat", (gint)image->format);
        return FALSE;
    }
    if (image->width < 1 || image->width > HRNET_IMAGE_MAX_SIZE || image->height < 1 ||
        image->height > HRNET_IMAGE_MAX_SIZE) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "an image of %ux%u (HxW), expected 1 to %d each way", image->height,
                    image->width, HRNET_IMAGE_MAX_SIZE);
        return FALSE;
    }
    return TRUE;
}

/**
 * hrnet_orientation_swaps_sides:
 * @orientation: an orientation
 *
 * Whether the upright picture is as wide as the one that lies is high, and the other way round.
 * Any thread.
 *
 * Returns: %TRUE for those that turn by 90 degrees, mirrored or not
 */
gboolean hrnet_orientation_swaps_sides(HrnetOrientation orientation)
{
    g_return_val_if_fail((guint)orientation < HRNET_N_TURNS, FALSE);
    return hrnet_turn_swaps((HrnetTurn)orientation);
}

/**
 * hrnet_image_init:
 * @image: (out caller-allocates): an image
 * @format: the layout of its bytes
 * @width: in pixels
 * @height: in pixels
 *
 * Sets format and size, and colours to what video of the size usually has: BT.601 below 720 rows,
 * else BT.709, limited range, chroma on the left, upright. The planes are left %NULL.
 */
void hrnet_image_init(HrnetImage *image, HrnetPixelFormat format, guint width, guint height)
{
    g_return_if_fail(image != NULL);
    const gboolean is_hd = height >= 720;
    *image = (HrnetImage){
        .format = format,
        .width = width,
        .height = height,
        .kr = is_hd ? 0.2126 : 0.299,
        .kb = is_hd ? 0.0722 : 0.114,
        .chroma_left = TRUE,
    };
}

/**
 * hrnet_image_set_data:
 * @image: an image with format and size
 * @data: (array length=size): pixels, all planes one after the other
 * @size: bytes at @data
 * @stride_bytes: of plane 0, 0 = a row's bytes; the chroma planes have what as many
 * pixels take there: those of I420 half of it, rounded up
 * @error: return location for an error
 *
 * Points the planes of @image into one block of memory, which must stay where it is for as long as
 * @image is used.
 *
 * Returns: whether @size holds the image; else %HRNET_ERROR_INVALID_ARGUMENT
 */
gboolean hrnet_image_set_data(HrnetImage *image, guint8 *data, gsize size, gsize stride_bytes,
                              GError **error)
{
    g_return_val_if_fail(image != NULL && data != NULL, FALSE);
    if (!check_geometry(image, error))
        return FALSE;
    const HrnetFrame frame = hrnet_image_to_frame(image);
    const gsize stride = stride_bytes ? stride_bytes : row_bytes(&frame, 0);
    gsize offset = 0;
    for (guint p = 0; p < hrnet_frame_n_planes(frame.layout); p++) {
        image->planes[p] = data + offset;
        image->strides_bytes[p] = p == 0 ? stride : chroma_stride(&frame, p, stride);
        /* The last row may end with its last pixel, as GdkPixbuf's does. */
        gsize plane_bytes, end;
        if (!g_size_checked_mul(&plane_bytes, image->strides_bytes[p],
                                hrnet_frame_rows(&frame, p) - 1) ||
            !g_size_checked_add(&offset, offset, plane_bytes) ||
            !g_size_checked_add(&end, offset, row_bytes(&frame, p)) ||
            !g_size_checked_add(&offset, offset, image->strides_bytes[p]) || end > size) {
            g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                        "an image of %ux%u (HxW) with rows of %" G_GSIZE_FORMAT
                        " bytes does not fit %" G_GSIZE_FORMAT " bytes",
                        image->height, image->width, stride, size);
            return FALSE;
        }
    }
    return hrnet_image_check(image, error);
}

/**
 * hrnet_image_check:
 * @image: an image
 * @error: return location for an error
 *
 * Whether everything in @image is in its range. Functions that take an image check it themselves.
 *
 * Returns: %TRUE, or %FALSE with %HRNET_ERROR_INVALID_ARGUMENT
 */
gboolean hrnet_image_check(const HrnetImage *image, GError **error)
{
    g_return_val_if_fail(image != NULL, FALSE);
    if (!check_geometry(image, error))
        return FALSE;
    const HrnetFrame frame = hrnet_image_to_frame(image);
    for (guint p = 0; p < hrnet_frame_n_planes(frame.layout); p++) {
        const gsize n_bytes = row_bytes(&frame, p);
        if (image->planes[p] && image->strides_bytes[p] >= n_bytes)
            continue;
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "plane %u: %s, stride %" G_GSIZE_FORMAT " bytes, a row has %" G_GSIZE_FORMAT, p,
                    image->planes[p] ? "set" : "NULL", image->strides_bytes[p], n_bytes);
        return FALSE;
    }
    if (!(image->kr >= 0 && image->kb >= 0 && image->kr + image->kb < 1)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "luma weights kr %g, kb %g, expected both at least 0 and their sum below 1",
                    image->kr, image->kb);
        return FALSE;
    }
    if ((guint)image->orientation >= HRNET_N_TURNS) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "orientation %d is none of HrnetOrientation", (gint)image->orientation);
        return FALSE;
    }
    return TRUE;
}

HrnetFrame hrnet_image_to_frame(const HrnetImage *image)
{
    HrnetFrame frame = {
        .layout = hrnet_frame_layout((guint)image->format),
        .width = image->width,
        .height = image->height,
        .kr = image->kr,
        .kb = image->kb,
        .full_range = image->full_range,
        .fields = image->interlaced,
        .chroma_left = image->chroma_left,
    };
    for (guint p = 0; p < hrnet_frame_n_planes(frame.layout); p++) {
        frame.planes[p] = image->planes[p];
        frame.strides_bytes[p] = image->strides_bytes[p];
    }
    return frame;
}

static void paint(const HrnetImage *image, const guint8 *labels, const guint32 *argb, guint n_argb)
{
    const HrnetFrame frame = hrnet_image_to_frame(image);
    guint32 colors[256] = { 0 };
    for (guint i = 0; i < MIN(n_argb, G_N_ELEMENTS(colors)); i++)
        colors[i] = argb[i];
    hrnet_paint_run(&frame, labels, image->width, colors, NULL);
}

/**
 * hrnet_image_paint:
 * @image: pixels to paint on, of the mask's size
 * @mask: labels
 * @argb: (array length=n_argb): the colour of each label, `0xAARRGGBB`, not premultiplied
 * @n_argb: entries of @argb; labels from there on are not painted
 * @error: return location for an error
 *
 * Blends a colour over every pixel whose label's alpha is not 0, in the image's own format. Luma
 * (or RGB) of other pixels stays as it is, bit by bit, as does every chroma sample that covers no
 * painted pixel; a chroma sample that covers some is blended in proportion. Alpha components of
 * @image are left as they are. Allocates nothing; any thread, one at a time per image.
 *
 * Returns: %TRUE, or %FALSE with %HRNET_ERROR_INVALID_ARGUMENT where image or sizes are wrong
 */
gboolean hrnet_image_paint(const HrnetImage *image, const HrnetMask *mask, const guint32 *argb,
                           guint n_argb, GError **error)
{
    g_return_val_if_fail(mask != NULL, FALSE);
    g_return_val_if_fail(argb != NULL || n_argb == 0, FALSE);
    if (!hrnet_image_check(image, error))
        return FALSE;
    const guint width = hrnet_mask_get_width(mask), height = hrnet_mask_get_height(mask);
    if (image->width != width || image->height != height) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "a mask of %ux%u (HxW) for an image of %ux%u", height, width, image->height,
                    image->width);
        return FALSE;
    }
    paint(image, hrnet_mask_get_labels(mask, NULL), argb, n_argb);
    return TRUE;
}

/**
 * hrnet_image_paint_labels:
 * @image: pixels to paint on
 * @labels: (array length=n_labels): a label a pixel, rows dense and from top to bottom
 * @n_labels: width times height of @image
 * @argb: (array length=n_argb): as hrnet_image_paint() takes them
 * @n_argb: entries of @argb; labels from there on are not painted
 * @error: return location for an error
 *
 * hrnet_image_paint() for labels that are no session's mask, such as those of
 * hrnet_mask_outline(). Allocates nothing; any thread, one at a time per image.
 *
 * Returns: %TRUE, or %FALSE with %HRNET_ERROR_INVALID_ARGUMENT where image or number are wrong
 */
gboolean hrnet_image_paint_labels(const HrnetImage *image, const guint8 *labels, gsize n_labels,
                                  const guint32 *argb, guint n_argb, GError **error)
{
    g_return_val_if_fail(labels != NULL, FALSE);
    g_return_val_if_fail(argb != NULL || n_argb == 0, FALSE);
    if (!hrnet_image_check(image, error))
        return FALSE;
    if (n_labels != (gsize)image->width * image->height) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "%" G_GSIZE_FORMAT " labels for an image of %ux%u (HxW)", n_labels,
                    image->height, image->width);
        return FALSE;
    }
    paint(image, labels, argb, n_argb);
    return TRUE;
}
