/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checkpoint.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "graph/convs.h"

Checkpoint *checkpoint_new(void)
{
    Checkpoint *checkpoint = g_new0(Checkpoint, 1);
    checkpoint->header = g_string_new(NULL);
    checkpoint->data = g_byte_array_new();
    return checkpoint;
}

void checkpoint_free(Checkpoint *checkpoint)
{
    g_string_free(checkpoint->header, TRUE);
    g_byte_array_unref(checkpoint->data);
    g_free(checkpoint);
}

static void next_member(Checkpoint *checkpoint)
{
    if (checkpoint->header->len)
        g_string_append_c(checkpoint->header, ',');
}

void checkpoint_add(Checkpoint *checkpoint, const gchar *name, const gchar *dtype,
                    guint element_bytes, const guint64 *dims, guint n_dims, const void *data)
{
    guint64 n_bytes = element_bytes;
    next_member(checkpoint);
    g_string_append_printf(checkpoint->header, "\"%s\":{\"dtype\":\"%s\",\"shape\":[", name, dtype);
    for (guint d = 0; d < n_dims; d++) {
        g_string_append_printf(checkpoint->header, "%s%" G_GUINT64_FORMAT, d ? "," : "", dims[d]);
        n_bytes *= dims[d];
    }
    g_string_append_printf(checkpoint->header,
                           "],\"data_offsets\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}",
                           checkpoint->data_bytes, checkpoint->data_bytes + n_bytes);
    checkpoint->data_bytes += n_bytes;
    if (data)
        g_byte_array_append(checkpoint->data, data, (guint)n_bytes);
}

void checkpoint_add_metadata(Checkpoint *checkpoint, const gchar *json_object)
{
    next_member(checkpoint);
    g_string_append_printf(checkpoint->header, "\"__metadata__\":%s", json_object);
}

gfloat checkpoint_value(const gchar *name, guint64 index)
{
    guint32 bits = g_str_hash(name) ^ (guint32)(index * 2654435761u);
    bits ^= bits >> 15;
    bits *= 2246822519u;
    bits ^= bits >> 13;
    gfloat unit = (gfloat)(bits >> 8) / 16777216.0f; /* 0..1 */
    if (g_str_has_suffix(name, "running_var"))
        return 0.5f + unit;
    return unit * 2 - 1;
}

typedef struct {
    Checkpoint *checkpoint;
    gboolean with_data;
    const gchar *skip;
} Adding;

static void add_tensor(const Adding *adding, const gchar *part, const gchar *kind,
                       const guint64 *dims, guint n_dims)
{
    g_autofree gchar *name = g_strconcat(part, ".", kind, NULL);
    if (adding->skip && g_str_has_prefix(name, adding->skip))
        return;
    gsize n = 1;
    for (guint d = 0; d < n_dims; d++)
        n *= dims[d];
    g_autofree gfloat *values = adding->with_data ? g_new(gfloat, n) : NULL;
    for (gsize i = 0; values && i < n; i++)
        values[i] = checkpoint_value(name, i);
    checkpoint_add(adding->checkpoint, name, "F32", 4, dims, n_dims, values);
}

static gboolean add_conv(const HrnetConvSpec *spec, gpointer data)
{
    static const gchar *const kinds[] = { "weight", "bias", "running_mean", "running_var" };
    const Adding *adding = data;
    const guint64 dims[4] = { spec->out_channels, spec->in_channels, spec->kernel, spec->kernel };
    add_tensor(adding, spec->conv, "weight", dims, 4);
    if (g_str_has_prefix(spec->conv, "last_layer."))
        add_tensor(adding, spec->conv, "bias", dims, 1);
    for (guint i = 0; spec->norm && i < G_N_ELEMENTS(kinds); i++)
        add_tensor(adding, spec->norm, kinds[i], dims, 1);
    return TRUE;
}

void checkpoint_add_network(Checkpoint *checkpoint, const HrnetConfig *config, gboolean with_data,
                            const gchar *skip)
{
    Adding adding = { checkpoint, with_data, skip };
    hrnet_config_each_conv(config, add_conv, &adding);
}

gchar *checkpoint_write(const Checkpoint *checkpoint, const gchar *folder, const gchar *file,
                        guint64 n_bytes_short)
{
    gchar *path = g_build_filename(folder, file, NULL);
    gint fd = g_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    guint64 header_bytes = checkpoint->header->len + 2;
    g_assert_cmpint(fd, >=, 0);
    g_assert_true(write(fd, &header_bytes, 8) == 8 && write(fd, "{", 1) == 1);
    g_assert_cmpint(write(fd, checkpoint->header->str, checkpoint->header->len), ==,
                    checkpoint->header->len);
    g_assert_cmpint(write(fd, "}", 1), ==, 1);
    g_assert_cmpint(write(fd, checkpoint->data->data, checkpoint->data->len), ==,
                    checkpoint->data->len);
    off_t size = (off_t)(8 + header_bytes + checkpoint->data_bytes - n_bytes_short);
    g_assert_cmpint(ftruncate(fd, size), ==, 0);
    close(fd);
    return path;
}

void checkpoint_config(HrnetConfig *config, guint layer1_blocks, guint layer1_planes,
                       guint modules2, guint modules3, guint modules4, guint blocks, guint channels,
                       guint classes)
{
    const guint modules[3] = { modules2, modules3, modules4 };
    memset(config, 0, sizeof *config);
    config->input_channels = 3;
    config->head_kernel = 1;
    config->stem_channels[0] = config->stem_channels[1] = 64;
    config->layer1_blocks = layer1_blocks;
    config->layer1_planes = layer1_planes;
    for (guint s = 0; s < 3; s++) {
        HrnetStageConfig *stage = &config->stages[s];
        stage->n_modules = modules[s];
        stage->n_branches = s + 2;
        for (guint i = 0; i < stage->n_branches; i++) {
            stage->n_blocks[i] = blocks;
            stage->channels[i] = stage->in_channels[i] = channels << i;
        }
    }
    config->head_channels = 15 * channels;
    config->n_classes = classes;
    config->classifier_kernel = 1;
}

static gchar *folder;

static void remove_folder(void)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const gchar *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree gchar *path = g_build_filename(folder, name, NULL);
        g_remove(path);
    }
    if (dir)
        g_dir_close(dir);
    g_rmdir(folder);
    g_free(folder);
}

const gchar *checkpoint_folder(void)
{
    if (!folder) {
        folder = g_dir_make_tmp("hrnet-weights-XXXXXX", NULL);
        g_assert_nonnull(folder);
        atexit(remove_folder);
    }
    return folder;
}

void checkpoint_tiny_config(HrnetConfig *config, guint classes)
{
    checkpoint_config(config, 1, 8, 1, 2, 1, 1, 4, classes);
    config->stem_channels[0] = 6;
    config->stem_channels[1] = 10;
    config->head_channels = 12;
}

Checkpoint *checkpoint_tiny(guint classes, const gchar *metadata)
{
    HrnetConfig config;
    Checkpoint *checkpoint = checkpoint_new();
    checkpoint_tiny_config(&config, classes);
    checkpoint_add_network(checkpoint, &config, TRUE, NULL);
    if (metadata)
        checkpoint_add_metadata(checkpoint, metadata);
    return checkpoint;
}

HrnetWeights *checkpoint_open(Checkpoint *checkpoint, const gchar *const *options, GError **error)
{
    g_autofree gchar *path =
        checkpoint_write(checkpoint, checkpoint_folder(), "model.safetensors", 0);
    checkpoint_free(checkpoint);
    return hrnet_weights_open(path, options, error);
}

gint checkpoint_expect_refusal(const gchar *path, const gchar *text)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(hrnet_weights_open(path, NULL, &error));
    g_assert_true(error->domain == HRNET_WEIGHTS_ERROR && g_str_has_prefix(error->message, path));
    g_assert_null(strchr(error->message, '\n'));
    if (!strstr(error->message, text))
        g_error("\"%s\" is not in \"%s\"", text, error->message);
    return error->code;
}

static gsize resident_bytes(void)
{
    g_autofree gchar *text = NULL;
    g_assert_true(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
    const gchar *second = strchr(text, ' ');
    return (gsize)g_ascii_strtoull(second, NULL, 10) * (gsize)sysconf(_SC_PAGESIZE);
}

void checkpoint_expect_cheap_refusal(const gchar *path, const gchar *text)
{
    struct rusage usage;
    struct stat info;
    int status;
    g_assert_cmpint(stat(path, &info), ==, 0);
    const gsize before = resident_bytes();
    const pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        checkpoint_expect_refusal(path, text);
        _exit(0);
    }
    g_assert_cmpint(wait4(child, &status, 0, &usage), ==, child);
    if (status != 0)
        g_error("%s: not refused for \"%s\"", path, text);
    const gdouble seconds = (gdouble)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                            1e-6 * (gdouble)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    const gint64 grown = (gint64)usage.ru_maxrss * 1024 - (gint64)before;
    g_test_message("%s of %.1f MB: %.1f MB and %.2f s to refuse it", path,
                   (gdouble)info.st_size / 1e6, (gdouble)grown / 1e6, seconds);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed for a while, and is slow */
    g_assert_cmpint(grown, <=, 10 * info.st_size + (64 << 20));
    g_assert_cmpfloat(seconds, <=, 5);
#endif
}
