/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include <stdio.h>

void report_string(JsonBuilder *builder, const gchar *name, const gchar *value)
{
    json_builder_set_member_name(builder, name);
    if (value) {
        g_autofree gchar *text = g_utf8_make_valid(value, -1);

        json_builder_add_string_value(builder, text);
    } else {
        json_builder_add_null_value(builder);
    }
}

void report_integer(JsonBuilder *builder, const gchar *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

void report_number(JsonBuilder *builder, const gchar *name, gdouble value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_double_value(builder, value);
}

void report_size(JsonBuilder *builder, const gchar *name, guint height, guint width)
{
    g_autofree gchar *text = g_strdup_printf("%ux%u", height, width);

    report_string(builder, name, text);
}

/* Whether a terminal shows a character, rather than does what it says. */
static gboolean is_shown(gunichar character)
{
    const GUnicodeType type = g_unichar_type(character);

    return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT &&
           type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

gchar *report_line(const gchar *text)
{
    g_autofree gchar *valid = g_utf8_make_valid(text, -1);
    GString *line = g_string_new(NULL);

    for (const gchar *at = valid; *at; at = g_utf8_next_char(at))
        g_string_append_unichar(line, is_shown(g_utf8_get_char(at)) ? g_utf8_get_char(at) : '?');
    return g_string_free(line, FALSE);
}

/* Its own line breaks stay; all else that is not shown can only stand in a string. */
static gchar *escape_json(const gchar *json)
{
    GString *text = g_string_new(NULL);

    for (const gchar *at = json; *at; at = g_utf8_next_char(at)) {
        const gunichar character = g_utf8_get_char(at);

        if (character == '\n' || is_shown(character))
            g_string_append_unichar(text, character);
        else if (character < 0x10000)
            g_string_append_printf(text, "\\u%04x", character);
        else
            g_string_append_printf(text, "\\u%04x\\u%04x", 0xd7c0 + (character >> 10),
                                   0xdc00 + (character & 0x3ff));
    }
    return g_string_free(text, FALSE);
}

void report_print(JsonBuilder *builder)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    json_generator_set_pretty(generator, TRUE);
    json_generator_set_root(generator, root);
    g_autofree gchar *json = json_generator_to_data(generator, NULL);
    g_autofree gchar *text = escape_json(json);
    printf("%s\n", text);
}
