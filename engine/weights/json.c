/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/json.h"

#include <math.h>

#include "weights/json-grammar.h"

JsonNode *hrnet_json_parse(const gchar *text, gsize length, const gchar *path, const gchar *what,
                           HrnetWeightsError code, GError **error)
{
    g_autofree gchar *fault = hrnet_json_fault(text, length);
    if (fault) {
        hrnet_weights_fail(error, code, path, "its %s %s", what, fault);
        return NULL;
    }

    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) cause = NULL;
    if (json_parser_load_from_data(parser, text, (gssize)length, &cause))
        return json_parser_steal_root(parser);
    hrnet_weights_fail(error, code, path, "its %s cannot be read: %s", what, cause->message);
    return NULL;
}

gboolean hrnet_json_number(JsonNode *node, gdouble *number)
{
    const GType type = json_node_get_value_type(node);
    if (type != G_TYPE_DOUBLE && type != G_TYPE_INT64)
        return FALSE;
    *number = json_node_get_double(node);
    return isfinite(*number);
}
