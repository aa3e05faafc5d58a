/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/model-content.h"

#include "hrnet/model-identity.h"
#include "kernels/float_mode.h"
#include "weights/failure.h"

#include <pthread.h>

typedef struct {
    HrnetModelContent content; /* first: what users hold */
    guint n_users;
    gboolean loading; /* by one user, the others wait */
    gchar *path;      /* that it was loaded from, ... */
    gchar **options;  /* ... and how; or NULL */
    pthread_mutex_t int8_lock;
    HrnetNetwork *int8; /* under the lock; NULL until it is asked for */
} Entry;

/* entries: by identity, or by a text of no file's where that can't be relied on; several may lead
 * to one entry. NULL while there are none. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    GHashTable *entries; /* gchar *, owned -> Entry * */
    guint n_loads;
} store = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0 };

static void entry_free(Entry *entry)
{
    hrnet_network_free(entry->content.network);
    hrnet_network_free(entry->int8);
    pthread_mutex_destroy(&entry->int8_lock);
    g_free(entry->path);
    g_strfreev(entry->options);
    hrnet_weights_close(entry->content.weights);
    g_free(entry);
}

static gboolean leads_to(gpointer key, gpointer value, gpointer entry)
{
    (void)key;
    return value == entry;
}

/* Under the lock, as are all that end in _locked. */
static void forget_locked(Entry *entry)
{
    g_hash_table_foreach_remove(store.entries, leads_to, entry);
    if (g_hash_table_size(store.entries) == 0)
        g_clear_pointer(&store.entries, g_hash_table_unref);
}

/* An entry's key where its files can't be told from what they will be. */
static gchar *private_key(const Entry *entry)
{
    return g_strdup_printf("private %p", (const void *)entry);
}

static Entry *look_up_locked(const gchar *identity)
{
    return identity && store.entries ? g_hash_table_lookup(store.entries, identity) : NULL;
}

/* The entry of the identity when it is loaded, with one more user. Else NULL, and a new one for the
 * caller to load. */
static Entry *find_or_add_locked(const gchar *identity, Entry **added)
{
    Entry *entry;
    while ((entry = look_up_locked(identity)) && entry->loading)
        pthread_cond_wait(&store.changed, &store.lock);
    if (entry) {
        entry->n_users++;
        return entry;
    }
    if (!store.entries)
        store.entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    *added = g_new0(Entry, 1);
    (*added)->n_users = 1;
    (*added)->loading = TRUE;
    pthread_mutex_init(&(*added)->int8_lock, NULL);
    store.n_loads++;
    g_hash_table_insert(store.entries, identity ? g_strdup(identity) : private_key(*added), *added);
    return NULL;
}

/* What numbers are read and folded to is not to depend on the caller's mode: int8 promises that
 * (ops/int8.md). Threads that are started inherit it. */
static gboolean read_and_pack(HrnetModelContent *content, const gchar *path,
                              const gchar *const *options, GError **error)
{
    content->weights = hrnet_weights_open(path, options, error);
    if (content->weights)
        content->network = hrnet_network_new(content->weights, HRNET_CONV_AUTO, error);
    if (!content->network)
        return FALSE;
    hrnet_weights_forget_tensors(content->weights);
    return TRUE;
}

static gboolean load(HrnetModelContent *content, const gchar *path, const gchar *const *options,
                     GError **error)
{
    const HrnetFloatMode before = hrnet_float_mode_default();
    const gboolean good = read_and_pack(content, path, options, error);
    hrnet_float_mode_restore(&before);
    return good;
}

/* Lets the others see how the load went. certain: whether the identity stands for what was read. */
static void finish_load(Entry *entry, gboolean good, gboolean certain)
{
    pthread_mutex_lock(&store.lock);
    entry->loading = FALSE;
    if (!good) {
        forget_locked(entry);
    } else if (!certain) {
        g_hash_table_foreach_remove(store.entries, leads_to, entry);
        g_hash_table_insert(store.entries, private_key(entry), entry);
    }
    pthread_cond_broadcast(&store.changed);
    pthread_mutex_unlock(&store.lock);
}

/* Other entries that may hold the same, each with one more user. */
static GPtrArray *likely_twins(const Entry *entry)
{
    GPtrArray *twins = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&store.lock);
    g_hash_table_iter_init(&iter, store.entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Entry *other = value;
        if (other == entry || other->loading ||
            other->content.network->packed.n_bytes != entry->content.network->packed.n_bytes)
            continue;
        other->n_users++;
        g_ptr_array_add(twins, other);
    }
    pthread_mutex_unlock(&store.lock);
    return twins;
}

static gboolean is_twin(const Entry *a, const Entry *b)
{
    return hrnet_weights_same_settings(a->content.weights, b->content.weights) &&
           hrnet_network_equal(a->content.network, b->content.network);
}

/* Lets all keys of `entry` lead to its twin, unless somebody has it already. */
static gboolean replace_by(Entry *entry, Entry *twin)
{
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&store.lock);
    const gboolean alone = entry->n_users == 1;
    g_hash_table_iter_init(&iter, store.entries);
    while (alone && g_hash_table_iter_next(&iter, NULL, &value))
        if (value == entry)
            g_hash_table_iter_replace(&iter, twin);
    pthread_mutex_unlock(&store.lock);
    return alone;
}

/* The entry, or one with the same content in its place. */
static Entry *merge(Entry *entry)
{
    g_autoptr(GPtrArray) others = likely_twins(entry);
    Entry *kept = entry;
    for (guint i = 0; i < others->len; i++) {
        Entry *other = others->pdata[i];
        if (kept == entry && is_twin(entry, other) && replace_by(entry, other)) {
            entry_free(entry);
            kept = other;
        } else {
            hrnet_model_content_release(&other->content);
        }
    }
    return kept;
}

HrnetModelContent *hrnet_model_content_acquire(const gchar *path, const gchar *const *options,
                                               GError **error)
{
    g_autofree gchar *identity = hrnet_model_identity(path, options);
    Entry *added = NULL;
    pthread_mutex_lock(&store.lock);
    Entry *entry = find_or_add_locked(identity, &added);
    pthread_mutex_unlock(&store.lock);
    if (entry)
        return &entry->content;

    added->path = g_strdup(path);
    added->options = g_strdupv((gchar **)options);
    const gboolean good = load(&added->content, path, options, error);
    g_autofree gchar *after = good ? hrnet_model_identity(path, options) : NULL;
    finish_load(added, good, identity && g_strcmp0(identity, after) == 0);
    if (!good) {
        entry_free(added);
        return NULL;
    }
    return &merge(added)->content;
}

static HrnetNetwork *load_int8(const Entry *entry, GError **error)
{
    HrnetWeights *weights =
        hrnet_weights_open(entry->path, (const gchar *const *)entry->options, error);
    HrnetNetwork *network = weights ? hrnet_network_new_int8(weights, error) : NULL;
    hrnet_weights_close(weights);
    if (network && network->fingerprint != entry->content.network->fingerprint) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, entry->path,
                           "has changed since it was loaded");
        g_clear_pointer(&network, hrnet_network_free);
    }
    return network;
}

const HrnetNetwork *hrnet_model_content_int8(HrnetModelContent *content, GError **error)
{
    Entry *entry = (Entry *)content;
    pthread_mutex_lock(&entry->int8_lock);
    if (!entry->int8) {
        const HrnetFloatMode before = hrnet_float_mode_default();
        entry->int8 = load_int8(entry, error);
        hrnet_float_mode_restore(&before);
    }
    const HrnetNetwork *network = entry->int8;
    pthread_mutex_unlock(&entry->int8_lock);
    return network;
}

void hrnet_model_content_release(HrnetModelContent *content)
{
    Entry *entry = (Entry *)content;
    pthread_mutex_lock(&store.lock);
    const gboolean last = --entry->n_users == 0;
    if (last)
        forget_locked(entry);
    pthread_mutex_unlock(&store.lock);
    if (last)
        entry_free(entry);
}

void hrnet_model_content_count(guint *n_contents, guint *n_loads)
{
    g_autoptr(GHashTable) contents = g_hash_table_new(NULL, NULL);
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&store.lock);
    if (store.entries)
        g_hash_table_iter_init(&iter, store.entries);
    while (store.entries && g_hash_table_iter_next(&iter, NULL, &value))
        g_hash_table_add(contents, value);
    *n_loads = store.n_loads;
    pthread_mutex_unlock(&store.lock);
    *n_contents = g_hash_table_size(contents);
}
