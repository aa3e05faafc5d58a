/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/scarcity.h"

#include "support/scarce.h"

#include <stdio.h>

/* What is made once in a process, an error's domain for one, is there the second time. */
static void do_one(ScarcityAct act, gconstpointer data, guint nth, gboolean lasting)
{
    act(data, nth, lasting);
    if (scarce_kept() == 0)
        return;
    act(data, nth, lasting);
    if (scarce_kept()) {
        scarce_print_kept();
        g_error("%u blocks are left where number %u was refused%s", scarce_kept(), nth,
                lasting ? ", as all after it" : "");
    }
}

void scarcity_try(ScarcityAct act, gconstpointer data, guint n_samples)
{
    const gboolean all = g_strcmp0(g_getenv("HRNET_OOM"), "all") == 0;
    guint n_tried = 0;

    do_one(act, data, 0, FALSE);
    const guint n = act(data, 0, FALSE);
    g_assert_cmpuint(n, >, 0);
    const guint step = all ? 1 : MAX(1, n / n_samples);
    for (guint nth = 1; nth <= n; nth += step)
        for (guint lasting = 0; lasting < 2; lasting++) {
            do_one(act, data, nth, lasting != 0);
            n_tried++;
        }
    do_one(act, data, 0, FALSE);
    printf("# %u times of %u\n", n_tried, 2 * n);
}
