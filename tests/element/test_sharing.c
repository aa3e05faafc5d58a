/* Elements that name one model: its weights are in memory once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <hrnet/hrnet.h>

#define N_MORE 8
#define WIDTH  64
#define HEIGHT 48

/* What an element, its frames and its threads may take beside the arena. */
#define REST_BYTES (1 << 20)

static GstHarness *run_element(const gchar *description)
{
    GstHarness *h = harness_new(description);
    GstVideoInfo info;

    harness_set_frame_caps(h, "I420", WIDTH, HEIGHT, "", &info);
    gst_buffer_unref(gst_harness_push_and_pull(h, frame_new(&info, 0, 0)));
    return h;
}

GST_START_TEST(test_memory)
{
    GstHarness *first = run_element("hrnetseg model=test"), *more[N_MORE];
    HrnetModel *model = hrnet_model_load("test", NULL, NULL);
    HrnetSession *session = hrnet_session_new(model, 0, 0, 0, HRNET_PRECISION_FP32, NULL);
    const gsize arena = hrnet_session_get_arena_bytes(session);
    const gsize packed = hrnet_model_get_packed_bytes(model);
    const gsize before = resident_bytes();
    gsize added;

    /* Else a copy of the weights would not show. */
    fail_unless(packed > 2 * (arena + REST_BYTES));
    for (guint i = 0; i < N_MORE; i++)
        more[i] = run_element("hrnetseg model=test");
    added = resident_bytes() - before;
    GST_INFO("%u elements: %" G_GSIZE_FORMAT " bytes, arena %" G_GSIZE_FORMAT ", weights "
             "%" G_GSIZE_FORMAT,
             N_MORE, added, arena, packed);
    fail_unless(added <= N_MORE * (arena + REST_BYTES),
                "%u more elements took %" G_GSIZE_FORMAT " bytes, an arena has %" G_GSIZE_FORMAT,
                N_MORE, added, arena);
    for (guint i = 0; i < N_MORE; i++)
        gst_harness_teardown(more[i]);
    gst_harness_teardown(first);
    hrnet_session_unref(session);
    hrnet_model_unref(model);
}
GST_END_TEST

/* Elements come and go: the weights outlive the one that loaded them, and are gone with the last.
 */
GST_START_TEST(test_lifetime)
{
    gsize before = 0;

    for (guint round = 0; round < 6; round++) {
        GstHarness *a = run_element("hrnetseg model=test mode=mask");
        GstHarness *b = run_element("hrnetseg model=test mode=meta");
        GstVideoInfo info;

        gst_harness_teardown(a);
        harness_set_frame_caps(b, "RGB", WIDTH, HEIGHT, "", &info);
        gst_buffer_unref(gst_harness_push_and_pull(b, frame_new(&info, 0, 1)));
        gst_harness_teardown(b);
        if (round == 1)
            before = resident_bytes();
    }
    fail_unless(resident_bytes() < before + (16 << 20));
}
GST_END_TEST

static Suite *sharing_suite(void)
{
    Suite *suite = suite_create("hrnetseg-sharing");
    TCase *chain = tcase_create("sharing");

    tcase_set_timeout(chain, 120);
    tcase_add_test(chain, test_memory);
    tcase_add_test(chain, test_lifetime);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(sharing)
