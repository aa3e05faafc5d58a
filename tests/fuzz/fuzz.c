/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "graph/convs.h"
#include "weights/weights.h"

#define MOST_FLOATS (1u << 20)

/* Layers of an absurd size are left out: their memory is the network's to refuse. */
static gboolean read_conv(const HrnetConvSpec *spec, gpointer weights)
{
    guint64 n = (guint64)spec->out_channels * spec->in_channels * spec->kernel * spec->kernel;
    if (n > MOST_FLOATS)
        return TRUE;
    g_autofree gfloat *values = g_new(gfloat, n + spec->out_channels);
    g_autoptr(GError) error = NULL;
    gboolean good =
        hrnet_weights_read_conv(weights, spec->conv, spec->norm, spec->out_channels,
                                spec->in_channels, spec->kernel, values, values + n, &error);
    if (good == (error != NULL))
        abort();
    return good;
}

static void write_all(int fd, const guint8 *bytes, size_t n_bytes)
{
    for (size_t done = 0; done < n_bytes;) {
        ssize_t n = write(fd, bytes + done, n_bytes - done);
        if (n <= 0)
            abort();
        done += (size_t)n;
    }
}

void fuzz_open(const void *first, size_t first_bytes, const void *second, size_t second_bytes)
{
    g_autoptr(GError) error = NULL;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0)
        abort();
    write_all(fd, first, first_bytes);
    write_all(fd, second, second_bytes);
    g_autofree gchar *path = g_strdup_printf("/proc/self/fd/%d", fd);
    HrnetWeights *weights = hrnet_weights_open(path, NULL, &error);
    if ((weights != NULL) == (error != NULL) ||
        (error && !g_utf8_validate(error->message, -1, NULL)))
        abort();
    if (weights) {
        hrnet_config_each_conv(hrnet_weights_config(weights), read_conv, weights);
        hrnet_weights_close(weights);
    }
    close(fd);
}
