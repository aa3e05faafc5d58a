/* `model-options` of the element to the engine's `key=value`.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gsthrnetoptions.h"

#include <hrnet/hrnet.h>

static void append_json_string(GString *json, const gchar *text)
{
    g_string_append_c(json, '"');
    for (const gchar *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            g_string_append_c(json, '\\');
        g_string_append_c(json, *c);
    }
    g_string_append_c(json, '"');
}

/* An array's element: a number as it is, anything else as a string. */
static void append_json(GString *json, const GValue *value)
{
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];

    if (G_VALUE_HOLDS_DOUBLE(value)) {
        g_string_append(json, g_ascii_dtostr(number, sizeof number, g_value_get_double(value)));
    } else if (G_VALUE_HOLDS_INT(value)) {
        g_string_append_printf(json, "%d", g_value_get_int(value));
    } else if (G_VALUE_HOLDS_STRING(value)) {
        append_json_string(json, g_value_get_string(value) ? g_value_get_string(value) : "");
    } else {
        g_autofree gchar *text = gst_value_serialize(value);
        append_json_string(json, text ? text : "");
    }
}

static gchar *value_text(const GValue *value)
{
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];

    if (G_VALUE_HOLDS_STRING(value))
        return g_value_dup_string(value);
    if (G_VALUE_HOLDS_DOUBLE(value))
        return g_strdup(g_ascii_dtostr(number, sizeof number, g_value_get_double(value)));
    if (GST_VALUE_HOLDS_ARRAY(value)) {
        GString *json = g_string_new("[");
        for (guint i = 0; i < gst_value_array_get_size(value); i++) {
            if (i > 0)
                g_string_append_c(json, ',');
            append_json(json, gst_value_array_get_value(value, i));
        }
        g_string_append_c(json, ']');
        return g_string_free(json, FALSE);
    }
    return gst_value_serialize(value);
}

static gboolean append_option(GQuark field, const GValue *value, gpointer user_data)
{
    g_autofree gchar *text = value_text(value);

    if (text)
        g_ptr_array_add(user_data, g_strdup_printf("%s=%s", g_quark_to_string(field), text));
    return text != NULL;
}

gchar **gst_hrnet_options_parse(const gchar *text, GError **error)
{
    g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GstStructure) structure = NULL;

    if (text && *text) {
        structure = gst_structure_from_string(text, NULL);
        if (!structure) {
            g_autofree gchar *named = g_strconcat("options,", text, NULL);
            structure = gst_structure_from_string(named, NULL);
        }
        /* A word alone would be the name of an empty one. */
        if (!structure || gst_structure_n_fields(structure) == 0 ||
            !gst_structure_foreach(structure, append_option, options)) {
            g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                        "model-options \"%s\" cannot be read: expected "
                        "\"options,key=value,key=value\"",
                        text);
            return NULL;
        }
    }
    g_ptr_array_add(options, NULL);
    return (gchar **)g_ptr_array_free(g_steal_pointer(&options), FALSE);
}
