/* The arena's planner: no two buffers that live together overlap, and the arena is not wasteful.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/memory_plan.h"

static void assert_sound(const HrnetBuffer *buffers, guint n, gsize arena)
{
    for (guint i = 0; i < n; i++) {
        g_assert_cmpuint(buffers[i].offset % 64, ==, 0);
        g_assert_cmpuint(buffers[i].offset + buffers[i].n_bytes, <=, arena);
        for (guint j = 0; j < i; j++) {
            const gboolean together =
                buffers[i].first <= buffers[j].last && buffers[j].first <= buffers[i].last;
            const gboolean apart = buffers[i].offset + buffers[i].n_bytes <= buffers[j].offset ||
                                   buffers[j].offset + buffers[j].n_bytes <= buffers[i].offset;
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
        buffers[i] = (HrnetBuffer){ .n_bytes = 640, .first = i, .last = i + 1 };
    g_assert_true(hrnet_memory_plan(buffers, G_N_ELEMENTS(buffers), &arena));
    assert_sound(buffers, G_N_ELEMENTS(buffers), arena);
    g_assert_cmpuint(arena, ==, 1280);
}

static void test_gap(void)
{
    /* the small one fits between its two neighbours in time */
    HrnetBuffer buffers[] = {
        { .n_bytes = 1280, .first = 0, .last = 1 },
        { .n_bytes = 640, .first = 0, .last = 4 },
        { .n_bytes = 400, .first = 2, .last = 3 },
    };
    gsize arena;
    g_assert_true(hrnet_memory_plan(buffers, G_N_ELEMENTS(buffers), &arena));
    assert_sound(buffers, G_N_ELEMENTS(buffers), arena);
    g_assert_cmpuint(arena, ==, 1920);
}

static void test_random(void)
{
    for (guint round = 0; round < 200; round++) {
        HrnetBuffer buffers[60];
        const guint n = (guint)g_test_rand_int_range(1, G_N_ELEMENTS(buffers) + 1);
        gsize arena, sum = 0;
        for (guint i = 0; i < n; i++) {
            const guint first = (guint)g_test_rand_int_range(0, 40);
            buffers[i] = (HrnetBuffer){ .n_bytes = (gsize)g_test_rand_int_range(1, 20000),
                                        .first = first,
                                        .last = first + (guint)g_test_rand_int_range(0, 10) };
            sum += buffers[i].n_bytes + 64;
        }
        g_assert_true(hrnet_memory_plan(buffers, n, &arena));
        assert_sound(buffers, n, arena);
        g_assert_cmpuint(arena, <=, sum);
    }
}

static void test_overflow(void)
{
    HrnetBuffer buffers[] = {
        { .n_bytes = G_MAXSIZE / 2, .first = 0, .last = 1 },
        { .n_bytes = G_MAXSIZE / 2, .first = 0, .last = 1 },
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
