/* What is where in a mask, in numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetreport.h"

#include <math.h>

typedef struct {
    guint64 n_pixels;
    guint left, top, right, bottom; /* the last two are in the box */
    gdouble probability;            /* sum over n_logits */
    guint n_logits;
} Area;

static void find_boxes(const HrnetMask *mask, Area areas[256])
{
    const guint width = hrnet_mask_get_width(mask), height = hrnet_mask_get_height(mask);
    const guint8 *labels = hrnet_mask_get_labels(mask, NULL);

    for (guint y = 0; y < height; y++, labels += width) {
        for (guint x = 0; x < width; x++) {
            Area *area = &areas[labels[x]];

            if (area->n_pixels++ == 0)
                *area = (Area){ 1, x, y, x, y, 0, 0 };
            area->left = MIN(area->left, x);
            area->right = MAX(area->right, x);
            area->bottom = y;
        }
    }
}

/* The winner's softmax: 1 / sum of exp (logit - largest). A class that is alone has none of class,
 * label 0 with a logit of 0, to win against. */
static void find_probabilities(HrnetSession *session, Area areas[256])
{
    guint n_classes, rows, columns;
    const gfloat *logits = hrnet_session_get_logits(session, NULL);

    hrnet_session_get_logits_size(session, &n_classes, &rows, &columns);
    for (gsize i = 0; logits && i < (gsize)rows * columns; i++) {
        guint best = 0;
        gdouble sum = 0;

        if (n_classes == 1) {
            const guint label = logits[i] > 0 ? 1 : 0;

            areas[label].probability += 1 / (1 + exp(-fabs(logits[i])));
            areas[label].n_logits++;
            continue;
        }

        for (guint c = 1; c < n_classes; c++) {
            if (logits[c * (gsize)rows * columns + i] > logits[best * (gsize)rows * columns + i])
                best = c;
        }
        for (guint c = 0; c < n_classes; c++)
            sum += exp((gdouble)logits[c * (gsize)rows * columns + i] -
                       logits[best * (gsize)rows * columns + i]);
        areas[best + 1].probability += 1 / sum;
        areas[best + 1].n_logits++;
    }
}

void gst_hrnet_report_make(GValue *array, HrnetSession *session, const HrnetMask *mask)
{
    const gchar *const *names = hrnet_model_get_classes(hrnet_session_get_model(session));
    const gdouble n_pixels = (gdouble)hrnet_mask_get_width(mask) * hrnet_mask_get_height(mask);
    Area areas[256] = { 0 };

    find_boxes(mask, areas);
    find_probabilities(session, areas);
    gst_value_array_init(array, 0);
    for (guint label = 0; names[label]; label++) {
        const Area *area = &areas[label];
        GValue value = G_VALUE_INIT;

        if (area->n_pixels == 0)
            continue;
        g_value_init(&value, GST_TYPE_STRUCTURE);
        g_value_take_boxed(
            &value, gst_structure_new("class", "label", G_TYPE_UINT, label, "name", G_TYPE_STRING,
                                      names[label], "share", G_TYPE_DOUBLE,
                                      area->n_pixels / n_pixels, "confidence", G_TYPE_DOUBLE,
                                      area->n_logits ? area->probability / area->n_logits : 0.0,
                                      "x", G_TYPE_UINT, area->left, "y", G_TYPE_UINT, area->top,
                                      "width", G_TYPE_UINT, area->right - area->left + 1, "height",
                                      G_TYPE_UINT, area->bottom - area->top + 1, NULL));
        gst_value_array_append_and_take_value(array, &value);
    }
}
