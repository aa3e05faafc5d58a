/* The kernels of class scores: every instruction set against C.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"

#include <string.h>

#define BLOCK  HRNET_SCORE_BLOCK
#define RADIUS HRNET_GUIDED_RADIUS

static const unsigned class_counts[] = { 1, 2, 3, 19, 150 };

static unsigned whole_blocks(unsigned n)
{
    return (n + BLOCK - 1) / BLOCK * BLOCK;
}

/* ---- smooth ---- */

static void check_smooth_case(const HrnetKernels *kernels, unsigned n_classes, size_t n,
                              size_t begin, GRand *rand)
{
    const size_t plane_floats = n + BLOCK;
    Guarded history = guarded_new_aligned_floats((n_classes - 1) * plane_floats + n);
    Guarded scores = guarded_new_aligned_floats((n_classes - 1) * plane_floats + n);
    Guarded luma = guarded_new_aligned_floats(n), last_luma = guarded_new_aligned_floats(n);
    for (unsigned c = 0; c < n_classes; c++) {
        guarded_randomise_floats(history.floats + c * plane_floats, n, rand);
        guarded_randomise_floats(scores.floats + c * plane_floats, n, rand);
    }
    guarded_randomise(&luma, rand);
    guarded_randomise(&last_luma, rand);
    /* Each doubt none, some and all of it. */
    HrnetSmoothing smoothing = {
        .scores = scores.floats,
        .plane_floats = plane_floats,
        .n_classes = n_classes,
        .luma = luma.floats,
        .last_luma = last_luma.floats,
        .share = (float)g_rand_double(rand),
        .against_from = 0.3f,
        .against_gain = 2.0f,
        .moved_from = 0.5f,
        .moved_gain = 1.5f,
    };
    Guarded expected = guarded_copy(&history);
    guarded_case("smooth %u classes, pixels %zu to %zu", n_classes, begin, n);
    smoothing.history = expected.floats;
    hrnet_score_kernels_c.smooth(&smoothing, begin, n);
    smoothing.history = history.floats;
    kernels->score.smooth(&smoothing, begin, n);
    guarded_compare_floats(&history, &expected, 1e-5);
    guarded_close(&history);
    guarded_close(&scores);
    guarded_close(&luma);
    guarded_close(&last_luma);
    guarded_close(&expected);
}

static void check_smooth(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (size_t i = 0; i < G_N_ELEMENTS(class_counts); i++) {
        for (size_t n = BLOCK; n <= 5 * BLOCK; n += BLOCK) {
            check_smooth_case(kernels, class_counts[i], n, 0, rand);
            check_smooth_case(kernels, class_counts[i], n, n - BLOCK, rand);
        }
    }
}

/* What the formula means, worked out by hand on two classes. */
static void check_smooth_by_hand(const HrnetKernels *kernels)
{
    static const struct {
        float history[2], scores[2], moved, expected[2];
    } cases[] = {
        { { 4, 0 }, { 2, 0 }, 0, { 3.5f, 0 } },      /* agrees: a quarter of it */
        { { 4, 0 }, { 0, 0.5f }, 0, { 3, 0.125f } }, /* hardly against */
        { { 4, 0 }, { 0, 3 }, 0, { 0, 3 } },         /* decidedly against: all of it */
        { { 4, 0 }, { 0, 2 }, 0, { 1.5f, 1.25f } },  /* half way there */
        { { 4, 0 }, { 2, 0 }, 9, { 2, 0 } },         /* it moved */
        { { 4, 0 }, { 2, 0 }, -4, { 2.75f, 0 } },    /* a little */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Guarded history = guarded_new_aligned_floats(2 * BLOCK);
        Guarded scores = guarded_new_aligned_floats(2 * BLOCK);
        Guarded luma = guarded_new_aligned_floats(BLOCK);
        Guarded last_luma = guarded_new_aligned_floats(BLOCK);
        guarded_case("case %zu", i);
        for (unsigned k = 0; k < BLOCK; k++) {
            for (unsigned c = 0; c < 2; c++) {
                history.floats[c * BLOCK + k] = cases[i].history[c];
                scores.floats[c * BLOCK + k] = cases[i].scores[c];
            }
            last_luma.floats[k] = 100;
            luma.floats[k] = 100 + cases[i].moved;
        }
        const HrnetSmoothing smoothing = { history.floats, scores.floats,
                                           BLOCK,          2,
                                           luma.floats,    last_luma.floats,
                                           0.25f,          1,
                                           0.5f,           2,
                                           0.25f };
        kernels->score.smooth(&smoothing, 0, BLOCK);
        for (unsigned k = 0; k < 2 * BLOCK; k++) {
            const float expected = cases[i].expected[k / BLOCK];
            if (history.floats[k] < expected - 1e-6f || history.floats[k] > expected + 1e-6f)
                g_error("case %zu: class %u is %g, not %g", i, k / BLOCK, history.floats[k],
                        expected);
        }
        guarded_close(&history);
        guarded_close(&scores);
        guarded_close(&luma);
        guarded_close(&last_luma);
    }
}

/* ---- winners, margins ---- */

/* Few distinct scores, so that ties are common; all results are exact. What lies behind n means
 * nothing. */
static void check_winners_case(const HrnetKernels *kernels, unsigned n_classes, unsigned n,
                               GRand *rand)
{
    const HrnetScoreKernels *both[] = { &hrnet_score_kernels_c, &kernels->score };
    const size_t plane_floats = n + 3;
    Guarded scores = guarded_new_floats((n_classes - 1) * plane_floats + n, 0);
    Guarded out[2][4];
    for (unsigned c = 0; c < n_classes; c++) {
        for (unsigned i = 0; i < n; i++)
            scores.floats[c * plane_floats + i] = (float)g_rand_int_range(rand, -3, 4) / 4;
    }
    guarded_case("winners of %u classes, %u", n_classes, n);
    for (unsigned k = 0; k < 2; k++) {
        for (unsigned i = 0; i < 4; i++)
            out[k][i] = guarded_new_aligned_floats(n);
        both[k]->winners(out[k][0].floats, out[k][1].floats, out[k][2].floats, scores.floats,
                         plane_floats, n_classes, n);
        for (unsigned i = 0; i < 3; i++)
            memset(out[k][i].floats + n, 0, (whole_blocks(n) - n) * sizeof(float));
    }
    for (unsigned i = 0; i < 3; i++) {
        if (memcmp(out[0][i].floats, out[1][i].floats, n * sizeof(float)) != 0)
            g_error("winners of %u classes, %u: output %u differs", n_classes, n, i);
    }
    for (unsigned c = 0; c < n_classes; c += 1 + n_classes / 5) {
        guarded_case("margins of class %u of %u, %u", c, n_classes, n);
        for (unsigned k = 0; k < 2; k++)
            both[k]->margins(out[k][3].floats, scores.floats + c * plane_floats, out[k][0].floats,
                             out[k][1].floats, out[k][2].floats, (float)c, 0.5f, n);
        guarded_compare_floats(&out[1][3], &out[0][3], 0);
        for (unsigned i = n; i < whole_blocks(n); i++)
            g_assert_cmpfloat(out[1][3].floats[i], ==, 0);
    }
    guarded_close(&scores);
    for (unsigned k = 0; k < 2; k++) {
        for (unsigned i = 0; i < 4; i++)
            guarded_close(&out[k][i]);
    }
}

static void check_winners(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (size_t i = 0; i < G_N_ELEMENTS(class_counts); i++) {
        for (unsigned n = 1; n <= 50; n++)
            check_winners_case(kernels, class_counts[i], n, rand);
    }
}

/* ---- the guided filter's windows ---- */

static void check_sums_case(const HrnetKernels *kernels, unsigned n_rows, unsigned n, GRand *rand)
{
    const size_t stride_floats = n + BLOCK;
    Guarded values = guarded_new_aligned_floats((n_rows - 1) * stride_floats + n);
    Guarded weights = guarded_new_aligned_floats((n_rows - 1) * stride_floats + n);
    Guarded sum = guarded_new_aligned_floats(n);
    for (unsigned r = 0; r < n_rows; r++) {
        guarded_randomise_floats(values.floats + r * stride_floats, n, rand);
        guarded_randomise_floats(weights.floats + r * stride_floats, n, rand);
    }
    Guarded expected = guarded_copy(&sum);
    guarded_case("sums of %u rows of %u", n_rows, n);
    hrnet_score_kernels_c.sum_rows(expected.floats, values.floats, stride_floats, n_rows, n);
    kernels->score.sum_rows(sum.floats, values.floats, stride_floats, n_rows, n);
    guarded_compare_floats(&sum, &expected, 1e-5);
    hrnet_score_kernels_c.sum_products(expected.floats, values.floats, weights.floats,
                                       stride_floats, n_rows, n);
    kernels->score.sum_products(sum.floats, values.floats, weights.floats, stride_floats, n_rows,
                                n);
    guarded_compare_floats(&sum, &expected, 1e-5);
    guarded_close(&values);
    guarded_close(&weights);
    guarded_close(&sum);
    guarded_close(&expected);
}

static void check_sums(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (unsigned n_rows = 1; n_rows <= 2 * RADIUS + 1; n_rows++) {
        for (unsigned n = BLOCK; n <= 4 * BLOCK; n += BLOCK)
            check_sums_case(kernels, n_rows, n, rand);
    }
}

/* A line of n floats with as much on both sides as a window reaches, the rest NaN. */
static Guarded window_line(unsigned n, GRand *rand)
{
    Guarded line = guarded_new_aligned_floats(n + 2 * BLOCK);
    guarded_randomise_floats(line.floats + BLOCK - RADIUS, n + 2 * RADIUS, rand);
    return line;
}

static void check_fit_case(const HrnetKernels *kernels, unsigned n, GRand *rand)
{
    const HrnetScoreKernels *both[] = { &hrnet_score_kernels_c, &kernels->score };
    Guarded sum = window_line(n, rand), product = window_line(n, rand);
    Guarded in[3], out[2][3];
    for (unsigned i = 0; i < 3; i++) {
        in[i] = guarded_new_aligned_floats(n);
        guarded_randomise(&in[i], rand);
    }
    guarded_case("fit of %u", n);
    for (unsigned k = 0; k < 2; k++) {
        for (unsigned i = 0; i < 3; i++)
            out[k][i] = guarded_new_aligned_floats(n);
        both[k]->fit(out[k][0].floats, out[k][1].floats, sum.floats + BLOCK, product.floats + BLOCK,
                     in[0].floats, in[1].floats, in[2].floats, n);
        both[k]->window_means(out[k][2].floats, sum.floats + BLOCK, in[0].floats, n);
    }
    for (unsigned i = 0; i < 3; i++) {
        guarded_compare_floats(&out[1][i], &out[0][i], 5e-5); /* values reach 10 */
        guarded_close(&in[i]);
        guarded_close(&out[0][i]);
        guarded_close(&out[1][i]);
    }
    guarded_close(&sum);
    guarded_close(&product);
}

static void check_fit(const HrnetKernels *kernels)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    for (unsigned n = BLOCK; n <= 20 * BLOCK; n += BLOCK)
        check_fit_case(kernels, n, rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    guarded_add_check("/score-kernels/smooth", check_smooth);
    guarded_add_check("/score-kernels/smooth-by-hand", check_smooth_by_hand);
    guarded_add_check("/score-kernels/winners", check_winners);
    guarded_add_check("/score-kernels/sums", check_sums);
    guarded_add_check("/score-kernels/fit", check_fit);
    return g_test_run();
}
