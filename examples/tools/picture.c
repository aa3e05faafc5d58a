/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <png.h>
#include <string.h>

/* What a loader has found in the file: 1 to 8, as EXIF numbers them. */
static HrnetOrientation read_orientation(GdkPixbuf *pixbuf)
{
    static const HrnetOrientation by_number[] = {
        [1] = HRNET_ORIENTATION_IDENTITY, [2] = HRNET_ORIENTATION_HORIZ,
        [3] = HRNET_ORIENTATION_180,      [4] = HRNET_ORIENTATION_VERT,
        [5] = HRNET_ORIENTATION_UL_LR,    [6] = HRNET_ORIENTATION_90R,
        [7] = HRNET_ORIENTATION_UR_LL,    [8] = HRNET_ORIENTATION_90L,
    };
    const gchar *text = gdk_pixbuf_get_option(pixbuf, "orientation");
    guint64 number;

    if (!text ||
        !g_ascii_string_to_unsigned(text, 10, 1, G_N_ELEMENTS(by_number) - 1, &number, NULL))
        return HRNET_ORIENTATION_IDENTITY;
    return by_number[number];
}

gboolean picture_is_known(const gchar *name)
{
    GSList *formats = gdk_pixbuf_get_formats();
    const gchar *dot = strrchr(name, '.');
    gboolean known = FALSE;

    for (GSList *at = formats; dot && at; at = at->next) {
        g_auto(GStrv) endings = gdk_pixbuf_format_get_extensions(at->data);

        for (gchar **ending = endings; *ending; ending++)
            known |= g_ascii_strcasecmp(dot + 1, *ending) == 0;
    }
    g_slist_free(formats);
    return known;
}

gboolean picture_read(const gchar *path, Picture *picture, GError **error)
{
    g_autoptr(GdkPixbuf) pixbuf = NULL;
    int width = 0, height = 0;

    *picture = (Picture){ 0 };
    /* The size stands in the first bytes: a picture that would fill the memory is refused unread.
     */
    if (gdk_pixbuf_get_file_info(path, &width, &height) &&
        (width > HRNET_IMAGE_MAX_SIZE || height > HRNET_IMAGE_MAX_SIZE)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "%s: %dx%d pixels, the largest side is %d", path, height, width,
                    HRNET_IMAGE_MAX_SIZE);
        return FALSE;
    }
    pixbuf = gdk_pixbuf_new_from_file(path, error);
    if (!pixbuf) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }

    const guint channels = (guint)gdk_pixbuf_get_n_channels(pixbuf);
    const gsize stride_bytes = (gsize)gdk_pixbuf_get_rowstride(pixbuf);
    const guint8 *pixels = gdk_pixbuf_read_pixels(pixbuf);

    picture->width = (guint)gdk_pixbuf_get_width(pixbuf);
    picture->height = (guint)gdk_pixbuf_get_height(pixbuf);
    picture->orientation = read_orientation(pixbuf);
    picture->rgb = g_try_malloc_n((gsize)picture->width * picture->height, 3);
    if (!picture->rgb) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY, "%s: no memory for %ux%u pixels",
                    path, picture->height, picture->width);
        return FALSE;
    }
    for (gsize y = 0; y < picture->height; y++) {
        const guint8 *from = pixels + y * stride_bytes;
        guint8 *to = picture->rgb + y * picture->width * 3;

        for (gsize x = 0; x < picture->width; x++)
            memcpy(to + 3 * x, from + channels * x, 3);
    }
    return TRUE;
}

HrnetImage picture_image(const Picture *picture)
{
    HrnetImage image;

    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_RGB, picture->width, picture->height);
    image.planes[0] = picture->rgb;
    image.strides_bytes[0] = (gsize)picture->width * 3;
    image.orientation = picture->orientation;
    return image;
}

gdouble picture_aspect(const Picture *picture)
{
    const gdouble aspect = (gdouble)picture->width / picture->height;

    return hrnet_orientation_swaps_sides(picture->orientation) ? 1 / aspect : aspect;
}

void picture_clear(Picture *picture)
{
    g_clear_pointer(&picture->rgb, g_free);
    *picture = (Picture){ 0 };
}

gboolean png_write(const gchar *path, const guint8 *pixels, guint width, guint height,
                   guint channels, GError **error)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = width,
        .height = height,
        .format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB,
    };

    png_alloc_size_t n_bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    g_autofree guint8 *bytes = g_try_malloc(n_bytes);

    if (bytes && png_image_write_to_memory(&image, bytes, &n_bytes, 0, pixels, 0, NULL))
        return hrnet_write_file(path, bytes, n_bytes, error);
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY, "%s: cannot be made: %s", path,
                bytes ? image.message : "no memory");
    return FALSE;
}
