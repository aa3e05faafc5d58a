/* Large and extreme sizes against the reference renderer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pixels.h"

GST_START_TEST(test_large)
{
    pixels_check(all_formats[__i__ / N_MODES], all_modes[__i__ % N_MODES], 1919, 1081, "", 0.5);
}
GST_END_TEST

/* The extremes of the template, in the formats with chroma planes and without. */
GST_START_TEST(test_extremes)
{
    static const gint extremes[][2] = { { 8192, 17 }, { 17, 8192 } };
    static const gchar *const formats[] = { "NV21", "UYVY", "BGR" };

    pixels_check(formats[__i__ / 2], "overlay", extremes[__i__ % 2][0], extremes[__i__ % 2][1], "",
                 0.7);
}
GST_END_TEST

static Suite *pixels_large_suite(void)
{
    Suite *suite = suite_create("hrnetseg-pixels-large");
    TCase *chain = tcase_create("pixels");

    /* The program has a budget of what it may compute: on a busy machine that takes longer. */
    tcase_set_timeout(chain, 1200);
    tcase_add_loop_test(chain, test_large, 0, N_FORMATS * N_MODES);
    tcase_add_loop_test(chain, test_extremes, 0, 6);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(pixels_large)
