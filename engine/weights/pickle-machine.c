/* The pickle machine's values, input and stack.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/pickle-machine.h"

#include <string.h>

#include "weights/table.h"

/* What a value takes beside its own bytes: the allocator's, and its place in the list of all. */
#define OVERHEAD_BYTES 32

HrnetPickle *hrnet_pickle_new(const gchar *path, HrnetBudget *budget, HrnetPickleRead read,
                              gpointer data, guint64 start, guint64 end)
{
    HrnetPickle *pickle = g_new0(HrnetPickle, 1);
    pickle->path = g_strdup(path);
    pickle->budget = budget;
    pickle->read = read;
    pickle->data = data;
    pickle->position = start;
    pickle->end = end;
    pickle->values = g_ptr_array_new();
    pickle->stack = g_ptr_array_new();
    pickle->marks = g_array_new(FALSE, FALSE, sizeof(guint));
    pickle->memo = hrnet_table_new_numbers();
    return pickle;
}

static void value_free(HrnetPickleValue *value)
{
    switch (value->kind) {
    case HRNET_PICKLE_TEXT:
        g_free(value->text);
        break;
    case HRNET_PICKLE_TUPLE:
    case HRNET_PICKLE_LIST:
    case HRNET_PICKLE_DICT:
    case HRNET_PICKLE_OPAQUE:
        g_free(value->items);
        break;
    case HRNET_PICKLE_STORAGE:
        g_free(value->storage);
        break;
    case HRNET_PICKLE_TENSOR:
        g_free(value->tensor);
        break;
    default:
        break;
    }
    g_free(value);
}

void hrnet_pickle_free(HrnetPickle *pickle)
{
    if (!pickle)
        return;
    for (guint i = 0; i < pickle->values->len; i++)
        value_free(pickle->values->pdata[i]);
    g_ptr_array_unref(pickle->values);
    g_ptr_array_unref(pickle->stack);
    g_array_unref(pickle->marks);
    g_hash_table_unref(pickle->memo);
    g_free(pickle->path);
    g_free(pickle);
}

guint64 hrnet_pickle_position(const HrnetPickle *pickle)
{
    return pickle->position;
}

void hrnet_pickle_each_storage(const HrnetPickle *pickle,
                               void (*func)(const HrnetPickleStorage *storage, gpointer data),
                               gpointer data)
{
    for (guint i = 0; i < pickle->values->len; i++) {
        const HrnetPickleValue *value = pickle->values->pdata[i];
        if (value->kind == HRNET_PICKLE_STORAGE)
            func(value->storage, data);
    }
}

const HrnetPickleValue *hrnet_pickle_lookup(const HrnetPickleValue *dict, const gchar *key)
{
    for (guint i = 0; dict->kind == HRNET_PICKLE_DICT && i + 1 < dict->n_items; i += 2)
        if (dict->items[i]->kind == HRNET_PICKLE_TEXT && strcmp(dict->items[i]->text, key) == 0)
            return dict->items[i + 1];
    return NULL;
}

HrnetPickleValue *hrnet_pickle_make(HrnetPickle *pickle, HrnetPickleKind kind)
{
    if (!hrnet_budget_take(pickle->budget, sizeof(HrnetPickleValue) + OVERHEAD_BYTES, 1))
        return NULL;
    HrnetPickleValue *value = g_new0(HrnetPickleValue, 1);
    value->kind = kind;
    g_ptr_array_add(pickle->values, value);
    return value;
}

gboolean hrnet_pickle_append(HrnetPickle *pickle, HrnetPickleValue *list, HrnetPickleValue *item)
{
    if (!hrnet_budget_take(pickle->budget, 0, 1))
        return FALSE;
    if (list->n_items == list->items_room) {
        const guint room = MAX(4, list->items_room * 2);
        if (!hrnet_budget_take(pickle->budget, (room - list->items_room) * sizeof(gpointer), 0))
            return FALSE;
        HrnetPickleValue **items = g_try_renew(HrnetPickleValue *, list->items, room);
        if (!items)
            return hrnet_budget_run_out(pickle->budget);
        list->items_room = room;
        list->items = items;
    }
    list->items[list->n_items++] = item;
    return TRUE;
}

static gboolean take(HrnetPickle *pickle, void *out, gsize n_bytes, GError **error)
{
    if (n_bytes > pickle->end - pickle->position) {
        pickle->trouble = "it ends too early";
        return FALSE;
    }
    guint64 window_end = pickle->window_start + pickle->window_bytes;
    if (pickle->position < pickle->window_start || pickle->position + n_bytes > window_end) {
        if (n_bytes > sizeof pickle->window) {
            gboolean good = pickle->read(pickle->data, pickle->position, out, n_bytes, error);
            pickle->position += n_bytes;
            return good;
        }
        guint64 left = pickle->end - pickle->position;
        pickle->window_bytes = 0;
        guint n = (guint)MIN(left, sizeof pickle->window);
        if (!pickle->read(pickle->data, pickle->position, pickle->window, n, error))
            return FALSE;
        pickle->window_start = pickle->position;
        pickle->window_bytes = n;
    }
    memcpy(out, pickle->window + (pickle->position - pickle->window_start), n_bytes);
    pickle->position += n_bytes;
    return TRUE;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
gboolean hrnet_pickle_take_number(HrnetPickle *pickle, guint n_bytes, guint64 *number,
                                  GError **error)
{
    *number = 0;
    return take(pickle, number, n_bytes, error);
}

HrnetPickleValue *hrnet_pickle_take_text(HrnetPickle *pickle, guint64 n_bytes, GError **error)
{
    if (n_bytes > pickle->end - pickle->position || n_bytes > G_MAXINT32) {
        pickle->trouble = "a text that is longer than the file, or than makes sense";
        return NULL;
    }
    if (!hrnet_budget_take(pickle->budget, n_bytes + 1 + OVERHEAD_BYTES, n_bytes / 64))
        return NULL;
    HrnetPickleValue *value = hrnet_pickle_make(pickle, HRNET_PICKLE_TEXT);
    if (!value)
        return NULL;
    value->text = g_try_malloc(n_bytes + 1);
    if (!value->text) {
        hrnet_budget_run_out(pickle->budget);
        return NULL;
    }
    value->n_items = (guint)n_bytes;
    value->text[n_bytes] = '\0';
    return take(pickle, value->text, n_bytes, error) ? value : NULL;
}

/* Up to the end of a line, which is taken but not part of the text. */
HrnetPickleValue *hrnet_pickle_take_line(HrnetPickle *pickle, GError **error)
{
    gchar line[256];
    for (guint n = 0; n < sizeof line; n++) {
        if (!take(pickle, line + n, 1, error))
            return NULL;
        if (line[n] != '\n')
            continue;
        HrnetPickleValue *value = hrnet_pickle_make(pickle, HRNET_PICKLE_TEXT);
        if (!value || !hrnet_budget_take(pickle->budget, n + 1 + OVERHEAD_BYTES, 1))
            return NULL;
        value->text = g_strndup(line, n);
        value->n_items = n;
        return value;
    }
    pickle->trouble = "a line that is too long";
    return NULL;
}

gboolean hrnet_pickle_push(HrnetPickle *pickle, HrnetPickleValue *value)
{
    if (!value || !hrnet_budget_take(pickle->budget, sizeof value, 0))
        return FALSE;
    g_ptr_array_add(pickle->stack, value);
    return TRUE;
}

/* Values above the last mark, or above nothing. */
guint hrnet_pickle_floor(const HrnetPickle *pickle)
{
    return pickle->marks->len ? g_array_index(pickle->marks, guint, pickle->marks->len - 1) : 0;
}

HrnetPickleValue *hrnet_pickle_pop(HrnetPickle *pickle)
{
    if (pickle->stack->len <= hrnet_pickle_floor(pickle)) {
        pickle->trouble = "its stack is empty";
        return NULL;
    }
    return g_ptr_array_remove_index(pickle->stack, pickle->stack->len - 1);
}

HrnetPickleValue *hrnet_pickle_top(HrnetPickle *pickle)
{
    HrnetPickleValue *value = hrnet_pickle_pop(pickle);
    return hrnet_pickle_push(pickle, value) ? value : NULL;
}

/* Moves what lies above the last mark into `list`, and takes the mark away. */
gboolean hrnet_pickle_collect(HrnetPickle *pickle, HrnetPickleValue *list)
{
    if (!list || pickle->marks->len == 0) {
        pickle->trouble = pickle->trouble ? pickle->trouble : "it lacks a mark";
        return FALSE;
    }
    guint start = hrnet_pickle_floor(pickle);
    for (guint i = start; i < pickle->stack->len; i++)
        if (!hrnet_pickle_append(pickle, list, pickle->stack->pdata[i]))
            return FALSE;
    g_ptr_array_set_size(pickle->stack, (gint)start);
    g_array_set_size(pickle->marks, pickle->marks->len - 1);
    return TRUE;
}
