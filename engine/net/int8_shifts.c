/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/int8_shifts.h"

#include "net/int8_ranges.h"
#include "weights/json.h"

#include <math.h>
#include <string.h>

#define STEPS 4 /* of an octave */

static const gchar digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
G_STATIC_ASSERT(sizeof digits == HRNET_INT8_SHIFT_MAX + 2);

static guint n_channels(const HrnetGraph *graph, guint tensor)
{
    return hrnet_graph_tensor(graph, tensor)->channels;
}

HrnetInt8Shifts *hrnet_int8_shifts_new(const HrnetGraph *graph)
{
    HrnetInt8Shifts *shifts = g_new(HrnetInt8Shifts, 1);
    shifts->n_tensors = graph->tensors->len;
    shifts->of = g_new(guint8 *, shifts->n_tensors);
    for (guint i = 0; i < shifts->n_tensors; i++)
        shifts->of[i] = g_new0(guint8, n_channels(graph, i));
    return shifts;
}

void hrnet_int8_shifts_free(HrnetInt8Shifts *shifts)
{
    if (!shifts)
        return;
    for (guint i = 0; i < shifts->n_tensors; i++)
        g_free(shifts->of[i]);
    g_free(shifts->of);
    g_free(shifts);
}

gdouble hrnet_int8_shift_factor(guint shift)
{
    static const gdouble steps[STEPS] = { 1, 1.189207115002721, 1.4142135623730951,
                                          1.681792830507429 };
    return ldexp(steps[shift % STEPS], (gint)(shift / STEPS));
}

/* Makes one family of two. */
static void join(guint *families, guint n, guint a, guint b)
{
    const guint kept = MIN(families[a], families[b]), gone = MAX(families[a], families[b]);
    for (guint i = 0; i < n; i++)
        if (families[i] == gone)
            families[i] = kept;
}

guint *hrnet_int8_families(const HrnetGraph *graph)
{
    const guint n = graph->tensors->len;
    guint *families = g_new(guint, n);
    for (guint i = 0; i < n; i++)
        families[i] = i;
    for (guint i = 0; i < graph->nodes->len; i++) {
        const HrnetNode *node = hrnet_graph_node(graph, i);
        if (node->type == HRNET_NODE_CONV) {
            if (node->residual != HRNET_NO_TENSOR)
                join(families, n, node->out, node->residual);
            continue;
        }
        if (node->in != HRNET_NO_TENSOR)
            join(families, n, node->out, node->in);
        for (guint s = 0; s < node->n_sources; s++)
            join(families, n, node->out, node->sources[s]);
    }
    return families;
}

static gboolean is_shiftable(const HrnetGraph *graph, const guint *families, guint tensor)
{
    return families[tensor] != families[graph->input] &&
           families[tensor] != families[graph->logits];
}

static gfloat largest(const gfloat *values, guint n)
{
    gfloat most = 0;
    for (guint i = 0; i < n; i++)
        most = MAX(most, values[i]);
    return most;
}

/* The largest of a channel's extents, as shares of its tensor's own largest, in the family. */
static gdouble largest_share(const guint *families, guint n, guint family, guint channel,
                             gfloat *const *extents, const gfloat *most)
{
    gdouble share = 0;
    for (guint t = 0; t < n; t++)
        if (families[t] == family && most[t] > 0)
            share = MAX(share, (gdouble)extents[t][channel] / (gdouble)most[t]);
    return share;
}

HrnetInt8Shifts *hrnet_int8_shifts_choose(const HrnetGraph *graph, gfloat *const *extents)
{
    const guint n = graph->tensors->len;
    HrnetInt8Shifts *shifts = hrnet_int8_shifts_new(graph);
    g_autofree guint *families = hrnet_int8_families(graph);
    g_autofree gfloat *most = g_new(gfloat, n);
    for (guint t = 0; t < n; t++)
        most[t] = largest(extents[t], n_channels(graph, t));
    for (guint t = 0; t < n; t++) {
        const guint family = families[t];
        for (guint c = 0; is_shiftable(graph, families, t) && c < n_channels(graph, t); c++) {
            if (family != t) {
                shifts->of[t][c] = shifts->of[family][c];
                continue;
            }
            const gdouble share = largest_share(families, n, family, c, extents, most);
            if (share > 0)
                shifts->of[t][c] = (guint8)MIN(floor(-STEPS * log2(share)), HRNET_INT8_SHIFT_MAX);
        }
    }
    return shifts;
}

/* The first node of a tensor's family, if it is what makes the tensor; else NULL. */
static gchar *family_key(const HrnetGraph *graph, const guint *families, guint i)
{
    const HrnetNode *node = hrnet_graph_node(graph, i);
    if (!is_shiftable(graph, families, node->out))
        return NULL;
    for (guint before = 0; before < i; before++)
        if (families[hrnet_graph_node(graph, before)->out] == families[node->out])
            return NULL;
    return hrnet_int8_node_key(node);
}

gchar *hrnet_int8_shifts_write(const HrnetGraph *graph, const HrnetInt8Shifts *shifts)
{
    GString *text = g_string_new("{");
    g_autofree guint *families = hrnet_int8_families(graph);
    for (guint i = 0; i < graph->nodes->len; i++) {
        const guint tensor = hrnet_graph_node(graph, i)->out;
        const guint8 *shift = shifts->of[tensor];
        guint sum = 0;
        for (guint c = 0; c < n_channels(graph, tensor); c++)
            sum += shift[c];
        g_autofree gchar *key = family_key(graph, families, i);
        if (!key || sum == 0)
            continue;
        g_string_append_printf(text, "%s\"%s\":\"", text->len > 1 ? "," : "", key);
        for (guint c = 0; c < n_channels(graph, tensor); c++)
            g_string_append_c(text, digits[shift[c]]);
        g_string_append_c(text, '"');
    }
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

/* Gives all tensors of a family the shifts that the text tells. */
static gboolean read_family(HrnetInt8Shifts *shifts, const HrnetGraph *graph, const guint *families,
                            guint family, JsonNode *value)
{
    const gchar *text = JSON_NODE_HOLDS_VALUE(value) ? json_node_get_string(value) : NULL;
    for (guint t = 0; t < graph->tensors->len; t++) {
        if (families[t] != family)
            continue;
        if (!text || strlen(text) != n_channels(graph, t) || strspn(text, digits) != strlen(text))
            return FALSE;
        for (guint c = 0; c < n_channels(graph, t); c++)
            shifts->of[t][c] = (guint8)(strchr(digits, text[c]) - digits);
    }
    return TRUE;
}

static gboolean read_all(HrnetInt8Shifts *shifts, const HrnetGraph *graph, JsonObject *object,
                         const gchar *path, GError **error)
{
    g_autofree guint *families = hrnet_int8_families(graph);
    guint n_known = 0;
    for (guint i = 0; i < graph->nodes->len; i++) {
        g_autofree gchar *key = family_key(graph, families, i);
        JsonNode *value = key ? json_object_get_member(object, key) : NULL;
        if (!value)
            continue;
        n_known++;
        if (!read_family(shifts, graph, families, families[hrnet_graph_node(graph, i)->out], value))
            return hrnet_weights_fail(
                error, HRNET_WEIGHTS_ERROR_OPTION, path,
                HRNET_INT8_SHIFTS_KEY ": \"%s\" has no digit for each of its channels", key);
    }
    return n_known == json_object_get_size(object) ||
           hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_OPTION, path,
                              HRNET_INT8_SHIFTS_KEY " names tensors that the network has not");
}

HrnetInt8Shifts *hrnet_int8_shifts_read(const HrnetGraph *graph, const HrnetWeights *weights,
                                        GError **error)
{
    const gchar *path = hrnet_weights_path(weights);
    const gchar *text = hrnet_weights_metadata(weights, HRNET_INT8_SHIFTS_KEY);
    g_autoptr(HrnetInt8Shifts) shifts = hrnet_int8_shifts_new(graph);
    if (!text)
        return g_steal_pointer(&shifts);
    g_autoptr(JsonNode) root = hrnet_json_parse(text, strlen(text), path, HRNET_INT8_SHIFTS_KEY,
                                                HRNET_WEIGHTS_ERROR_OPTION, error);
    if (!root)
        return NULL;
    if (!JSON_NODE_HOLDS_OBJECT(root)) {
        hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_OPTION, path,
                           HRNET_INT8_SHIFTS_KEY " is no JSON object");
        return NULL;
    }
    return read_all(shifts, graph, json_node_get_object(root), path, error)
               ? g_steal_pointer(&shifts)
               : NULL;
}

void hrnet_int8_shifts_apply(const HrnetInt8Shifts *shifts, const HrnetNode *node,
                             const gfloat *weights, const gfloat *bias, gfloat *shifted_weights,
                             gfloat *shifted_bias)
{
    const guint n_in = node->shape.in_channels, area = node->shape.kernel * node->shape.kernel;
    const guint8 *in = shifts->of[node->in], *out = shifts->of[node->out];
    for (guint k = 0; k < node->shape.out_channels; k++) {
        const gdouble factor = hrnet_int8_shift_factor(out[k]);
        for (guint i = 0; i < n_in * area; i++) {
            const gsize at = (gsize)k * n_in * area + i;
            shifted_weights[at] =
                (gfloat)(weights[at] * (factor / hrnet_int8_shift_factor(in[i / area])));
        }
        if (bias)
            shifted_bias[k] = (gfloat)(bias[k] * factor);
    }
}
