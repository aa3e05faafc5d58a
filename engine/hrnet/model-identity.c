/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/model-identity.h"

#include "net/tuning.h"

#include <string.h>
#include <sys/stat.h>

/* File systems take their time stamps from a clock that stands still for a tick, 10 ms at most: two
 * changes within one look the same. Some keep whole seconds, FAT every second one. */
#define TICK_US        20000
#define COARSE_TICK_US 2500000
#define MOST_WAITS     3

static gint64 stamp_us(const struct timespec *stamp)
{
    return (gint64)stamp->tv_sec * G_USEC_PER_SEC + stamp->tv_nsec / 1000;
}

/* The file's status once any further change would show in it. */
static gboolean settled_status(const gchar *path, struct stat *status)
{
    for (guint i = 0; i < MOST_WAITS; i++) {
        if (stat(path, status) != 0)
            return FALSE;
        const gint64 age_us = g_get_real_time() - stamp_us(&status->st_ctim);
        const gint64 tick_us = status->st_ctim.tv_nsec ? TICK_US : COARSE_TICK_US;
        if (age_us >= tick_us)
            return TRUE;
        if (age_us < 0 || tick_us != TICK_US) /* clocks that differ; too long to wait */
            return FALSE;
        g_usleep((gulong)(TICK_US - age_us));
    }
    return FALSE;
}

static gboolean add_file(GString *identity, const gchar *path)
{
    struct stat status;
    if (!settled_status(path, &status))
        return FALSE;
    g_string_append_printf(identity,
                           "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                           (guint64)status.st_dev, (guint64)status.st_ino, (guint64)status.st_size);
    g_string_append_printf(identity, " %" G_GINT64_FORMAT ".%09ld %" G_GINT64_FORMAT ".%09ld\n",
                           (gint64)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                           (gint64)status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
    return TRUE;
}

/* A file that need not be there. */
static gboolean add_optional_file(GString *identity, const gchar *path)
{
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return add_file(identity, path);
    g_string_append(identity, "none\n");
    return TRUE;
}

gchar *hrnet_model_identity(const gchar *path, const gchar *const *options)
{
    g_autoptr(GString) identity = g_string_new(NULL);
    g_autofree gchar *side = g_strconcat(path, ".json", NULL);
    g_autofree gchar *tuning = hrnet_tuning_wanted() ? hrnet_tuning_path() : NULL;
    if (!add_file(identity, path) || !add_optional_file(identity, side) ||
        (tuning && !add_optional_file(identity, tuning)))
        return NULL;
    for (guint i = 0; options && options[i]; i++)
        g_string_append_printf(identity, "%" G_GSIZE_FORMAT ":%s\n", strlen(options[i]),
                               options[i]);
    return g_string_free(g_steal_pointer(&identity), FALSE);
}
