/* Leaks strings of GLib's where it is told to: leak [yes]. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#define N_STRINGS 64

static __attribute__((noinline)) void leak(void)
{
    gchar *volatile text;
    for (guint i = 0; i < N_STRINGS; i++)
        text = g_strdup_printf("string %u, which nobody frees", i);
    text = NULL;
    (void)text;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        leak();
    return 0;
}
