/* Networks of one class, and what they are shown: planes in another order, luma alone.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <hrnet/hrnet.h>

#include "support/synthetic.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEIGHT 61
#define WIDTH  101
#define ROWS   64 /* of the network */
#define LINE   96
#define STEP   (40 * G_GUINT64_CONSTANT(1000000))

static HrnetImage picture(guint8 *pixels, gboolean grey);

static gint compare_floats(gconstpointer a, gconstpointer b)
{
    const gfloat x = *(const gfloat *)a, y = *(const gfloat *)b;
    return x < y ? -1 : x > y;
}

/* The median logit of the picture that the tests show. */
static gfloat median_logit(const gchar *path)
{
    guint8 pixels[3 * WIDTH * HEIGHT];
    const HrnetImage image = picture(pixels, FALSE);
    gsize n;
    HrnetModel *model = hrnet_model_load(path, NULL, NULL);
    HrnetSession *session = hrnet_session_new(model, ROWS, LINE, 2, HRNET_PRECISION_FP32, NULL);
    hrnet_mask_unref(hrnet_session_segment(session, &image, NULL));
    const gfloat *logits = hrnet_session_get_logits(session, &n);
    g_autofree gfloat *sorted = g_memdup2(logits, n * sizeof *logits);
    qsort(sorted, n, sizeof *sorted, compare_floats);
    hrnet_session_unref(session);
    hrnet_model_unref(model);
    return sorted[n / 2];
}

/* Takes the median off the one class's bias, so that both signs occur. */
static void centre(const gchar *path)
{
    g_autofree gchar *bytes = NULL;
    gsize n_bytes;
    guint64 header_bytes;
    gfloat bias;
    g_assert_true(g_file_get_contents(path, &bytes, &n_bytes, NULL));
    memcpy(&header_bytes, bytes, 8);
    const gchar *entry = g_strstr_len(bytes + 8, (gssize)header_bytes, "\"last_layer.3.bias\"");
    const gchar *offset = strstr(entry, "\"data_offsets\":[") + strlen("\"data_offsets\":[");
    gchar *at = bytes + 8 + header_bytes + g_ascii_strtoull(offset, NULL, 10);
    memcpy(&bias, at, sizeof bias);
    bias -= median_logit(path);
    memcpy(at, &bias, sizeof bias);
    g_assert_true(g_file_set_contents(path, bytes, (gssize)n_bytes, NULL));
}

static HrnetModel *model_new(guint n_classes, guint n_channels, const gchar *option)
{
    HrnetConfig config;
    g_autoptr(GError) error = NULL;
    const gchar *options[] = { option, NULL };
    g_autofree gchar *path = NULL;
    const gint fd = g_file_open_tmp("forms-XXXXXX.safetensors", &path, &error);
    g_assert_no_error(error);
    g_close(fd, NULL);
    g_assert_true(synthetic_config("w18-small-v1", n_classes, &config));
    config.input_channels = n_channels;
    g_assert_true(synthetic_write(path, &config, NULL, NULL));
    if (n_classes == 1)
        centre(path);
    HrnetModel *model = hrnet_model_load(path, options, &error);
    g_assert_no_error(error);
    g_unlink(path);
    return model;
}

static HrnetSession *session_new(HrnetModel *model)
{
    g_autoptr(GError) error = NULL;
    HrnetSession *session = hrnet_session_new(model, ROWS, LINE, 2, HRNET_PRECISION_FP32, &error);
    g_assert_no_error(error);
    return session;
}

/* A picture of fields in many colours. */
static HrnetImage picture(guint8 *pixels, gboolean grey)
{
    HrnetImage image;
    hrnet_image_init(&image, grey ? HRNET_PIXEL_FORMAT_GRAY8 : HRNET_PIXEL_FORMAT_RGB, WIDTH,
                     HEIGHT);
    image.full_range = TRUE;
    const guint n_components = grey ? 1 : 3;
    for (guint i = 0; i < WIDTH * HEIGHT; i++)
        for (guint c = 0; c < n_components; c++)
            pixels[i * n_components + c] =
                (guint8)(((i % WIDTH / 13 + 3 * (i / WIDTH / 11)) * 37 + 90 * c) % 256);
    g_assert_true(hrnet_image_set_data(&image, pixels, WIDTH * HEIGHT * n_components, 0, NULL));
    return image;
}

/* The logit at a pixel of the frame: bilinear, PyTorch's align_corners=False. */
static gdouble logit_at(const gfloat *logits, guint rows, guint columns, guint y, guint x)
{
    const gdouble v = CLAMP((y + 0.5) * rows / HEIGHT - 0.5, 0, rows - 1);
    const gdouble u = CLAMP((x + 0.5) * columns / WIDTH - 0.5, 0, columns - 1);
    const guint y0 = (guint)v, x0 = (guint)u;
    const guint y1 = MIN(y0 + 1, rows - 1), x1 = MIN(x0 + 1, columns - 1);
    const gdouble top = logits[y0 * columns + x0] +
                        (u - x0) * (logits[y0 * columns + x1] - logits[y0 * columns + x0]);
    const gdouble bottom = logits[y1 * columns + x0] +
                           (u - x0) * (logits[y1 * columns + x1] - logits[y1 * columns + x0]);
    return top + (v - y0) * (bottom - top);
}

/* Pixels whose label is not what the sign of the logit says; those near 0, which rounding decides,
 * apart. */
static guint n_wrong(HrnetSession *session, const HrnetMask *mask, guint counts[2])
{
    const gfloat *logits = hrnet_session_get_logits(session, NULL);
    const guint8 *labels = hrnet_mask_get_labels(mask, NULL);
    guint classes, rows, columns, wrong = 0;
    hrnet_session_get_logits_size(session, &classes, &rows, &columns);
    g_assert_cmpuint(classes, ==, 1);
    for (guint y = 0; y < HEIGHT; y++)
        for (guint x = 0; x < WIDTH; x++) {
            const gdouble logit = logit_at(logits, rows, columns, y, x);
            const guint8 label = labels[y * WIDTH + x];
            g_assert_cmpuint(label, <=, 1);
            counts[label]++;
            wrong += fabs(logit) > 1e-4 && label != (logit > 0);
        }
    return wrong;
}

/* Label 1 where the logit is above 0, plain, smoothed and refined; edges move some pixels. */
static void test_one_class(void)
{
    static const struct {
        guint half_life_ms;
        gboolean refines;
        gdouble most_wrong; /* of all pixels */
    } ways[] = { { 0, FALSE, 0 }, { 100, FALSE, 0 }, { 0, TRUE, 0.2 }, { 100, TRUE, 0.2 } };
    HrnetModel *model = model_new(1, 3, NULL);
    g_assert_cmpuint(hrnet_model_get_n_labels(model), ==, 2);
    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        guint8 pixels[3 * WIDTH * HEIGHT];
        const HrnetImage image = picture(pixels, FALSE);
        guint counts[2] = { 0 };
        HrnetSession *session = session_new(model);
        hrnet_session_set_smoothing(session, ways[i].half_life_ms);
        hrnet_session_set_edge_refine(session, ways[i].refines);
        for (guint frame = 0; frame < 3; frame++) {
            g_autoptr(GError) error = NULL;
            HrnetMask *mask = hrnet_session_segment_at(session, &image, frame * STEP, &error);
            g_assert_no_error(error);
            g_assert_cmpfloat(n_wrong(session, mask, counts), <=,
                              ways[i].most_wrong * WIDTH * HEIGHT);
            hrnet_mask_unref(mask);
        }
        g_assert_cmpuint(MIN(counts[0], counts[1]), >, WIDTH * HEIGHT / 50);
        hrnet_session_unref(session);
    }
    hrnet_model_unref(model);
}

/* The mean over frames for a change that does not move luma: one class's average, as of others,
 * gives way where the new scores are decidedly against it. */
static void test_one_class_changes_its_mind(void)
{
    HrnetModel *model = model_new(1, 3, NULL);
    HrnetSession *smooth = session_new(model), *plain = session_new(model);
    guint8 before[3 * WIDTH * HEIGHT], after[3 * WIDTH * HEIGHT];
    HrnetImage first = picture(before, FALSE), second = picture(after, FALSE);
    for (guint i = 0; i < 3 * WIDTH * HEIGHT; i++)
        after[i] = (guint8)(255 - before[i]);
    hrnet_session_set_smoothing(smooth, 100000);
    hrnet_mask_unref(hrnet_session_segment_at(smooth, &first, 0, NULL));
    HrnetMask *smoothed = hrnet_session_segment_at(smooth, &second, STEP, NULL);
    HrnetMask *own = hrnet_session_segment_at(plain, &second, 0, NULL);
    guint n_same = 0;
    for (guint i = 0; i < WIDTH * HEIGHT; i++)
        n_same += hrnet_mask_get_labels(smoothed, NULL)[i] == hrnet_mask_get_labels(own, NULL)[i];
    g_assert_cmpuint(n_same, >, WIDTH * HEIGHT * 9 / 10);
    hrnet_mask_unref(smoothed);
    hrnet_mask_unref(own);
    hrnet_session_unref(smooth);
    hrnet_session_unref(plain);
    hrnet_model_unref(model);
}

static gfloat *logits_of(HrnetModel *model, const HrnetImage *image)
{
    gsize n;
    g_autoptr(GError) error = NULL;
    HrnetSession *session = session_new(model);
    HrnetMask *mask = hrnet_session_segment(session, image, &error);
    g_assert_no_error(error);
    const gfloat *logits = hrnet_session_get_logits(session, &n);
    gfloat *copy = g_memdup2(logits, n * sizeof *logits);
    hrnet_mask_unref(mask);
    hrnet_session_unref(session);
    hrnet_model_unref(model);
    return copy;
}

static gdouble distance(const gfloat *a, const gfloat *b, gsize n)
{
    gdouble worst = 0, largest = 0;
    for (gsize i = 0; i < n; i++) {
        worst = MAX(worst, fabs(a[i] - b[i]));
        largest = MAX(largest, fabs(a[i]));
    }
    return worst / largest;
}

/* A network that wants blue first sees in a picture what another sees in the picture with red and
 * blue exchanged, if mean and std are exchanged for it. */
static void test_channel_order(void)
{
    static const gsize n = 3 * (ROWS / 4) * (LINE / 4);
    guint8 pixels[3 * WIDTH * HEIGHT], turned[3 * WIDTH * HEIGHT];
    const HrnetImage image = picture(pixels, FALSE);
    HrnetImage exchanged = picture(turned, FALSE);
    for (guint i = 0; i < WIDTH * HEIGHT; i++) {
        turned[3 * i] = pixels[3 * i + 2];
        turned[3 * i + 2] = pixels[3 * i];
    }
    const gchar *flat[] = { "mean=[0.4,0.4,0.4]", "std=[0.2,0.2,0.2]", NULL };
    const gchar *bgr[] = { "mean=[0.4,0.4,0.4]", "std=[0.2,0.2,0.2]", "channel_order=bgr", NULL };
    const gchar *name = g_getenv("HRNET_TEST_MODEL");
    g_autofree gfloat *a = logits_of(hrnet_model_load(name, flat, NULL), &exchanged);
    g_autofree gfloat *b = logits_of(hrnet_model_load(name, bgr, NULL), &image);
    g_autofree gfloat *c = logits_of(hrnet_model_load(name, flat, NULL), &image);
    g_assert_cmpfloat(distance(a, b, n), <, 1e-5);
    g_assert_cmpfloat(distance(a, c, n), >, 0.01);

    /* mean and std stay with their colours */
    const gchar *own[] = { "mean=[0.1,0.4,0.6]", "std=[0.1,0.2,0.3]", NULL };
    const gchar *own_bgr[] = { "mean=[0.6,0.4,0.1]", "std=[0.3,0.2,0.1]", "channel_order=bgr",
                               NULL };
    g_autofree gfloat *d = logits_of(hrnet_model_load(name, own, NULL), &exchanged);
    g_autofree gfloat *e = logits_of(hrnet_model_load(name, own_bgr, NULL), &image);
    g_assert_cmpfloat(distance(d, e, n), <, 1e-5);
}

/* One channel: of a grey picture its own values, of a coloured one 0.299 R + 0.587 G + 0.114 B. */
static void test_luma(void)
{
    static const gsize n = 2 * (ROWS / 4) * (LINE / 4);
    guint8 colours[3 * WIDTH * HEIGHT], greys[WIDTH * HEIGHT];
    const HrnetImage grey = picture(greys, TRUE);
    const HrnetImage coloured = picture(colours, FALSE);
    for (guint i = 0; i < WIDTH * HEIGHT; i++)
        greys[i] = (guint8)lround(0.299 * colours[3 * i] + 0.587 * colours[3 * i + 1] +
                                  0.114 * colours[3 * i + 2]);
    HrnetModel *model = model_new(2, 1, "std=[0.25]");
    g_assert_cmpuint(hrnet_model_get_n_channels(model), ==, 1);
    g_autofree gfloat *a = logits_of(hrnet_model_ref(model), &grey);
    g_autofree gfloat *b = logits_of(model, &coloured);
    g_assert_cmpfloat(distance(a, b, n), <, 0.02); /* greys are rounded to whole levels */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/forms/one-class", test_one_class);
    g_test_add_func("/forms/one-class-changes-its-mind", test_one_class_changes_its_mind);
    g_test_add_func("/forms/channel-order", test_channel_order);
    g_test_add_func("/forms/luma", test_luma);
    return g_test_run();
}
