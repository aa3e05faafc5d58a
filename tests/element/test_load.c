/* The size of the network by load: against machines of a given speed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetload.h"

#include <gst/check/gstcheck.h>

#define ALLOWED (50 * GST_MSECOND)

/* An inference's time on a machine that takes `full` at the full size, give or take a tenth. */
static GstClockTime inference(const GstHrnetLoad *load, GstClockTime full, GRand *rand)
{
    const gdouble side = gst_hrnet_load_scale(load->n_shrunk, 1024) / 1024.0;

    return (GstClockTime)((gdouble)full * side * side * g_rand_double_range(rand, 0.9, 1.1));
}

/* Returns how often the size has changed. */
static guint run(GstHrnetLoad *load, guint n, GstClockTime full, GRand *rand)
{
    guint n_changes = 0;

    while (n-- > 0)
        n_changes += gst_hrnet_load_note(load, inference(load, full, rand), ALLOWED);
    return n_changes;
}

/* It settles at the largest size that is fast enough, and stays there. */
GST_START_TEST(test_settles)
{
    static const struct {
        GstClockTime full;
        guint n_shrunk;
    } table[] = {
        { 10 * GST_MSECOND, 0 }, { 44 * GST_MSECOND, 0 },  { 58 * GST_MSECOND, 1 },
        { 80 * GST_MSECOND, 2 }, { 115 * GST_MSECOND, 3 }, { 170 * GST_MSECOND, 4 },
        { GST_SECOND, 4 },
    };
    GRand *rand = g_rand_new_with_seed(1);
    GstHrnetLoad load = { 0 };

    fail_unless_equals_int(run(&load, 40, table[__i__].full, rand), (gint)table[__i__].n_shrunk);
    fail_unless_equals_int(load.n_shrunk, table[__i__].n_shrunk);
    fail_unless_equals_int(run(&load, 2000, table[__i__].full, rand), 0);
    g_rand_free(rand);
}
GST_END_TEST

/* It grows back step by step once the load is gone, not before dozens of inferences agree, and not
 * where the larger size would only just do. */
GST_START_TEST(test_grows_back)
{
    GRand *rand = g_rand_new_with_seed(2);
    GstHrnetLoad load = { 0 };

    run(&load, 100, 400 * GST_MSECOND, rand);
    fail_unless_equals_int(load.n_shrunk, 4);
    fail_unless_equals_int(run(&load, 30, 20 * GST_MSECOND, rand), 0);
    fail_unless_equals_int(run(&load, 10, 20 * GST_MSECOND, rand), 1);
    fail_unless_equals_int(run(&load, 200, 20 * GST_MSECOND, rand), 3);
    fail_unless_equals_int(load.n_shrunk, 0);

    run(&load, 40, 58 * GST_MSECOND, rand);
    fail_unless_equals_int(load.n_shrunk, 1);
    fail_unless_equals_int(run(&load, 500, 45 * GST_MSECOND, rand), 0);
    g_rand_free(rand);
}
GST_END_TEST

/* One slow inference, such as the first, changes nothing. */
GST_START_TEST(test_ignores_the_odd_one)
{
    GRand *rand = g_rand_new_with_seed(3);
    GstHrnetLoad load = { 0 };

    for (guint i = 0; i < 20; i++) {
        fail_if(gst_hrnet_load_note(&load, 90 * GST_MSECOND, ALLOWED));
        fail_unless_equals_int(run(&load, 20, 20 * GST_MSECOND, rand), 0);
    }
    g_rand_free(rand);
}
GST_END_TEST

static Suite *load_suite(void)
{
    Suite *suite = suite_create("hrnetseg-load");
    TCase *chain = tcase_create("load");

    tcase_add_loop_test(chain, test_settles, 0, 7);
    tcase_add_test(chain, test_grows_back);
    tcase_add_test(chain, test_ignores_the_odd_one);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(load)
