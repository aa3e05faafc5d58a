/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/tuning.h"

#include "base/cpu.h"
#include "base/output.h"
#include "weights/file.h"

#include <errno.h>
#include <string.h>

#define MACHINE "machine"
#define LAYERS  "layers"

#define LARGEST_FILE_BYTES (1u << 20) /* a thousand layers have 50 KB */

struct HrnetTuning {
    GKeyFile *file;
};

gchar *hrnet_tuning_path(void)
{
    g_autofree gchar *name =
        g_strdup_printf("tuned-%s.ini", hrnet_cpu_level_name(hrnet_cpu_features()));
    return g_build_filename(g_get_user_cache_dir(), "hrnet", name, NULL);
}

static void set_machine(GKeyFile *file)
{
    g_key_file_set_string(file, MACHINE, "version", HRNET_VERSION);
    g_key_file_set_string(file, MACHINE, "cpu", hrnet_cpu_name());
    g_key_file_set_string(file, MACHINE, "isa", hrnet_cpu_level_name(hrnet_cpu_features()));
}

static gboolean machine_has(GKeyFile *file, const gchar *key, const gchar *value)
{
    g_autofree gchar *found = g_key_file_get_string(file, MACHINE, key, NULL);
    return g_strcmp0(found, value) == 0;
}

static gboolean is_of_this_machine(GKeyFile *file)
{
    return machine_has(file, "version", HRNET_VERSION) &&
           machine_has(file, "cpu", hrnet_cpu_name()) &&
           machine_has(file, "isa", hrnet_cpu_level_name(hrnet_cpu_features()));
}

/* A FIFO or a device in the file's place is refused unread, as is what is no file of ours by its
 * size. */
static gboolean read_file(GKeyFile *key_file, const gchar *path, GError **error)
{
    HrnetFile *file = hrnet_file_open(path, error);
    if (!file)
        return FALSE;
    const gboolean too_large = file->size_bytes > LARGEST_FILE_BYTES;
    g_autofree gchar *text = too_large ? NULL : g_try_malloc(file->size_bytes + 1);
    gboolean good = FALSE;
    if (!text && !too_large)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "%s: no memory to read it", path);
    else if (!text)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: larger than %u bytes", path,
                    LARGEST_FILE_BYTES);
    else
        good = hrnet_file_read(file, 0, text, file->size_bytes, error) &&
               g_key_file_load_from_data(key_file, text, file->size_bytes, G_KEY_FILE_NONE, error);
    hrnet_file_close(file);
    return good;
}

/* Once in a process: a model is loaded for each of its streams. */
static void tell_once(const gchar *what)
{
    static gint told;
    if (g_atomic_int_compare_and_exchange(&told, FALSE, TRUE))
        g_message("%s: measured choices are not used", what);
}

HrnetTuning *hrnet_tuning_load(void)
{
    HrnetTuning *tuning = g_new0(HrnetTuning, 1);
    g_autofree gchar *path = hrnet_tuning_path();
    g_autoptr(GError) error = NULL;
    tuning->file = g_key_file_new();
    const gboolean read = read_file(tuning->file, path, &error);
    if (read && is_of_this_machine(tuning->file))
        return tuning;
    if (read)
        g_debug("%s: measured by another version or on another machine, not used", path);
    else if (g_file_test(path, G_FILE_TEST_EXISTS))
        tell_once(error->message);
    g_key_file_unref(tuning->file);
    tuning->file = g_key_file_new();
    set_machine(tuning->file);
    return tuning;
}

gboolean hrnet_tuning_save(const HrnetTuning *tuning, GError **error)
{
    g_autofree gchar *path = hrnet_tuning_path();
    g_autofree gchar *folder = g_path_get_dirname(path);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: cannot be made: %s",
                    folder, g_strerror(errno));
        return FALSE;
    }
    gsize n_bytes;
    g_autofree gchar *text = g_key_file_to_data(tuning->file, &n_bytes, NULL);
    HrnetOutput *output = hrnet_output_open(path, HRNET_OUTPUT_REGULAR);
    const gboolean written = output && hrnet_output_write(output, text, n_bytes);
    if (written && hrnet_output_finish(output))
        return TRUE;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: cannot be written: %s",
                path, g_strerror(errno));
    if (!written)
        hrnet_output_discard(output);
    return FALSE;
}

void hrnet_tuning_free(HrnetTuning *tuning)
{
    if (!tuning)
        return;
    g_key_file_unref(tuning->file);
    g_free(tuning);
}

gboolean hrnet_tuning_wanted(void)
{
    static gint told;
    const gchar *plan = g_getenv("HRNET_PLAN");
    if (g_strcmp0(plan, "tuned") == 0)
        return TRUE;
    if (plan && *plan && g_atomic_int_compare_and_exchange(&told, FALSE, TRUE))
        g_warning("HRNET_PLAN=%s: it is \"tuned\" or not set; ignored", plan);
    return FALSE;
}

/* What a layer's key starts with, whatever its size. */
static gchar *shape_key(const HrnetConvShape *shape)
{
    return g_strdup_printf("%ux%uk%us%u%s@", shape->in_channels, shape->out_channels, shape->kernel,
                           shape->stride, shape->padding_same ? "same" : "");
}

void hrnet_tuning_set(HrnetTuning *tuning, const HrnetConvShape *shape, guint height, guint width,
                      HrnetConvAlgorithm algorithm)
{
    g_autofree gchar *start = shape_key(shape);
    g_autofree gchar *key = g_strdup_printf("%s%ux%u", start, height, width);
    g_key_file_set_string(tuning->file, LAYERS, key, hrnet_conv_algorithm_name(algorithm));
}

/* Pixels of a key's size, 0 if it is none. */
static gdouble key_pixels(const gchar *size)
{
    gchar *end;
    const guint64 height = g_ascii_strtoull(size, &end, 10);
    const guint64 width = *end == 'x' ? g_ascii_strtoull(end + 1, &end, 10) : 0;
    return *end == '\0' ? (gdouble)height * (gdouble)width : 0;
}

static HrnetConvAlgorithm algorithm_by_name(const gchar *name)
{
    for (HrnetConvAlgorithm a = HRNET_CONV_AUTO; a < HRNET_CONV_N_ALGORITHMS; a++)
        if (g_strcmp0(name, hrnet_conv_algorithm_name(a)) == 0)
            return a;
    return HRNET_CONV_AUTO;
}

HrnetConvAlgorithm hrnet_tuning_get(const HrnetTuning *tuning, const HrnetConvShape *shape,
                                    guint height, guint width)
{
    g_autofree gchar *start = shape_key(shape);
    g_auto(GStrv) keys = g_key_file_get_keys(tuning->file, LAYERS, NULL, NULL);
    const gdouble wanted = (gdouble)height * width;
    const gchar *best = NULL;
    gdouble best_ratio = G_MAXDOUBLE;
    for (guint i = 0; keys && keys[i]; i++) {
        const gdouble pixels =
            g_str_has_prefix(keys[i], start) ? key_pixels(keys[i] + strlen(start)) : 0;
        const gdouble ratio = pixels > 0 ? MAX(pixels / wanted, wanted / pixels) : G_MAXDOUBLE;
        if (ratio < best_ratio) {
            best_ratio = ratio;
            best = keys[i];
        }
    }
    g_autofree gchar *name = best ? g_key_file_get_string(tuning->file, LAYERS, best, NULL) : NULL;
    return algorithm_by_name(name);
}
