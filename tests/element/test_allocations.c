/* Memory: no block of 4 KiB or more a frame once the stream runs.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The program's own malloc() and its kin stand before the C library's and count. */
#include "harness.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#define BIG 4096

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static volatile gint counting, n_big;

static void count(size_t size)
{
    if (size >= BIG && g_atomic_int_get(&counting))
        g_atomic_int_inc(&n_big);
}

void *malloc(size_t size)
{
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count(n * size);
    return __libc_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
    count(size);
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size)
{
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

#define N_WARM 8
#define N_RUN  100

static GstBufferPool *frame_pool(const GstVideoInfo *info)
{
    GstBufferPool *pool = gst_video_buffer_pool_new();
    GstStructure *config = gst_buffer_pool_get_config(pool);
    GstCaps *caps = gst_video_info_to_caps(info);

    gst_buffer_pool_config_set_params(config, caps, GST_VIDEO_INFO_SIZE(info), 4, 0);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    fail_unless(gst_buffer_pool_set_config(pool, config));
    fail_unless(gst_buffer_pool_set_active(pool, TRUE));
    gst_caps_unref(caps);
    return pool;
}

static void push_pooled(GstHarness *h, GstBufferPool *pool, guint n, gboolean shared)
{
    GstBuffer *in, *held = NULL, *out;

    fail_unless_equals_int(gst_buffer_pool_acquire_buffer(pool, &in, NULL), GST_FLOW_OK);
    GST_BUFFER_PTS(in) = frame_time(n);
    if (shared)
        held = gst_buffer_ref(in);
    out = gst_harness_push_and_pull(h, in);
    fail_unless(out != NULL);
    gst_buffer_unref(out);
    gst_clear_buffer(&held);
}

/* That the counter counts at all. */
GST_START_TEST(test_counter)
{
    g_atomic_int_set(&counting, 1);
    g_free(g_malloc(BIG - 1));
    fail_unless_equals_int(g_atomic_int_get(&n_big), 0);
    g_free(g_malloc(BIG));
    g_free(g_malloc0(BIG));
    fail_unless_equals_int(g_atomic_int_get(&n_big), 2);
    gst_buffer_unref(gst_buffer_new_allocate(NULL, BIG, NULL));
    fail_unless_equals_int(g_atomic_int_get(&n_big), 3);
}
GST_END_TEST

static const gchar *const modes[] = {
    "overlay", "mask", "meta", "alpha", "blur", "fill", "pixelate"
};

/* Alone and shared frames, with and without metadata, in every mode; half of them with steady
 * masks. */
GST_START_TEST(test_steady_state)
{
    const gboolean shared = __i__ & 1, attach = __i__ & 2;
    gchar *description =
        g_strdup_printf("hrnetseg model=test mode=%s attach-meta=%d margin=3%s", modes[__i__ / 4],
                        attach ? 1 : 0, shared ? "" : " smoothing=200 edge-refine=true");
    GstHarness *h = harness_new(description);
    GstVideoInfo info;
    GstBufferPool *pool;

    gst_harness_add_propose_allocation_meta(h, GST_VIDEO_META_API_TYPE, NULL);
    harness_set_frame_caps(h, "I420", 320, 240, "", &info);
    pool = frame_pool(&info);
    for (guint i = 0; i < N_WARM; i++)
        push_pooled(h, pool, i, shared);
    g_atomic_int_set(&counting, 1);
    for (guint i = N_WARM; i < N_WARM + N_RUN; i++)
        push_pooled(h, pool, i, shared);
    g_atomic_int_set(&counting, 0);
    fail_unless_equals_int(g_atomic_int_get(&n_big), 0);
    fail_unless_equals_uint64(seg_stat(h->element, "frames"), N_WARM + N_RUN);
    gst_harness_teardown(h);
    gst_buffer_pool_set_active(pool, FALSE);
    gst_object_unref(pool);
    g_free(description);
}
GST_END_TEST

static guint64 network_size(GstElement *element)
{
    return seg_stat(element, "inference-height") << 32 | seg_stat(element, "inference-width");
}

/* Streams until so many more inferences are done. Returns whether all were of one size. */
static gboolean stream(GstHarness *h, GstBufferPool *pool, guint *n, guint n_inferences)
{
    const guint64 end = seg_stat(h->element, "inferences") + n_inferences;
    const guint64 size = network_size(h->element);
    gboolean same = TRUE;

    while (seg_stat(h->element, "inferences") < end) {
        push_pooled(h, pool, (*n)++, FALSE);
        g_usleep(2000);
        same = same && network_size(h->element) == size;
    }
    return same;
}

/* The same beside the stream, where a frame is copied for the worker. While the size adapts to the
 * load, as on a busy machine, memory changes with it; what is held to none is a stretch of one
 * size. */
GST_START_TEST(test_steady_state_of_latest)
{
    GstHarness *h = harness_new("hrnetseg model=test sync-mode=latest adaptive-size=true");
    GstVideoInfo info;
    GstBufferPool *pool;
    guint n = 0, tries = 0;
    gboolean steady;

    gst_harness_add_propose_allocation_meta(h, GST_VIDEO_META_API_TYPE, NULL);
    harness_set_frame_caps(h, "I420", 320, 240, "", &info);
    pool = frame_pool(&info);
    do {
        stream(h, pool, &n, N_WARM);
        g_atomic_int_set(&n_big, 0);
        g_atomic_int_set(&counting, 1);
        steady = stream(h, pool, &n, N_RUN / 4);
        g_atomic_int_set(&counting, 0);
        /* The next one may have been begun, at another size. */
        steady = stream(h, pool, &n, 1) && steady;
    } while (!steady && ++tries < 20);
    fail_unless(steady, "the size changed in each of %u stretches", tries);
    fail_unless_equals_int(g_atomic_int_get(&n_big), 0);
    gst_harness_teardown(h);
    gst_buffer_pool_set_active(pool, FALSE);
    gst_object_unref(pool);
}
GST_END_TEST

static Suite *allocations_suite(void)
{
    Suite *suite = suite_create("hrnetseg-allocations");
    TCase *chain = tcase_create("allocations");

    tcase_set_timeout(chain, 120);
    tcase_add_test(chain, test_counter);
    tcase_add_loop_test(chain, test_steady_state, 0, 7 * 4);
    tcase_add_test(chain, test_steady_state_of_latest);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(allocations)
