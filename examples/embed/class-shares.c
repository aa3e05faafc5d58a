/* The engine alone: a picture in, the share of each class out.
 *
 *     cc class-shares.c -o class-shares $(pkg-config --cflags --libs hrnet-1.0 gdk-pixbuf-2.0)
 *     ./class-shares people photo.jpg
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <hrnet/hrnet.h>
#include <stdio.h>

/* An image describes pixels and owns none: the pixbuf has to live as long as it is used. */
static HrnetMask *segment(HrnetSession *session, GdkPixbuf *pixbuf, GError **error)
{
    HrnetImage image;

    hrnet_image_init(
        &image, gdk_pixbuf_get_has_alpha(pixbuf) ? HRNET_PIXEL_FORMAT_RGBA : HRNET_PIXEL_FORMAT_RGB,
        (guint)gdk_pixbuf_get_width(pixbuf), (guint)gdk_pixbuf_get_height(pixbuf));
    if (!hrnet_image_set_data(&image, gdk_pixbuf_get_pixels(pixbuf),
                              gdk_pixbuf_get_byte_length(pixbuf),
                              (gsize)gdk_pixbuf_get_rowstride(pixbuf), error))
        return NULL;
    return hrnet_session_segment(session, &image, error);
}

static void print_shares(const HrnetModel *model, const HrnetMask *mask)
{
    /* Labels count from 1; entry 0, `unlabelled`, is there so that labels index the names. */
    const gchar *const *names = hrnet_model_get_classes(model);
    guint64 counts[256] = { 0 };
    gsize n_pixels;

    hrnet_mask_get_labels(mask, &n_pixels);
    hrnet_mask_count(mask, counts, G_N_ELEMENTS(counts));
    for (guint label = 1; names[label]; label++)
        printf("%-20s %6.2f %%\n", names[label],
               100.0 * (gdouble)counts[label] / (gdouble)n_pixels);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GdkPixbuf) stored = NULL;
    g_autoptr(GdkPixbuf) pixbuf = NULL;
    g_autoptr(HrnetModel) model = NULL;
    g_autoptr(HrnetSession) session = NULL;
    g_autoptr(HrnetMask) mask = NULL;
    guint height, width;

    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL PICTURE\n", argv[0]);
        return 2;
    }
    stored = gdk_pixbuf_new_from_file(argv[2], &error);
    if (!stored)
        goto failed;
    /* Upright, as EXIF says. Where the mask is to lie as the file does, HrnetImage's `orientation`
     * says so instead. */
    pixbuf = gdk_pixbuf_apply_embedded_orientation(stored);
    if (!pixbuf) {
        fprintf(stderr, "%s: no memory for %s\n", argv[0], argv[2]);
        return 1;
    }

    /* Load once a process; a session a stream, which keeps its memory from picture to picture. */
    model = hrnet_model_load(argv[1], NULL, &error);
    if (!model)
        goto failed;
    hrnet_model_get_input_size(model, &height, &width);
    hrnet_session_fit_size((guint64)height * width,
                           (gdouble)gdk_pixbuf_get_width(pixbuf) / gdk_pixbuf_get_height(pixbuf),
                           &height, &width);
    session = hrnet_session_new(model, height, width, 0, HRNET_PRECISION_AUTO, &error);
    if (!session)
        goto failed;

    mask = segment(session, pixbuf, &error);
    if (!mask)
        goto failed;
    print_shares(model, mask);
    return 0;

failed:
    fprintf(stderr, "%s\n", error->message);
    return 1;
}
