/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/json-grammar.h"

#include <stdlib.h>
#include <string.h>

/* Names of one object that may share g_str_hash()'s value. By chance two of 8,192 do in one object
 * of a hundred. */
#define MOST_COLLISIONS 16

typedef struct {
    guint hash;        /* g_str_hash() of the name */
    gsize offset;      /* into `spelt` */
    const gchar *text; /* there, set when its object ends and `spelt` grows no more meanwhile */
} Name;

typedef struct {
    const gchar *text, *at, *end;
    struct {
        gboolean is_object;
        guint first_name;
        gsize first_spelt;
    } open[HRNET_JSON_DEEPEST]; /* brackets, the outermost first */
    guint depth, n_values;
    GArray *names;  /* Name, of the objects that are open */
    GString *spelt; /* those names without escapes, a zero byte behind each */
    gchar *fault;
} Check;

static gboolean fail(Check *check, const gchar *fault)
{
    check->fault = g_strdup(fault);
    return FALSE;
}

static gboolean fail_here(Check *check)
{
    check->fault = g_strdup_printf("is no valid JSON: byte %" G_GSIZE_FORMAT " of it",
                                   (gsize)(check->at - check->text) + 1);
    return FALSE;
}

/* The next character, or 0 at the end: the text itself has none. */
static gchar peek(const Check *check)
{
    return check->at < check->end ? *check->at : '\0';
}

static gboolean take(Check *check, gchar c)
{
    if (peek(check) != c)
        return FALSE;
    check->at++;
    return TRUE;
}

static void skip_space(Check *check)
{
    while (check->at < check->end && strchr(" \t\n\r", *check->at))
        check->at++;
}

static gboolean take_digits(Check *check)
{
    const gchar *start = check->at;
    while (g_ascii_isdigit(peek(check)))
        check->at++;
    return check->at > start || fail_here(check);
}

static gboolean take_number(Check *check)
{
    take(check, '-');
    if (!take(check, '0') && !take_digits(check))
        return FALSE;
    if (take(check, '.') && !take_digits(check))
        return FALSE;
    if (!take(check, 'e') && !take(check, 'E'))
        return TRUE;
    if (!take(check, '+'))
        take(check, '-');
    return take_digits(check);
}

/* The 4 digits behind "\u". */
static gboolean take_hex(Check *check, gunichar *unit)
{
    *unit = 0;
    for (guint i = 0; i < 4; i++, check->at++) {
        const gint digit = g_ascii_xdigit_value(peek(check));
        if (digit < 0)
            return fail_here(check);
        *unit = *unit << 4 | (gunichar)digit;
    }
    return TRUE;
}

/* What stands behind "\u", a pair of surrogates as the one character that it means. */
static gboolean take_unicode(Check *check, gunichar *character)
{
    gunichar low;
    if (!take_hex(check, character))
        return FALSE;
    if (*character == 0)
        return fail(check, "has \\u0000 in a text");
    if (*character < 0xd800 || *character > 0xdfff)
        return TRUE;
    if (*character > 0xdbff || !take(check, '\\') || !take(check, 'u') || !take_hex(check, &low) ||
        low < 0xdc00 || low > 0xdfff)
        return check->fault ? FALSE : fail_here(check);
    *character = 0x10000 + ((*character - 0xd800) << 10) + (low - 0xdc00);
    return TRUE;
}

static gboolean take_escape(Check *check, GString *spelt)
{
    static const gchar letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const gchar *letter;
    gunichar character;
    if (take(check, 'u')) {
        if (!take_unicode(check, &character))
            return FALSE;
        if (spelt)
            g_string_append_unichar(spelt, character);
        return TRUE;
    }
    letter = peek(check) ? strchr(letters, peek(check)) : NULL;
    if (!letter)
        return fail_here(check);
    check->at++;
    if (spelt)
        g_string_append_c(spelt, meanings[letter - letters]);
    return TRUE;
}

/* spelt: where what it means is appended, or NULL. */
static gboolean take_string(Check *check, GString *spelt)
{
    if (!take(check, '"'))
        return fail_here(check);
    for (;;) {
        const gchar *start = check->at;
        while ((guchar)peek(check) >= 0x20 && *check->at != '"' && *check->at != '\\')
            check->at++;
        if (spelt)
            g_string_append_len(spelt, start, check->at - start);
        if (take(check, '"'))
            return TRUE;
        if (!take(check, '\\'))
            return fail_here(check);
        if (!take_escape(check, spelt))
            return FALSE;
    }
}

/* A member's name and the colon behind it. */
static gboolean take_name(Check *check)
{
    Name name = { .offset = check->spelt->len };
    skip_space(check);
    if (!take_string(check, check->spelt))
        return FALSE;
    g_string_append_c(check->spelt, '\0');
    name.hash = g_str_hash(check->spelt->str + name.offset);
    g_array_append_val(check->names, name);
    if (check->names->len - check->open[check->depth - 1].first_name > HRNET_JSON_MOST_NAMES)
        return fail(check, "has too many names in one object");
    skip_space(check);
    return take(check, ':') || fail_here(check);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    const Name *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* Looks through the names of the innermost object, which ends, and forgets them. */
static gboolean check_names(Check *check)
{
    const guint first = check->open[check->depth - 1].first_name;
    const guint n = check->names->len - first;
    guint n_alike = 1;
    if (n == 0)
        return TRUE;
    Name *names = &g_array_index(check->names, Name, first);
    for (guint i = 0; i < n; i++)
        names[i].text = check->spelt->str + names[i].offset;
    qsort(names, n, sizeof *names, compare_names);
    for (guint i = 1; i < n; i++) {
        n_alike = names[i].hash == names[i - 1].hash ? n_alike + 1 : 1;
        if (n_alike > 1 && strcmp(names[i].text, names[i - 1].text) == 0) {
            check->fault = g_strdup_printf("has %s twice", names[i].text);
            return FALSE;
        }
        if (n_alike > MOST_COLLISIONS)
            return fail(check, "has names that are made to be slow to look up");
    }
    g_array_set_size(check->names, first);
    g_string_truncate(check->spelt, check->open[check->depth - 1].first_spelt);
    return TRUE;
}

/* FALSE, too, where the bracket does not end what is open: the caller tells by the fault. */
static gboolean take_end(Check *check)
{
    const gboolean is_object = check->open[check->depth - 1].is_object;
    if (!take(check, is_object ? '}' : ']'))
        return FALSE;
    if (is_object && !check_names(check))
        return FALSE;
    check->depth--;
    return TRUE;
}

/* An opening bracket. *wants_value: whether a value has to follow. */
static gboolean take_beginning(Check *check, gboolean *wants_value)
{
    const gboolean is_object = *check->at++ == '{';
    if (check->depth == HRNET_JSON_DEEPEST)
        return fail(check, "is nested too deeply");
    check->open[check->depth].is_object = is_object;
    check->open[check->depth].first_name = check->names->len;
    check->open[check->depth].first_spelt = check->spelt->len;
    check->depth++;
    skip_space(check);
    *wants_value = !take_end(check);
    if (check->fault)
        return FALSE;
    return !*wants_value || !is_object || take_name(check);
}

static gboolean take_word(Check *check, const gchar *word)
{
    const gsize length = strlen(word);
    if ((gsize)(check->end - check->at) < length || strncmp(check->at, word, length) != 0)
        return fail_here(check);
    check->at += length;
    return TRUE;
}

/* A value, or the bracket that one begins with. */
static gboolean take_value(Check *check, gboolean *wants_value)
{
    *wants_value = FALSE;
    skip_space(check);
    if (++check->n_values > HRNET_JSON_MOST_VALUES)
        return fail(check, "has too many values");
    switch (peek(check)) {
    case '{':
    case '[':
        return take_beginning(check, wants_value);
    case '"':
        return take_string(check, NULL);
    case 't':
        return take_word(check, "true");
    case 'f':
        return take_word(check, "false");
    case 'n':
        return take_word(check, "null");
    default:
        return take_number(check);
    }
}

/* What follows a value: brackets that end, and a comma where another value has to come. */
static gboolean take_behind(Check *check, gboolean *wants_value)
{
    while (check->depth > 0) {
        skip_space(check);
        if (take(check, ',')) {
            *wants_value = TRUE;
            return !check->open[check->depth - 1].is_object || take_name(check);
        }
        if (!take_end(check))
            return check->fault ? FALSE : fail_here(check);
    }
    return TRUE;
}

static gboolean take_text(Check *check)
{
    gboolean wants_value = TRUE;
    while (wants_value)
        if (!take_value(check, &wants_value) || (!wants_value && !take_behind(check, &wants_value)))
            return FALSE;
    skip_space(check);
    return check->at == check->end || fail_here(check);
}

gchar *hrnet_json_fault(const gchar *text, gsize length)
{
    Check check = { .text = text, .at = text, .end = text + length };
    if (!g_utf8_validate_len(text, length, NULL))
        return g_strdup("is no valid JSON: not in UTF-8");
    check.names = g_array_new(FALSE, FALSE, sizeof(Name));
    check.spelt = g_string_new(NULL);
    take_text(&check);
    g_array_unref(check.names);
    g_string_free(check.spelt, TRUE);
    return check.fault;
}
