/* What languages without pointers call: plain values in, plain values out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet.h"

/**
 * hrnet_session_segment_bytes:
 * @session: a session
 * @format: the layout of the pixels
 * @width: of the frame, in pixels
 * @height: of the frame, in pixels
 * @stride_bytes: of plane 0, 0 = a row's bytes; other planes as in hrnet_image_set_data()
 * @pixels: the frame, all planes one after the other
 * @error: return location for an error
 *
 * hrnet_session_segment() of a block of memory, with the colorimetry that hrnet_image_init()
 * assumes. For languages that cannot keep a pointer into their memory: @pixels is not used after
 * the call.
 *
 * Returns: (transfer full): a mask of the frame's size, or %NULL with %HRNET_ERROR_INVALID_ARGUMENT
 * or %HRNET_ERROR_NO_MEMORY
 */
HrnetMask *hrnet_session_segment_bytes(HrnetSession *session, HrnetPixelFormat format, guint width,
                                       guint height, gsize stride_bytes, GBytes *pixels,
                                       GError **error)
{
    HrnetImage image;
    gsize size;

    g_return_val_if_fail(session != NULL && pixels != NULL, NULL);
    /* The image's pointers are not const because painting has the same type; segmenting only reads.
     */
    guint8 *data = (guint8 *)g_bytes_get_data(pixels, &size);
    hrnet_image_init(&image, format, width, height);
    if (!data) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT, "no pixels");
        return NULL;
    }
    if (!hrnet_image_set_data(&image, data, size, stride_bytes, error))
        return NULL;
    return hrnet_session_segment(session, &image, error);
}
