/* Pictures that lie turned or mirrored have the masks that they have upright, turned alike.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <hrnet/hrnet.h>

#include <math.h>
#include <string.h>

#define HEIGHT         64
#define WIDTH          96
#define N_ORIENTATIONS (HRNET_ORIENTATION_UR_LL + 1)
#define STEP           (40 * G_GUINT64_CONSTANT(1000000))

/* How an upright picture comes to lie as each orientation says, the slow, obvious way. */
static const struct {
    HrnetOrientation orientation;
    gboolean mirrored; /* left and right changed */
    guint n_left;      /* then turned so many times by 90 degrees counter-clockwise */
} lies[N_ORIENTATIONS] = {
    { HRNET_ORIENTATION_IDENTITY, FALSE, 0 }, { HRNET_ORIENTATION_90R, FALSE, 1 },
    { HRNET_ORIENTATION_180, FALSE, 2 },      { HRNET_ORIENTATION_90L, FALSE, 3 },
    { HRNET_ORIENTATION_HORIZ, TRUE, 0 },     { HRNET_ORIENTATION_VERT, TRUE, 2 },
    { HRNET_ORIENTATION_UL_LR, TRUE, 1 },     { HRNET_ORIENTATION_UR_LL, TRUE, 3 },
};

/* Pixels of some bytes each, rows dense. */
typedef struct {
    guint width, height, bytes;
    guint8 *data;
} Plane;

static Plane plane_new(guint width, guint height, guint bytes)
{
    const Plane plane = { width, height, bytes, g_malloc((gsize)width * height * bytes) };
    return plane;
}

static guint8 *pixel(const Plane *plane, guint x, guint y)
{
    return plane->data + ((gsize)y * plane->width + x) * plane->bytes;
}

static Plane mirrored(const Plane *from)
{
    Plane to = plane_new(from->width, from->height, from->bytes);
    for (guint y = 0; y < to.height; y++)
        for (guint x = 0; x < to.width; x++)
            memcpy(pixel(&to, x, y), pixel(from, from->width - 1 - x, y), to.bytes);
    return to;
}

static Plane turned_left(const Plane *from)
{
    Plane to = plane_new(from->height, from->width, from->bytes);
    for (guint y = 0; y < to.height; y++)
        for (guint x = 0; x < to.width; x++)
            memcpy(pixel(&to, x, y), pixel(from, from->width - 1 - y, x), to.bytes);
    return to;
}

/* What a camera would store that is held so. */
static Plane laid(const Plane *upright, guint orientation)
{
    Plane plane = plane_new(upright->width, upright->height, upright->bytes);
    memcpy(plane.data, upright->data, (gsize)plane.width * plane.height * plane.bytes);
    for (guint i = 0; i < lies[orientation].n_left + lies[orientation].mirrored; i++) {
        const gboolean mirrors = lies[orientation].mirrored && i == 0;
        const Plane next = mirrors ? mirrored(&plane) : turned_left(&plane);
        g_free(plane.data);
        plane = next;
    }
    return plane;
}

/* A picture of fields in many colours, with a little noise of its own. */
static Plane picture_new(guint width, guint height, guint seed)
{
    Plane plane = plane_new(width, height, 3);
    for (guint y = 0; y < height; y++)
        for (guint x = 0; x < width; x++)
            for (guint c = 0; c < 3; c++)
                pixel(&plane, x, y)[c] =
                    (guint8)(((x / 13 + 3 * (y / 11)) * 37 + 90 * c + (x * y) % 29) % 240 +
                             seed * (x % 9));
    return plane;
}

/* The mask of a picture that lies so, its bytes copied. */
static Plane segment(HrnetSession *session, const Plane *lying, guint orientation, guint64 time_ns)
{
    HrnetImage image;
    g_autoptr(GError) error = NULL;
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_RGB, lying->width, lying->height);
    g_assert_true(hrnet_image_set_data(&image, lying->data, (gsize)3 * lying->width * lying->height,
                                       0, &error));
    image.orientation = lies[orientation].orientation;
    g_autoptr(HrnetMask) mask = hrnet_session_segment_at(session, &image, time_ns, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(hrnet_mask_get_width(mask), ==, lying->width);
    g_assert_cmpuint(hrnet_mask_get_height(mask), ==, lying->height);
    const Plane plane = plane_new(lying->width, lying->height, 1);
    memcpy(plane.data, hrnet_mask_get_labels(mask, NULL), (gsize)plane.width * plane.height);
    return plane;
}

static guint count_different(const Plane *a, const Plane *b)
{
    guint n = 0;
    g_assert_cmpuint(a->width, ==, b->width);
    g_assert_cmpuint(a->height, ==, b->height);
    for (guint i = 0; i < a->width * a->height; i++)
        n += a->data[i] != b->data[i];
    return n;
}

/* Labels that a mask has many of. */
static guint count_labels(const Plane *mask)
{
    guint counts[256] = { 0 }, n = 0;
    for (guint i = 0; i < mask->width * mask->height; i++)
        counts[mask->data[i]]++;
    for (guint label = 0; label < G_N_ELEMENTS(counts); label++)
        n += counts[label] > mask->width * mask->height / 50;
    return n;
}

static HrnetModel *load_model(const gchar *path)
{
    g_autoptr(GError) error = NULL;
    HrnetModel *model = hrnet_model_load(path, NULL, &error);
    g_assert_no_error(error);
    return model;
}

static HrnetSession *new_session(HrnetModel *model, guint height, guint width)
{
    g_autoptr(GError) error = NULL;
    HrnetSession *session =
        hrnet_session_new(model, height, width, 2, HRNET_PRECISION_FP32, &error);
    g_assert_no_error(error);
    return session;
}

/* A copy of the last run's logits. */
static gfloat *logits_of(HrnetSession *session, gsize *n_bytes)
{
    gsize n;
    const gfloat *logits = hrnet_session_get_logits(session, &n);
    *n_bytes = n * sizeof *logits;
    return g_memdup2(logits, *n_bytes);
}

/* The network sees the same numbers, whatever lies how, so that its logits are the same to the bit.
 * Rows and columns of them are interpolated in another order. */
static void test_same(gconstpointer path)
{
    g_autoptr(HrnetModel) model = load_model(path);
    g_autoptr(HrnetSession) session = new_session(model, HEIGHT, WIDTH);
    const Plane upright = picture_new(WIDTH, HEIGHT, 0);
    const Plane expected = segment(session, &upright, 0, HRNET_TIME_NONE);
    gsize n_bytes, n_own;
    g_autofree gfloat *logits = logits_of(session, &n_bytes);
    g_assert_cmpuint(count_labels(&expected), ==, 2 + (hrnet_model_get_n_labels(model) > 2));
    for (guint i = 0; i < N_ORIENTATIONS; i++) {
        const Plane lying = laid(&upright, i), wanted = laid(&expected, i);
        const Plane mask = segment(session, &lying, i, HRNET_TIME_NONE);
        g_autofree gfloat *own = logits_of(session, &n_own);
        g_assert_cmpmem(own, n_own, logits, n_bytes);
        g_assert_cmpuint(count_different(&mask, &wanted), ==, 0);
        g_free(lying.data);
        g_free(wanted.data);
        g_free(mask.data);
    }
    g_free(upright.data);
    g_free(expected.data);
}

/* Where pictures are stretched into the network and edges are refined, sums are taken in another
 * order, and what is rounded differently is rare: in a picture of another shape than the network's,
 * odd sides and all. */
static void test_stretched(gconstpointer path)
{
    g_autoptr(HrnetModel) model = load_model(path);
    const Plane upright = picture_new(151, 117, 0);
    for (guint refines = 0; refines < 2; refines++) {
        g_autoptr(HrnetSession) session = new_session(model, HEIGHT, WIDTH);
        hrnet_session_set_edge_refine(session, refines);
        const Plane expected = segment(session, &upright, 0, HRNET_TIME_NONE);
        for (guint i = 0; i < N_ORIENTATIONS; i++) {
            const Plane lying = laid(&upright, i), wanted = laid(&expected, i);
            const Plane mask = segment(session, &lying, i, HRNET_TIME_NONE);
            g_assert_cmpuint(count_different(&mask, &wanted), <=, 151 * 117 / 1000);
            g_free(lying.data);
            g_free(wanted.data);
            g_free(mask.data);
        }
        g_free(expected.data);
    }
    g_free(upright.data);
}

/* Averages are of frames that lie alike, and another orientation begins them anew. */
static void test_smoothing(gconstpointer path)
{
    g_autoptr(HrnetModel) model = load_model(path);
    const Plane pictures[] = { picture_new(WIDTH, HEIGHT, 0), picture_new(WIDTH, HEIGHT, 1) };
    for (guint i = 1; i < N_ORIENTATIONS; i++) {
        g_autoptr(HrnetSession) upright = new_session(model, HEIGHT, WIDTH);
        g_autoptr(HrnetSession) lying = new_session(model, HEIGHT, WIDTH);
        g_autoptr(HrnetSession) alone = new_session(model, HEIGHT, WIDTH);
        const Plane laid_pictures[] = { laid(&pictures[0], i), laid(&pictures[1], i) };
        hrnet_session_set_smoothing(upright, 1000);
        hrnet_session_set_smoothing(lying, 1000);
        gsize n_bytes, n_own;
        for (guint t = 0; t < 2; t++) {
            g_free(segment(upright, &pictures[t], 0, t * STEP).data);
            g_free(segment(lying, &laid_pictures[t], i, t * STEP).data);
        }
        g_autofree gfloat *average = logits_of(upright, &n_bytes), *own = logits_of(lying, &n_own);
        g_assert_cmpuint(n_own, ==, n_bytes);
        /* It gives way by means of luma, which are sums. */
        for (gsize k = 0; k < n_bytes / sizeof(gfloat); k++)
            g_assert_cmpfloat_with_epsilon(own[k], average[k], 1e-4f);

        g_free(segment(alone, &pictures[1], 0, HRNET_TIME_NONE).data);
        g_free(segment(lying, &pictures[1], 0, 2 * STEP).data);
        g_autofree gfloat *anew = logits_of(alone, &n_bytes), *after = logits_of(lying, &n_own);
        g_assert_cmpmem(after, n_own, anew, n_bytes);
        gdouble change = 0;
        for (gsize k = 0; k < n_bytes / sizeof(gfloat); k++)
            change = MAX(change, fabs(anew[k] - average[k]));
        g_assert_cmpfloat(change, >, 0.01);
        for (guint t = 0; t < 2; t++)
            g_free(laid_pictures[t].data);
    }
    g_free(pictures[0].data);
    g_free(pictures[1].data);
}

static void test_none(gconstpointer path)
{
    g_autoptr(HrnetModel) model = load_model(path);
    g_autoptr(HrnetSession) session = new_session(model, HEIGHT, WIDTH);
    const Plane upright = picture_new(WIDTH, HEIGHT, 0);
    g_autoptr(GError) error = NULL;
    HrnetImage image;
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_RGB, WIDTH, HEIGHT);
    g_assert_cmpint(image.orientation, ==, HRNET_ORIENTATION_IDENTITY);
    g_assert_true(hrnet_image_set_data(&image, upright.data, 3 * WIDTH * HEIGHT, 0, NULL));
    image.orientation = (HrnetOrientation)N_ORIENTATIONS;
    g_assert_null(hrnet_session_segment(session, &image, &error));
    g_assert_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull(strstr(error->message, "orientation 8"));
    g_free(upright.data);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 3);
    g_test_add_data_func("/orientation/same", argv[1], test_same);
    g_test_add_data_func("/orientation/lone", argv[2], test_same);
    g_test_add_data_func("/orientation/stretched", argv[1], test_stretched);
    g_test_add_data_func("/orientation/smoothing", argv[1], test_smoothing);
    g_test_add_data_func("/orientation/none", argv[1], test_none);
    return g_test_run();
}
