/* Pictures from files and to files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TOOLS_PICTURE_H
#define HRNET_TOOLS_PICTURE_H

#include <hrnet/hrnet.h>

/* Dense 8-bit R, G, B, whatever the file held: alpha is dropped, grey tripled, more bits cut to 8.
 */
typedef struct {
    guint width, height;
    guint8 *rgb;                  /* owned, width * height * 3 */
    HrnetOrientation orientation; /* what makes it upright, as the file's EXIF or TIFF tag tells */
} Picture;

/* Whether a file of that name may be a picture that can be read. */
gboolean picture_is_known(const gchar *name);

/* Reads whatever gdk-pixbuf reads, as it lies in the file; of an animation the first frame. Errors
 * begin with the path. */
gboolean picture_read(const gchar *path, Picture *picture, GError **error);

/* The picture's pixels as an engine's image. They stay the picture's. */
HrnetImage picture_image(const Picture *picture);

/* Width by height of the picture once it is upright. */
gdouble picture_aspect(const Picture *picture);

void picture_clear(Picture *picture);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Picture, picture_clear)

/* Writes an 8-bit PNG as hrnet_write_file() does, `channels` = 1 (grey) or 3 (RGB) bytes a pixel,
 * rows dense. */
gboolean png_write(const gchar *path, const guint8 *pixels, guint width, guint height,
                   guint channels, GError **error);

#endif
