/* The edges of labels, against a search of every pixel's square.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"
#include "ops/outline.h"

#include <stdbool.h>

/* Around the columns that are done at a time, and less than a square. */
static const unsigned widths[] = { 1, 2, 5, 33, 511, 512, 513, 545, 1030 };
static const unsigned heights[] = { 1, 2, 3, 19 };
static const unsigned radii[] = { 1, 2, 7, HRNET_OUTLINE_MAX };

static bool has_other(const uint8_t *labels, int width, int height, int radius, int x, int y)
{
    for (int j = MAX(y - radius, 0); j <= MIN(y + radius, height - 1); j++)
        for (int i = MAX(x - radius, 0); i <= MIN(x + radius, width - 1); i++)
            if (labels[j * width + i] != labels[y * width + x])
                return true;
    return false;
}

static void check(unsigned width, unsigned height, unsigned radius, GRand *rand)
{
    Guarded labels = guarded_new((size_t)width * height, 0);
    Guarded outline = guarded_new((size_t)width * height, 0);
    unsigned until = 0;
    uint8_t label = 0;

    guarded_case("%ux%u, radius %u", height, width, radius);
    for (size_t i = 0; i < labels.n_bytes; i++) {
        if (until-- == 0) {
            until = (unsigned)g_rand_int_range(rand, 1, 200);
            label = (uint8_t)g_rand_int_range(rand, 0, g_rand_boolean(rand) ? 3 : 256);
        }
        labels.bytes[i] = label;
    }
    hrnet_outline_run(labels.bytes, width, height, radius, outline.bytes);
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++) {
            const size_t i = (size_t)y * width + x;
            const bool edge =
                has_other(labels.bytes, (int)width, (int)height, (int)radius, (int)x, (int)y);
            g_assert_cmpuint(outline.bytes[i], ==, edge ? labels.bytes[i] : 0);
        }
    }
    guarded_close(&labels);
    guarded_close(&outline);
}

static void test_outline(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);

    for (unsigned w = 0; w < G_N_ELEMENTS(widths); w++)
        for (unsigned h = 0; h < G_N_ELEMENTS(heights); h++)
            for (unsigned r = 0; r < G_N_ELEMENTS(radii); r++)
                check(widths[w], heights[h], radii[r], rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outline", test_outline);
    return g_test_run();
}
