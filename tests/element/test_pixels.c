/* Every format in every mode, and colorimetries, against the reference renderer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pixels.h"

static const gint sizes[][2] = { { 16, 16 }, { 161, 91 } };
#define N_SIZES 2

static const gchar *const colorimetries[] = {
    "",
    ", colorimetry=bt601",
    ", colorimetry=bt709",
    ", colorimetry=bt2020",
    ", colorimetry=(string)1:4:0:0",
    ", colorimetry=(string)1:3:0:0, chroma-site=jpeg",
    ", colorimetry=bt709, chroma-site=mpeg2",
};

GST_START_TEST(test_small)
{
    const gint *size = sizes[__i__ / (N_FORMATS * N_MODES)];
    const guint i = __i__ % (N_FORMATS * N_MODES);

    pixels_check(all_formats[i / N_MODES], all_modes[i % N_MODES], size[0], size[1], "", 0.5);
}
GST_END_TEST

static const gchar *const yuv_formats[] = { "I420", "YV12",      "NV12",     "NV21", "YUY2",
                                            "UYVY", "Y42B",      "Y444",     "NV16", "YVYU",
                                            "VYUY", "P010_10LE", "I420_10LE" };
#define N_YUV G_N_ELEMENTS(yuv_formats)

GST_START_TEST(test_colors)
{
    pixels_check(yuv_formats[__i__ % N_YUV], "overlay", 95, 63, colorimetries[__i__ / N_YUV],
                 1.0 - __i__ / N_YUV * 0.13);
}
GST_END_TEST

static const guint radii[] = { 1, 2, 5, 16 };

GST_START_TEST(test_outlines)
{
    pixels_check_outline(all_formats[__i__], 161, 91, radii[__i__ % G_N_ELEMENTS(radii)]);
}
GST_END_TEST

static Suite *pixels_suite(void)
{
    Suite *suite = suite_create("hrnetseg-pixels");
    TCase *chain = tcase_create("pixels");

    tcase_set_timeout(chain, 120);
    tcase_add_loop_test(chain, test_small, 0, N_SIZES * N_FORMATS * N_MODES);
    tcase_add_loop_test(chain, test_colors, 0, N_YUV * G_N_ELEMENTS(colorimetries));
    tcase_add_loop_test(chain, test_outlines, 0, N_FORMATS);
    suite_add_tcase(suite, chain);
    return suite;
}

GST_CHECK_MAIN(pixels)
