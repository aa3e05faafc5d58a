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

void report_print(JsonBuilder *builder)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    json_generator_set_pretty(generator, TRUE);
    json_generator_set_root(generator, root);
    g_autofree gchar *text = json_generator_to_data(generator, NULL);
    printf("%s\n", text);
}
