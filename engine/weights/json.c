/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/json.h"

#include <string.h>

#define DEEPEST     32
#define MOST_VALUES 300000

/* json-glib recurses on every bracket and makes a node of every value, so both are counted before
 * it sees the text. */
static const gchar *beyond_bounds(const gchar *text, gsize length)
{
    guint depth = 0, n_values = 0;
    gboolean in_string = FALSE;
    if (memchr(text, '\0', length))
        return "holds a zero byte";
    for (gsize i = 0; i < length; i++) {
        gchar c = text[i];
        if (c == '\\' && in_string)
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if ((c == '[' || c == '{') && ++depth > DEEPEST)
            return "is nested too deeply";
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
        if (!in_string && (c == ',' || c == '[' || c == '{') && ++n_values > MOST_VALUES)
            return "has too many values";
    }
    return NULL;
}

typedef struct {
    GHashTable *seen; /* "OBJECT NAME" */
    gchar *duplicate;
} Duplicates;

static void on_member(JsonParser *parser, JsonObject *object, const gchar *name,
                      Duplicates *duplicates)
{
    (void)parser;
    gchar *key = g_strdup_printf("%p %s", (void *)object, name);
    if (!g_hash_table_add(duplicates->seen, key) && !duplicates->duplicate)
        duplicates->duplicate = g_strdup(name);
}

JsonNode *hrnet_json_parse(const gchar *text, gsize length, const gchar *path, const gchar *what,
                           HrnetWeightsError code, GError **error)
{
    const gchar *problem = beyond_bounds(text, length);
    if (problem) {
        hrnet_weights_fail(error, code, path, "its %s %s", what, problem);
        return NULL;
    }

    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) cause = NULL;
    Duplicates duplicates = { g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), NULL };
    g_signal_connect(parser, "object-member", G_CALLBACK(on_member), &duplicates);
    JsonNode *root = NULL;
    if (!json_parser_load_from_data(parser, text, (gssize)length, &cause))
        hrnet_weights_fail(error, code, path, "its %s is no valid JSON: %s", what, cause->message);
    else if (duplicates.duplicate)
        hrnet_weights_fail(error, code, path, "its %s has %s twice", what, duplicates.duplicate);
    else if (!(root = json_parser_steal_root(parser)))
        hrnet_weights_fail(error, code, path, "its %s is empty", what);
    g_hash_table_unref(duplicates.seen);
    g_free(duplicates.duplicate);
    return root;
}

gboolean hrnet_json_number(JsonNode *node, gdouble *number)
{
    const GType type = json_node_get_value_type(node);
    if (type != G_TYPE_DOUBLE && type != G_TYPE_INT64)
        return FALSE;
    *number = json_node_get_double(node);
    return TRUE;
}
