/* replay FOLDER: gives a fuzz target every file of its corpus, as TAP.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "fuzz.h"

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    GDir *folder = g_dir_open(argv[1], 0, NULL);
    guint n = 0;
    const gchar *name;
    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree gchar *path = g_build_filename(argv[1], name, NULL);
        g_autofree gchar *bytes = NULL;
        gsize n_bytes;
        if (!g_file_get_contents(path, &bytes, &n_bytes, NULL))
            return 1;
        LLVMFuzzerTestOneInput((const guint8 *)bytes, n_bytes);
        g_print("ok %u - %s\n", ++n, name);
    }
    if (folder)
        g_dir_close(folder);
    g_print("1..%u\n", n);
    return n == 0;
}
