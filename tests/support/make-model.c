/* Writes a synthetic checkpoint: make-model VARIANT CLASSES OUT.safetensors [KEY=VALUE]...
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support/synthetic.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    HrnetConfig config;
    if (argc < 4 || !synthetic_config(argv[1], (guint)atoi(argv[2]), &config)) {
        g_printerr("usage: make-model VARIANT CLASSES OUT.safetensors [KEY=VALUE]...\n");
        return 2;
    }
    g_autoptr(GPtrArray) metadata = g_ptr_array_new_with_free_func(g_free);
    for (int i = 4; i < argc; i++) {
        gchar **pair = g_strsplit(argv[i], "=", 2);
        g_ptr_array_add(metadata, pair[0]);
        g_ptr_array_add(metadata, pair[1] ? pair[1] : g_strdup(""));
        g_free(pair);
    }
    g_ptr_array_add(metadata, NULL);
    g_autoptr(GError) error = NULL;
    if (!synthetic_write(argv[3], &config, (const gchar *const *)metadata->pdata, &error)) {
        g_printerr("make-model: %s\n", error->message);
        return 1;
    }
    return 0;
}
