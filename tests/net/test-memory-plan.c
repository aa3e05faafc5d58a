/* The arena's planner: no two buffers that live together overlap, and the arena is not wasteful.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/memory_plan.h"

static void assert_sound(const HrnetBuffer *buffers, guint n, gsize arena)
{
    for (guint i = 0; i < n; i++) {
        g_assert_cmpuint(buffers[i].offset % 16, ==, 0);
        g_assert_cmpuint(buffers[i].offset + buffers[i].n_floats, <=, arena);
        for (guint j = 0; j < i; j++) {
            const gboolean together =
                buffers[i].first <= buffers[j].last && buffers[j].first <= buffers[i].last;
            const gboolean apart = buffers[i].offset + buffers[i].n_floats <= buffers[j].offset ||
                                   buffers[j].offset + buffers[j].n_floats <= buffers[i].offset;
            g_assert_true(!together || apart);
        }
    }
}

static void test_chain(void)
{
    /* a chain of equal buffers needs room for two */
    HrnetBuffer buffers[10];
    gsize arena;
    for (guint i = 0; i < G_N_ELEMENTS(buffers); i++)
        buffers[i] = (HrnetBuffer){ .n_floats = 160, .first = i, .last = i + 1 };
    g_assert_true(hrnet_memory_plan(buffers, G_N_ELEMENTS(buffers), &arena));
    assert_sound(buffers, G_N_ELEMENTS(buffers), arena);
    g_assert_cmpuint(arena, ==, 320);
}

static void test_gap(void)
{
    /* the small one fits between its two neighbours in time */
    HrnetBuffer buffers[] = {
        { .n_floats = 320, .first = 0, .last = 1 },
        { .n_floats = 160, .first = 0, .last = 4 },
        { .n_floats = 100, .first = 2, .last = 3 },
    };
    gsize arena;
    g_assert_true(hrnet_memory_plan(buffers, G_N_ELEMENTS(buffers), &arena));
    assert_sound(buffers, G_N_ELEMENTS(buffers), arena);
    g_assert_cmpuint(arena, ==, 480);
}

static void test_random(void)
{
    for (guint round = 0; round < 200; round++) {
        HrnetBuffer buffers[60];
        const guint n = (guint)g_test_rand_int_range(1, G_N_ELEMENTS(buffers) + 1);
        gsize arena, sum = 0;
        for (guint i = 0; i < n; i++) {
            const guint first = (guint)g_test_rand_int_range(0, 40);
            buffers[i] = (HrnetBuffer){ .n_floats = (gsize)g_test_rand_int_range(1, 5000),
                                        .first = first,
                                        .last = first + (guint)g_test_rand_int_range(0, 10) };
            sum += buffers[i].n_floats + 16;
        }
        g_assert_true(hrnet_memory_plan(buffers, n, &arena));
        assert_sound(buffers, n, arena);
        g_assert_cmpuint(arena, <=, sum);
    }
}

static void test_overflow(void)
{
    HrnetBuffer buffers[] = {
        { .n_floats = G_MAXSIZE / 2, .first = 0, .last = 1 },
        { .n_floats = G_MAXSIZE / 2, .first = 0, .last = 1 },
    };
    gsize arena;
    g_assert_false(hrnet_memory_plan(buffers, G_N_ELEMENTS(buffers), &arena));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory-plan/chain", test_chain);
    g_test_add_func("/memory-plan/gap", test_gap);
    g_test_add_func("/memory-plan/random", test_random);
    g_test_add_func("/memory-plan/overflow", test_overflow);
    return g_test_run();
}
