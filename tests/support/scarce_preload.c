/* Memory that runs out in a program that is none of the tests'.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * HRNET_SCARCE=N refuses the N-th of what is asked for, N- that and all after it, 0 nothing.
 * HRNET_SCARCE_COUNT names a file that how much was asked for is written to at the end. */
#include "support/scarce.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static __attribute__((constructor)) void begin(void)
{
    const char *text = getenv("HRNET_SCARCE");
    char *end;
    if (!text)
        return;
    const unsigned long nth = strtoul(text, &end, 10);
    scarce_begin((guint)nth, *end == '-');
}

static __attribute__((destructor)) void tell(void)
{
    const char *path = getenv("HRNET_SCARCE_COUNT");
    const guint n = scarce_end();
    const int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    if (file < 0)
        return;
    dprintf(file, "%u\n", n);
    close(file);
}
