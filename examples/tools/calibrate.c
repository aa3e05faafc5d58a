/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "calibrate.h"

#include "picture.h"

#include <stdio.h>
#include <unistd.h>

#define MOST_PICTURES 150
#define HELD_OUT      5 /* every so many */

static gint by_name(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(gchar *const *)a, *(gchar *const *)b);
}

static gboolean add_folder(GPtrArray *paths, const gchar *folder, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    GDir *dir = g_dir_open(folder, 0, error);
    const gchar *name;

    if (!dir)
        return FALSE;
    while ((name = g_dir_read_name(dir)))
        if (picture_is_known(name))
            g_ptr_array_add(found, g_build_filename(folder, name, NULL));
    g_dir_close(dir);
    g_ptr_array_sort(found, by_name); /* the same on every computer */
    for (guint i = 0; i < found->len; i++)
        g_ptr_array_add(paths, found->pdata[i]);
    if (found->len)
        return TRUE;
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_NOT_FOUND,
                "%s: holds no pictures that gdk-pixbuf reads", folder);
    return FALSE;
}

gboolean calibration_pictures_find(gchar *const *places, CalibrationPictures *pictures,
                                   GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
    guint n;

    for (; *places; places++) {
        if (!g_file_test(*places, G_FILE_TEST_IS_DIR))
            g_ptr_array_add(all, g_strdup(*places));
        else if (!add_folder(all, *places, error))
            return FALSE;
    }
    n = MIN(all->len, MOST_PICTURES);
    pictures->used = g_ptr_array_new_with_free_func(g_free);
    pictures->held_out = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < n; i++) {
        const gchar *path = all->pdata[(guint64)i * all->len / n];

        g_ptr_array_add(i % HELD_OUT == HELD_OUT / 2 || (n < HELD_OUT && i == 1)
                            ? pictures->held_out
                            : pictures->used,
                        g_strdup(path));
    }
    if (pictures->used->len && pictures->held_out->len)
        return TRUE;
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                "%u picture%s to calibrate with, expected at least two, and better a hundred", n,
                n == 1 ? "" : "s");
    return FALSE;
}

void calibration_pictures_clear(CalibrationPictures *pictures)
{
    g_clear_pointer(&pictures->used, g_ptr_array_unref);
    g_clear_pointer(&pictures->held_out, g_ptr_array_unref);
}

static gboolean add_picture(HrnetCalibration *calibration, const gchar *path, GError **error)
{
    g_auto(Picture) picture = { 0 };
    HrnetImage image;

    if (!picture_read(path, &picture, error))
        return FALSE;
    image = picture_image(&picture);
    return hrnet_calibration_add(calibration, &image, error);
}

gchar **calibrate(HrnetModel *model, const CalibrationPictures *pictures, GError **error)
{
    const gboolean tells = isatty(STDERR_FILENO);
    g_autoptr(HrnetCalibration) calibration = hrnet_calibration_new(model, 0, error);

    for (guint i = 0; calibration && i < pictures->used->len; i++) {
        if (!add_picture(calibration, pictures->used->pdata[i], error))
            return NULL;
        if (tells)
            fprintf(stderr, "\rpicture %u of %u%s", i + 1, pictures->used->len,
                    i + 1 < pictures->used->len ? "" : "\n");
    }
    return calibration ? hrnet_calibration_get_options(calibration, error) : NULL;
}
