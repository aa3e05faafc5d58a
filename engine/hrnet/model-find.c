/* Models by their names.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"
#include "hrnet/model-folder.h"
#include "weights/text.h"

#include <string.h>

#define MODEL_SUFFIX ".safetensors"

/* Those of HRNET_MODEL_PATH, then the installed one. */
static gchar **model_folders(void)
{
    const gchar *path = g_getenv("HRNET_MODEL_PATH");
    g_autofree gchar *all =
        g_strconcat(path ? path : "", G_SEARCHPATH_SEPARATOR_S, HRNET_MODEL_FOLDER, NULL);
    return g_strsplit(all, G_SEARCHPATH_SEPARATOR_S, -1);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(gchar *const *)a, *(gchar *const *)b);
}

/**
 * hrnet_model_list_names:
 *
 * The names by which hrnet_model_load() finds models: of the files `NAME.safetensors` in the
 * folders of the environment variable `HRNET_MODEL_PATH` and in the installed one. The files are
 * not opened. Any thread.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names, sorted, each once
 */
gchar **hrnet_model_list_names(void)
{
    g_auto(GStrv) folders = model_folders();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; folders[i]; i++) {
        g_autoptr(GDir) folder = folders[i][0] ? g_dir_open(folders[i], 0, NULL) : NULL;
        const gchar *file;
        while (folder && (file = g_dir_read_name(folder))) {
            g_autofree gchar *name = g_str_has_suffix(file, MODEL_SUFFIX) && file[0] != '.'
                                         ? g_strndup(file, strlen(file) - strlen(MODEL_SUFFIX))
                                         : NULL;
            if (name && g_hash_table_add(seen, name))
                g_ptr_array_add(names, g_steal_pointer(&name));
        }
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return (gchar **)g_ptr_array_free(names, FALSE);
}

static gchar *find_in_folders(const gchar *name)
{
    g_auto(GStrv) folders = model_folders();
    g_autofree gchar *file = g_strconcat(name, MODEL_SUFFIX, NULL);
    for (guint i = 0; folders[i]; i++) {
        g_autofree gchar *path = folders[i][0] ? g_build_filename(folders[i], file, NULL) : NULL;
        if (path && g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&path);
    }
    return NULL;
}

gchar *hrnet_model_find(const gchar *name, GError **error)
{
    const gboolean has_dot = strchr(name, '.') != NULL;
    if (strchr(name, G_DIR_SEPARATOR) || (has_dot && g_file_test(name, G_FILE_TEST_IS_REGULAR)))
        return g_strdup(name);
    gchar *path = name[0] ? find_in_folders(name) : NULL;
    if (!path && has_dot)
        return g_strdup(name); /* for the error of opening it */
    if (!path) {
        const gchar *folders = g_getenv("HRNET_MODEL_PATH");
        g_auto(GStrv) names = hrnet_model_list_names();
        g_autofree gchar *list = g_strjoinv(", ", names);
        g_autofree gchar *shown = hrnet_text_clean(name, HRNET_TEXT_ONE_LINE);
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NOT_FOUND,
                    "no model \"%s\" in HRNET_MODEL_PATH (%s) or in %s: there is %s", shown,
                    folders ? folders : "not set", HRNET_MODEL_FOLDER, names[0] ? list : "none");
    }
    return path;
}
