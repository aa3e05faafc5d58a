/* JSON of unknown origin, in bounded memory and stack.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_JSON_H
#define HRNET_WEIGHTS_JSON_H

#include <json-glib/json-glib.h>

#include "weights/failure.h"

/* Refused: whatever hrnet_json_fault() finds fault with. what: what the text is, for the message
 * ("header"). Free with json_node_unref(). */
JsonNode *hrnet_json_parse(const gchar *text, gsize length, const gchar *path, const gchar *what,
                           HrnetWeightsError code, GError **error);

/* FALSE where a node is no number, or one too large for a gdouble. */
gboolean hrnet_json_number(JsonNode *node, gdouble *number);

#endif
