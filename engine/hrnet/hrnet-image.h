/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_IMAGE_H
#define HRNET_IMAGE_H

#include <hrnet/hrnet-mask.h>

G_BEGIN_DECLS

/**
 * HrnetPixelFormat:
 * @HRNET_PIXEL_FORMAT_I420: planes Y, U, V; 4:2:0
 * @HRNET_PIXEL_FORMAT_YV12: planes Y, V, U; 4:2:0
 * @HRNET_PIXEL_FORMAT_NV12: planes Y, UV; 4:2:0
 * @HRNET_PIXEL_FORMAT_NV21: planes Y, VU; 4:2:0
 * @HRNET_PIXEL_FORMAT_YUY2: packed Y U Y V; 4:2:2
 * @HRNET_PIXEL_FORMAT_UYVY: packed U Y V Y; 4:2:2
 * @HRNET_PIXEL_FORMAT_RGB: 3 bytes a pixel
 * @HRNET_PIXEL_FORMAT_BGR: 3 bytes a pixel
 * @HRNET_PIXEL_FORMAT_RGBX: 4 bytes a pixel, the last unused
 * @HRNET_PIXEL_FORMAT_BGRX: 4 bytes a pixel, the last unused
 * @HRNET_PIXEL_FORMAT_XRGB: 4 bytes a pixel, the first unused
 * @HRNET_PIXEL_FORMAT_XBGR: 4 bytes a pixel, the first unused
 * @HRNET_PIXEL_FORMAT_RGBA: 4 bytes a pixel
 * @HRNET_PIXEL_FORMAT_BGRA: 4 bytes a pixel
 * @HRNET_PIXEL_FORMAT_ARGB: 4 bytes a pixel
 * @HRNET_PIXEL_FORMAT_ABGR: 4 bytes a pixel
 * @HRNET_PIXEL_FORMAT_GRAY8: one byte a pixel, luma
 * @HRNET_PIXEL_FORMAT_Y42B: planes Y, U, V; 4:2:2
 * @HRNET_PIXEL_FORMAT_Y444: planes Y, U, V; 4:4:4
 * @HRNET_PIXEL_FORMAT_NV16: planes Y, UV; 4:2:2
 * @HRNET_PIXEL_FORMAT_YVYU: packed Y V Y U; 4:2:2
 * @HRNET_PIXEL_FORMAT_VYUY: packed V Y U Y; 4:2:2
 * @HRNET_PIXEL_FORMAT_P010_10LE: planes Y, UV; 4:2:0; the upper ten bits of two bytes,
 *   little-endian
 * @HRNET_PIXEL_FORMAT_I420_10LE: planes Y, U, V; 4:2:0; the lower ten bits of two bytes,
 *   little-endian
 * @HRNET_PIXEL_FORMAT_GRAY16_LE: luma, two bytes a pixel, little-endian
 *
 * How an image's bytes lie in memory: as in the #GstVideoFormat of the same name. Components named
 * in byte order. Formats of two bytes a sample need no alignment; bits that have no part in a value
 * are not read, and stay as they are where a sample is painted.
 */
typedef enum {
    HRNET_PIXEL_FORMAT_I420,
    HRNET_PIXEL_FORMAT_YV12,
    HRNET_PIXEL_FORMAT_NV12,
    HRNET_PIXEL_FORMAT_NV21,
    HRNET_PIXEL_FORMAT_YUY2,
    HRNET_PIXEL_FORMAT_UYVY,
    HRNET_PIXEL_FORMAT_RGB,
    HRNET_PIXEL_FORMAT_BGR,
    HRNET_PIXEL_FORMAT_RGBX,
    HRNET_PIXEL_FORMAT_BGRX,
    HRNET_PIXEL_FORMAT_XRGB,
    HRNET_PIXEL_FORMAT_XBGR,
    HRNET_PIXEL_FORMAT_RGBA,
    HRNET_PIXEL_FORMAT_BGRA,
    HRNET_PIXEL_FORMAT_ARGB,
    HRNET_PIXEL_FORMAT_ABGR,
    HRNET_PIXEL_FORMAT_GRAY8,
    HRNET_PIXEL_FORMAT_Y42B,
    HRNET_PIXEL_FORMAT_Y444,
    HRNET_PIXEL_FORMAT_NV16,
    HRNET_PIXEL_FORMAT_YVYU,
    HRNET_PIXEL_FORMAT_VYUY,
    HRNET_PIXEL_FORMAT_P010_10LE,
    HRNET_PIXEL_FORMAT_I420_10LE,
    HRNET_PIXEL_FORMAT_GRAY16_LE,
} HrnetPixelFormat;

/**
 * HrnetOrientation:
 * @HRNET_ORIENTATION_IDENTITY: nothing, it is upright
 * @HRNET_ORIENTATION_90R: turning by 90 degrees clockwise
 * @HRNET_ORIENTATION_180: turning by 180 degrees
 * @HRNET_ORIENTATION_90L: turning by 90 degrees counter-clockwise
 * @HRNET_ORIENTATION_HORIZ: mirroring that makes left right
 * @HRNET_ORIENTATION_VERT: mirroring that makes top bottom
 * @HRNET_ORIENTATION_UL_LR: mirroring on the diagonal from the upper left to the lower right
 * @HRNET_ORIENTATION_UR_LL: mirroring on the diagonal from the upper right to the lower left
 *
 * What makes a picture upright, with the names and numbers of #GstVideoOrientationMethod. Cameras
 * that are held on end store pictures as their sensor lies and say so: films in a matrix, which
 * GStreamer tells as the tag `image-orientation`, photographs in the EXIF tag Orientation (JEITA
 * CP-3451, 4.6.4), whose values 1 to 8 are IDENTITY, HORIZ, 180, VERT, UL_LR, 90R, UR_LL and 90L.
 */
typedef enum {
    HRNET_ORIENTATION_IDENTITY,
    HRNET_ORIENTATION_90R,
    HRNET_ORIENTATION_180,
    HRNET_ORIENTATION_90L,
    HRNET_ORIENTATION_HORIZ,
    HRNET_ORIENTATION_VERT,
    HRNET_ORIENTATION_UL_LR,
    HRNET_ORIENTATION_UR_LL,
} HrnetOrientation;

/**
 * HRNET_IMAGE_MAX_SIZE:
 *
 * The largest width or height of an image, in pixels.
 */
#define HRNET_IMAGE_MAX_SIZE 16384

/**
 * HrnetImage:
 * @format: the layout of the bytes
 * @width: in pixels, 1..%HRNET_IMAGE_MAX_SIZE
 * @height: in pixels, 1..%HRNET_IMAGE_MAX_SIZE
 * @planes: (array fixed-size=3): first byte of each plane the format has
 * @strides_bytes: (array fixed-size=3): distance of two rows of each plane; at least a row's bytes
 * @kr: weight of red in luma, 0.299 for BT.601, 0.2126 for BT.709, 0.2627 for BT.2020; unused by
 * RGB formats
 * @kb: weight of blue in luma, 0.114 for BT.601, 0.0722 for BT.709, 0.0593 for BT.2020; unused by
 * RGB formats
 * @full_range: luma is 0..255 rather than 16..235, or as much more as there are more bits; unused
 *   by RGB formats
 * @chroma_left: whether chroma samples that two luma columns share sit on the left one (MPEG-2's
 * siting) rather than between them
 * @interlaced: rows of 4:2:0 chroma lie in fields, which painting goes by: rows 2p and 2p + 1 cover
 * the luma rows 4p and 4p + 2, and 4p + 1 and 4p + 3. Their number is even; unused by other formats
 * @orientation: what makes the picture upright, as the network is to see it; masks lie as the
 * picture does
 *
 * A description of pixels that belong to the caller. hrnet_image_init() fills in everything but the
 * planes. Values are taken to be coded as those of SDR video are: of PQ and HLG (ITU-R BT.2100) as
 * they stand, without their transfer function. The structure is plain: put it on the stack, copy it
 * by assignment. Where it is filled without hrnet_image_init() all else has to be zero: members
 * that later versions make of what is reserved are zero where they change nothing.
 */
typedef struct {
    HrnetPixelFormat format;
    guint width, height;
    guint8 *planes[3];
    gsize strides_bytes[3];
    gdouble kr, kb;
    gboolean full_range;
    gboolean chroma_left;
    gboolean interlaced;
    HrnetOrientation orientation;
    /*< private >*/
    guint reserved[7];
} HrnetImage;

HRNET_API const gchar *hrnet_pixel_format_get_name(HrnetPixelFormat format);

HRNET_API gboolean hrnet_orientation_swaps_sides(HrnetOrientation orientation);

HRNET_API void hrnet_image_init(HrnetImage *image, HrnetPixelFormat format, guint width,
                                guint height);

HRNET_API gboolean hrnet_image_set_data(HrnetImage *image, guint8 *data, gsize size,
                                        gsize stride_bytes, GError **error);

HRNET_API gboolean hrnet_image_check(const HrnetImage *image, GError **error);

HRNET_API gboolean hrnet_image_paint(const HrnetImage *image, const HrnetMask *mask,
                                     const guint32 *argb, guint n_argb, GError **error);

HRNET_API gboolean hrnet_image_paint_labels(const HrnetImage *image, const guint8 *labels,
                                            gsize n_labels, const guint32 *argb, guint n_argb,
                                            GError **error);

G_END_DECLS

#endif
