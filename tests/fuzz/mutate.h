/* Changes of structure rather than of bytes: what is changed stays a file that the reader takes
 * apart, and only then differs from what it expects.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TESTS_MUTATE_H
#define HRNET_TESTS_MUTATE_H

#include <glib.h>

/* One to four changes, the same for the same seed. The result has at most max_bytes and is freed
 * with g_free(); NULL where the input has no structure, or the result is too long. */
guint8 *fuzz_mutate(const guint8 *data, gsize n_bytes, gsize max_bytes, guint32 seed,
                    gsize *n_mutated);

#endif
