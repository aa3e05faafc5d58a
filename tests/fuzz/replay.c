/* replay FOLDER [ROUNDS]: gives a fuzz target every file of its corpus, as TAP; with a mutator each
 * after that many chains of changes, too, the same on every run.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "fuzz.h"
#ifdef HAVE_MUTATOR
#include "mutate.h"
#endif

#define LONGEST_CHAIN 4
#define MOST_BYTES    (1u << 20)

static void replay_changed(const guint8 *bytes, gsize n_bytes, guint n_rounds)
{
#ifdef HAVE_MUTATOR
    guint n_changed = 0;
    for (guint round = 0; round < n_rounds; round++) {
        g_autofree guint8 *chain = g_memdup2(bytes, n_bytes);
        gsize n = n_bytes;
        for (guint link = 0; chain && link < LONGEST_CHAIN; link++) {
            gsize n_next;
            guint8 *next = fuzz_mutate(chain, n, MOST_BYTES, round * LONGEST_CHAIN + link, &n_next);
            g_free(chain);
            chain = next;
            n = n_next;
            if (!chain)
                break;
            LLVMFuzzerTestOneInput(chain, n);
            n_changed++;
        }
    }
    g_print("# %u changed\n", n_changed);
#else
    (void)bytes, (void)n_bytes, (void)n_rounds;
#endif
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 3)
        return 2;
    const guint n_rounds = argc == 3 ? (guint)g_ascii_strtoull(argv[2], NULL, 10) : 0;
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
        replay_changed((const guint8 *)bytes, n_bytes, n_rounds);
        g_print("ok %u - %s\n", ++n, name);
    }
    if (folder)
        g_dir_close(folder);
    g_print("1..%u\n", n);
    return n == 0;
}
