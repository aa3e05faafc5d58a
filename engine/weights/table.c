/* SipHash-1-3 (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012), with one
 * round for each 8 bytes and three at the end.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/table.h"

#include <pthread.h>
#include <string.h>

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static guint64 key[2];

static void make_key(void)
{
    for (guint i = 0; i < 4; i++)
        key[i / 2] = key[i / 2] << 32 | g_random_int();
}

static guint64 rotate(guint64 word, guint bits)
{
    return word << bits | word >> (64 - bits);
}

static void mix(guint64 v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static guint hash_bytes(const gchar *bytes, gsize n_bytes)
{
    pthread_once(&key_once, make_key);
    guint64 v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
    for (gsize done = 0; done <= n_bytes; done += 8) {
        const gsize n = MIN(n_bytes - done, 8);
        guint64 word = n < 8 ? (guint64)n_bytes << 56 : 0;
        for (gsize i = 0; i < n; i++)
            word |= (guint64)(guchar)bytes[done + i] << 8 * i;
        v[3] ^= word;
        mix(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (guint i = 0; i < 3; i++)
        mix(v);
    const guint64 hash = v[0] ^ v[1] ^ v[2] ^ v[3];
    return (guint)(hash ^ hash >> 32);
}

static guint hash_text(gconstpointer text)
{
    return hash_bytes(text, strlen(text));
}

static guint hash_number(gconstpointer number)
{
    return hash_bytes((const gchar *)&number, sizeof number);
}

GHashTable *hrnet_table_new(GDestroyNotify key_free, GDestroyNotify value_free)
{
    return g_hash_table_new_full(hash_text, g_str_equal, key_free, value_free);
}

GHashTable *hrnet_table_new_numbers(void)
{
    return g_hash_table_new(hash_number, g_direct_equal);
}
