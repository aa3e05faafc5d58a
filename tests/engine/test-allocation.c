/* After warm-up a session's run allocates nothing: every allocator and mmap counted over 100
 * frames.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What OpenBLAS allocates for itself (a job table a threaded product, a buffer in the small kernels
 * of some processors) cannot be prevented from outside and is not counted; only the path without
 * kernels of ours calls it. */
#include <hrnet/hrnet.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The executable's definitions stand before the C library's for every library of the process. */
void *__libc_malloc(size_t n_bytes);
void *__libc_calloc(size_t n, size_t n_bytes);
void *__libc_realloc(void *memory, size_t n_bytes);
void *__libc_memalign(size_t alignment, size_t n_bytes);
void *malloc(size_t n_bytes);
void *calloc(size_t n, size_t n_bytes);
void *realloc(void *memory, size_t n_bytes);
void *memalign(size_t alignment, size_t n_bytes);
void *aligned_alloc(size_t alignment, size_t n_bytes);
int posix_memalign(void **memory, size_t alignment, size_t n_bytes);

static atomic_uint n_allocations;

static void count(void *caller)
{
    Dl_info info;
    if (dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "openblas"))
        return;
    atomic_fetch_add(&n_allocations, 1);
}

void *malloc(size_t n_bytes)
{
    count(__builtin_return_address(0));
    return __libc_malloc(n_bytes);
}

void *calloc(size_t n, size_t n_bytes)
{
    count(__builtin_return_address(0));
    return __libc_calloc(n, n_bytes);
}

void *realloc(void *memory, size_t n_bytes)
{
    count(__builtin_return_address(0));
    return __libc_realloc(memory, n_bytes);
}

void *memalign(size_t alignment, size_t n_bytes)
{
    count(__builtin_return_address(0));
    return __libc_memalign(alignment, n_bytes);
}

void *aligned_alloc(size_t alignment, size_t n_bytes)
{
    count(__builtin_return_address(0));
    return __libc_memalign(alignment, n_bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t n_bytes)
{
    count(__builtin_return_address(0));
    *memory = __libc_memalign(alignment, n_bytes);
    return *memory ? 0 : ENOMEM;
}

void *mmap(void *address, size_t n_bytes, int protection, int flags, int file, off_t offset)
{
    count(__builtin_return_address(0));
    return (void *)syscall(SYS_mmap, address, n_bytes, protection, flags, file, offset);
}

#define HEIGHT  90
#define WIDTH   161
#define WARM_UP 3
#define FRAMES  100

static HrnetImage frame_of(guint8 *pixels, gsize size)
{
    HrnetImage image;
    g_autoptr(GError) error = NULL;
    hrnet_image_init(&image, HRNET_PIXEL_FORMAT_I420, WIDTH, HEIGHT);
    g_assert_true(hrnet_image_set_data(&image, pixels, size, 0, &error));
    g_assert_no_error(error);
    return image;
}

static void segment_and_paint(HrnetSession *session, const HrnetImage *image)
{
    const guint32 argb[] = { 0, 0x80804080, 0x80dc143c, 0x8000008e };
    static guint64 time_ns;
    HrnetMask *mask = hrnet_session_segment_at(session, image, time_ns += 40000000, NULL);
    g_assert_nonnull(mask);
    g_assert_true(hrnet_image_paint(image, mask, argb, G_N_ELEMENTS(argb), NULL));
    hrnet_mask_unref(mask);
}

typedef struct {
    guint n_threads;
    gboolean steady;
    HrnetOrientation orientation;
    HrnetPrecision precision;
} Case;

static HrnetModel *load(const gchar *const *options)
{
    g_autoptr(GError) error = NULL;
    HrnetModel *model = hrnet_model_load(g_getenv("HRNET_TEST_MODEL"), options, &error);
    g_assert_no_error(error);
    return model;
}

/* Calibrated on the picture itself. */
static HrnetModel *load_calibrated(const HrnetImage *image)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) plain = load(NULL);
    g_autoptr(HrnetCalibration) calibration = hrnet_calibration_new(plain, 1, &error);
    g_assert_no_error(error);
    g_assert_true(hrnet_calibration_add(calibration, image, &error));
    g_auto(GStrv) options = hrnet_calibration_get_options(calibration, &error);
    g_assert_no_error(error);
    return load((const gchar *const *)options);
}

static void test_segment(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;
    const gsize size = WIDTH * HEIGHT + 2 * ((WIDTH + 1) / 2) * ((HEIGHT + 1) / 2);
    g_autofree guint8 *pixels = g_malloc(size);
    for (gsize i = 0; i < size; i++)
        pixels[i] = (guint8)(i * 37);
    HrnetImage image = frame_of(pixels, size);
    g_autoptr(HrnetModel) model =
        c->precision == HRNET_PRECISION_INT8 ? load_calibrated(&image) : load(NULL);
    g_autoptr(HrnetSession) session =
        hrnet_session_new(model, 64, 96, c->n_threads, c->precision, &error);
    g_assert_no_error(error);
    g_assert_cmpint(hrnet_session_get_precision(session), ==, c->precision);
    hrnet_session_set_smoothing(session, c->steady ? 100 : 0);
    hrnet_session_set_edge_refine(session, c->steady);
    image.orientation = c->orientation;

    for (guint i = 0; i < WARM_UP; i++)
        segment_and_paint(session, &image);
    const guint before = n_allocations;
    for (guint i = 0; i < FRAMES; i++)
        segment_and_paint(session, &image);
    const guint after = n_allocations;
    g_assert_cmpuint(before, >, 0); /* the counter counts */
    g_assert_cmpuint(after - before, ==, 0);
    g_assert_cmpuint(hrnet_session_get_n_masks(session), ==, 1);
}

static void test_run(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HrnetModel) model = hrnet_model_load(g_getenv("HRNET_TEST_MODEL"), NULL, &error);
    g_assert_no_error(error);
    g_autoptr(HrnetSession) session =
        hrnet_session_new(model, 64, 96, 2, HRNET_PRECISION_FP32, &error);
    g_assert_no_error(error);
    guint c, h, w;
    hrnet_session_get_logits_size(session, &c, &h, &w);
    g_autofree gfloat *input = g_new0(gfloat, 3 * 64 * 96);
    g_autofree gfloat *logits = g_new(gfloat, (gsize)c * h * w);
    guint before = 0;
    for (guint i = 0; i < WARM_UP + FRAMES; i++) {
        if (i == WARM_UP)
            before = n_allocations;
        g_assert_true(
            hrnet_session_run(session, input, 3 * 64 * 96, logits, (gsize)c * h * w, NULL));
    }
    g_assert_cmpuint(n_allocations - before, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const Case one = { 1, FALSE, HRNET_ORIENTATION_IDENTITY, HRNET_PRECISION_FP32 },
                      two = { 2, FALSE, HRNET_ORIENTATION_IDENTITY, HRNET_PRECISION_FP32 },
                      steady = { 2, TRUE, HRNET_ORIENTATION_IDENTITY, HRNET_PRECISION_FP32 },
                      lying = { 2, TRUE, HRNET_ORIENTATION_90R, HRNET_PRECISION_FP32 },
                      int8 = { 2, FALSE, HRNET_ORIENTATION_IDENTITY, HRNET_PRECISION_INT8 },
                      int8_lying = { 2, TRUE, HRNET_ORIENTATION_90R, HRNET_PRECISION_INT8 };
    g_test_add_data_func("/allocation/segment/1-thread", &one, test_segment);
    g_test_add_data_func("/allocation/segment/2-threads", &two, test_segment);
    g_test_add_data_func("/allocation/segment/steady", &steady, test_segment);
    g_test_add_data_func("/allocation/segment/lying", &lying, test_segment);
    if (!g_strrstr(g_getenv("HRNET_TEST_MODEL"), "ocr")) { /* which int8 does not know */
        g_test_add_data_func("/allocation/segment/int8", &int8, test_segment);
        g_test_add_data_func("/allocation/segment/int8-lying", &int8_lying, test_segment);
    }
    g_test_add_func("/allocation/run", test_run);
    return g_test_run();
}
