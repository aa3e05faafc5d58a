/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/names.h"

#include <string.h>

#include "weights/head-names.h"
#include "weights/head-shape.h"
#include "weights/table.h"

#define UNSUPPORTED HRNET_WEIGHTS_ERROR_UNSUPPORTED

/* What no HRNetV2 is without, whatever stands in front of it. */
#define TRUNK_SIGN "stage2.0.branches.0.0.conv1.weight"

gboolean hrnet_names_is_shadow(const gchar *name)
{
    static const gchar *const words[] = { "teacher",   "ema", "swa", "averaged", "optimizer",
                                          "optim",     "exp", "avg", "momentum", "target",
                                          "auxiliary", "aux", NULL };
    g_autofree gchar *lower = g_ascii_strdown(name, -1);
    g_auto(GStrv) parts = g_strsplit_set(lower, "._/", -1);
    for (guint i = 0; parts[i]; i++)
        if (g_strv_contains(words, parts[i]))
            return TRUE;
    return FALSE;
}

gboolean hrnet_names_is_trunk(const gchar *name)
{
    const gsize n = strlen(name), n_sign = strlen(TRUNK_SIGN);
    return g_str_has_suffix(name, TRUNK_SIGN) && (n == n_sign || name[n - n_sign - 1] == '.');
}

static gboolean is_trunk_part(const gchar *name)
{
    static const gchar *const parts[] = { "conv1.",  "bn1.",       "conv2.", "bn2.",
                                          "layer1.", "transition", "stage" };
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        if (g_str_has_prefix(name, parts[i]))
            return TRUE;
    return FALSE;
}

gboolean hrnet_names_is_trunk_tensor(const gchar *name, const gchar *trunk)
{
    return g_str_has_prefix(name, trunk) && is_trunk_part(name + strlen(trunk));
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(gchar *const *)a, *(gchar *const *)b);
}

/* All names, sorted: tables have no order that can be relied on. Free with g_ptr_array_unref(). */
static GPtrArray *sorted_names(const HrnetSource *source)
{
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, source->tensors);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(names, key);
    g_ptr_array_sort(names, compare_names);
    return names;
}

/* What stands in front of the trunk, or NULL with or without an error: none, or several. */
static gchar *find_trunk(const HrnetSource *source, const GPtrArray *names, GError **error)
{
    g_autofree gchar *found = NULL;
    for (guint shadow = 0; shadow < 2 && !found; shadow++)
        for (guint i = 0; i < names->len; i++) {
            const gchar *name = names->pdata[i];
            if (!hrnet_names_is_trunk(name) || hrnet_names_is_shadow(name) != (shadow == 1))
                continue;
            g_autofree gchar *prefix = g_strndup(name, strlen(name) - strlen(TRUNK_SIGN));
            if (found) {
                hrnet_weights_fail(error, UNSUPPORTED, source->path,
                                   "holds several networks, behind \"%s\" and \"%s\"", found,
                                   prefix);
                return NULL;
            }
            found = g_steal_pointer(&prefix);
        }
    return g_steal_pointer(&found);
}

/* A head of object contexts of no known family, by what its parts are called. */
static gboolean refuse_ocr(const HrnetSource *source, const GPtrArray *names, GError **error)
{
    static const gchar *const signs[] = { "conv3x3_ocr.", "ocr_distri_head.",
                                          "object_context_block.", "spatial_ocr_head." };
    for (guint i = 0; i < names->len; i++)
        for (guint k = 0; k < G_N_ELEMENTS(signs); k++)
            if (strstr(names->pdata[i], signs[k]))
                return hrnet_weights_fail(
                    error, UNSUPPORTED, source->path,
                    "a head of object contexts (tensor %s) whose parts are not "
                    "those of HRNetV2+OCR in the code of its authors, of "
                    "MMSegmentation, NVIDIA or openseg",
                    (const gchar *)names->pdata[i]);
    return TRUE;
}

/* The names of this file, in the place of the authors'. */
static gboolean name_head(HrnetSource *source, const GPtrArray *names, const gchar *trunk,
                          const HrnetHeadNames **family, GError **error)
{
    g_autofree gchar *prefix = NULL;
    *family = hrnet_head_find_by_name(source, names, trunk, &prefix);
    if ((!*family || !(*family)->contexts) && !refuse_ocr(source, names, error))
        return FALSE;
    return *family ? hrnet_head_check_names(*family, prefix, source, names, error)
                   : hrnet_head_find_by_shape(source, names, trunk, error);
}

/* The authors' name of one of the file's tensors, or NULL where it has no part in the network. */
static gchar *map_name(const HrnetSource *source, const gchar *name)
{
    for (guint i = 0; i < source->own_head->len; i++) {
        const HrnetOwnPart *part = &g_array_index(source->own_head, HrnetOwnPart, i);
        if (g_str_has_prefix(name, part->own))
            return g_strconcat(part->authors, name + strlen(part->own), NULL);
    }
    if (hrnet_names_is_trunk_tensor(name, source->own_trunk))
        return g_strdup(name + strlen(source->own_trunk));
    return NULL;
}

static gboolean rename_all(HrnetSource *source, GError **error)
{
    GHashTable *old = source->tensors;
    GHashTableIter iter;
    gpointer value;
    gboolean good = TRUE;
    source->tensors = hrnet_table_new(NULL, hrnet_stored_free);
    g_hash_table_iter_init(&iter, old);
    while (good && g_hash_table_iter_next(&iter, NULL, &value)) {
        HrnetStoredTensor *tensor = value;
        g_autofree gchar *name = map_name(source, tensor->name);
        if (!name) {
            g_debug("%s: tensor %s ignored", source->path, tensor->name);
        } else if (g_hash_table_contains(source->tensors, name)) {
            good = hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, source->path,
                                      "tensor %s would be there twice, as %s", name, tensor->name);
        } else {
            g_hash_table_iter_steal(&iter);
            tensor->own_name = tensor->name;
            tensor->name = g_steal_pointer(&name);
            g_hash_table_insert(source->tensors, tensor->name, tensor);
        }
    }
    g_hash_table_unref(old);
    return good;
}

gboolean hrnet_names_map(HrnetSource *source, GError **error)
{
    g_autoptr(GPtrArray) names = sorted_names(source);
    g_autoptr(GError) cause = NULL;
    g_autofree gchar *trunk = find_trunk(source, names, &cause);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (!trunk)
        return hrnet_weights_fail(error, UNSUPPORTED, source->path,
                                  "no HRNetV2: none of its %u tensors is called " TRUNK_SIGN
                                  " behind whatever prefix%s%s",
                                  names->len, names->len ? "; its first is " : "",
                                  names->len ? (const gchar *)names->pdata[0] : "");

    const HrnetHeadNames *family;
    if (!name_head(source, names, trunk, &family, error))
        return FALSE;
    source->own_trunk = g_steal_pointer(&trunk);
    if (*source->own_trunk || !family || !family->authors)
        g_debug("%s: trunk behind \"%s\", head of %s", source->path, source->own_trunk,
                family ? family->family : "a shape that fits");
    if (family && family->twice && !g_hash_table_contains(source->metadata, "hrnet.exchange_twice"))
        g_hash_table_insert(source->metadata, g_strdup("hrnet.exchange_twice"), g_strdup("true"));
    return rename_all(source, error);
}
