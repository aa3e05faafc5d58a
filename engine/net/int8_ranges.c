/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/int8_ranges.h"

#include "weights/json.h"

#include <string.h>

#define LARGEST 1e30 /* of a range's ends: nothing that is derived from them overflows */

gchar *hrnet_int8_node_key(const HrnetNode *node)
{
    if (node->type == HRNET_NODE_CONV && node->shape.in_channels != node->total_channels)
        return g_strdup_printf("%s:%u", node->name, node->first_channel);
    return g_strdup(node->name);
}

gchar *hrnet_int8_ranges_write(const HrnetGraph *graph, const HrnetInt8Span *spans)
{
    GString *text = g_string_new("{");
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        gchar low[G_ASCII_DTOSTR_BUF_SIZE], high[G_ASCII_DTOSTR_BUF_SIZE];
        if (node->out == graph->logits)
            continue;
        g_autofree gchar *key = hrnet_int8_node_key(node);
        g_ascii_formatd(low, sizeof low, "%.6g", spans[node->out].low);
        g_ascii_formatd(high, sizeof high, "%.6g", spans[node->out].high);
        g_string_append_printf(text, "%s\"%s\":[%s,%s]", text->len > 1 ? "," : "", key, low, high);
    }
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

gchar *hrnet_int8_hash_write(guint64 fingerprint)
{
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x", fingerprint);
}

static gboolean is_hash(const HrnetWeights *weights, const gchar *expected)
{
    return g_strcmp0(hrnet_weights_metadata(weights, HRNET_INT8_HASH_KEY), expected) == 0;
}

gboolean hrnet_int8_ranges_match(const HrnetWeights *weights, guint64 fingerprint)
{
    g_autofree gchar *expected = hrnet_int8_hash_write(fingerprint);
    return hrnet_weights_metadata(weights, HRNET_INT8_RANGES_KEY) && is_hash(weights, expected);
}

static gboolean check_hash(const HrnetWeights *weights, guint64 fingerprint, GError **error)
{
    const gchar *found = hrnet_weights_metadata(weights, HRNET_INT8_HASH_KEY);
    g_autofree gchar *expected = hrnet_int8_hash_write(fingerprint);
    if (is_hash(weights, expected))
        return TRUE;
    return hrnet_weights_fail(
        error, HRNET_WEIGHTS_ERROR_OPTION, hrnet_weights_path(weights),
        "its int8 ranges are of other weights or options (" HRNET_INT8_HASH_KEY
        " is %s, expected %s): hrnet-convert --calibrate makes new ones",
        found ? found : "missing", expected);
}

static gboolean read_span(JsonObject *object, const gchar *key, HrnetInt8Span *span)
{
    JsonNode *node = json_object_get_member(object, key);
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    return array && json_array_get_length(array) == 2 &&
           hrnet_json_number(json_array_get_element(array, 0), &span->low) &&
           hrnet_json_number(json_array_get_element(array, 1), &span->high) &&
           span->low <= span->high && span->low >= -LARGEST && span->high <= LARGEST;
}

gboolean hrnet_int8_ranges_read(const HrnetGraph *graph, const HrnetWeights *weights,
                                guint64 fingerprint, HrnetInt8Span *spans, GError **error)
{
    const gchar *path = hrnet_weights_path(weights);
    const gchar *text = hrnet_weights_metadata(weights, HRNET_INT8_RANGES_KEY);
    if (!text)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_OPTION, path,
                                  "holds no ranges for int8: hrnet-convert --calibrate adds them");
    g_autoptr(JsonNode) root = hrnet_json_parse(text, strlen(text), path, HRNET_INT8_RANGES_KEY,
                                                HRNET_WEIGHTS_ERROR_OPTION, error);
    if (!root)
        return FALSE;
    if (!JSON_NODE_HOLDS_OBJECT(root))
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_OPTION, path,
                                  HRNET_INT8_RANGES_KEY " is no JSON object");
    if (!check_hash(weights, fingerprint, error))
        return FALSE;
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        g_autofree gchar *key = hrnet_int8_node_key(node);
        if (node->out == graph->logits)
            continue;
        if (!read_span(json_node_get_object(root), key, &spans[node->out]))
            return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_OPTION, path,
                                      HRNET_INT8_RANGES_KEY
                                      ": \"%s\" has no range of two numbers, the lower one first",
                                      key);
    }
    return TRUE;
}
