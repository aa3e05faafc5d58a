/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"

#include "picture.h"

#include <stdio.h>

static HrnetMask *segment(HrnetModel *model, const Picture *picture, HrnetPrecision precision,
                          GError **error)
{
    g_autoptr(HrnetSession) session = NULL;
    const HrnetImage image = picture_image(picture);
    guint height, width;

    hrnet_model_get_input_size(model, &height, &width);
    hrnet_session_fit_size((guint64)height * width, picture_aspect(picture), &height, &width);
    session = hrnet_session_new(model, height, width, 0, precision, error);
    return session ? hrnet_session_segment(session, &image, error) : NULL;
}

static gboolean compare_picture(HrnetModel *model, const gchar *path, Comparison *comparison,
                                GError **error)
{
    g_auto(Picture) picture = { 0 };
    g_autoptr(HrnetMask) expected = NULL;
    g_autoptr(HrnetMask) found = NULL;
    const guint8 *expected_labels, *found_labels;
    gsize n;

    if (!picture_read(path, &picture, error))
        return FALSE;
    expected = segment(model, &picture, HRNET_PRECISION_FP32, error);
    found = expected ? segment(model, &picture, HRNET_PRECISION_INT8, error) : NULL;
    if (!found)
        return FALSE;
    expected_labels = hrnet_mask_get_labels(expected, &n);
    found_labels = hrnet_mask_get_labels(found, &n);
    for (gsize i = 0; i < n; i++) {
        comparison->pixels[expected_labels[i]]++;
        comparison->same[expected_labels[i]] += expected_labels[i] == found_labels[i];
    }
    return TRUE;
}

gboolean compare_precisions(HrnetModel *model, const GPtrArray *paths, Comparison *comparison,
                            GError **error)
{
    for (guint i = 0; i < paths->len; i++)
        if (!compare_picture(model, paths->pdata[i], comparison, error))
            return FALSE;
    return TRUE;
}

static void sum_up(const Comparison *comparison, guint64 *pixels, guint64 *same)
{
    *pixels = *same = 0;
    for (guint label = 0; label < COMPARE_LABELS; label++) {
        *pixels += comparison->pixels[label];
        *same += comparison->same[label];
    }
}

gdouble comparison_changed(const Comparison *comparison)
{
    guint64 pixels, same;

    sum_up(comparison, &pixels, &same);
    return pixels ? 100.0 * (gdouble)(pixels - same) / (gdouble)pixels : 0;
}

static void print_line(const gchar *name, guint64 pixels, guint64 same, guint64 all)
{
    printf("%-24s %9.2f %15.2f\n", name, 100.0 * (gdouble)pixels / (gdouble)all,
           100.0 * (gdouble)same / (gdouble)pixels);
}

void comparison_print(const Comparison *comparison, HrnetModel *model, guint n_pictures)
{
    const gchar *const *classes = hrnet_model_get_classes(model);
    guint64 all, same;

    sum_up(comparison, &all, &same);
    printf("%u picture%s held out\n%-24s %9s %15s\n", n_pictures, n_pictures == 1 ? "" : "s",
           "class", "pixels %", "as in fp32 %");
    for (guint label = 0; label < hrnet_model_get_n_labels(model); label++)
        if (comparison->pixels[label])
            print_line(classes[label], comparison->pixels[label], comparison->same[label], all);
    print_line("all", all, same, all);
}
