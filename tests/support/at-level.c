/* Runs a test on the kernels of one level; skips it where the processor does not reach that high,
 * for it would repeat what a lower one has run.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   at-level LEVEL PROGRAM [ARGUMENT...] */
#include "base/cpu.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "at-level LEVEL PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    g_setenv("HRNET_CPU", argv[1], TRUE);
    if (strcmp(hrnet_cpu_level_name(hrnet_cpu_features()), argv[1]) != 0) {
        printf("1..0 # SKIP this processor has no %s\n", argv[1]);
        return 0;
    }
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return 1;
}
