/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/names.h"

#include <string.h>

#include "weights/table.h"

/* What wraps the whole network: DataParallel, a module that adds the loss, both. */
static const gchar *const wrappings[] = { "", "module.", "model.", "module.model.",
                                          "model.module." };

typedef struct {
    const gchar *from; /* how a name begins */
    const gchar *to;   /* the beginning in its place; NULL: the tensor is dropped */
} Rule;

typedef struct {
    const gchar *family;
    const gchar *sign; /* a tensor that tells the family, without the wrapping */
    const Rule *rules; /* the first that fits counts; ends with a NULL `from` */
    const gchar
        *foreign; /* names that begin so and fit no rule are parts that cannot be run; or NULL */
    const gchar *refusal; /* what such a part is */
} Family;

/* The authors' code, in its lines for PyTorch 0.4.1 (InPlace-ABN), 1.1 and HRNet-OCR (without its
 * OCR head), as well as everything that keeps their names. */
static const Rule authors_rules[] = { { "", "" }, { NULL, NULL } };

static const Rule mmseg_rules[] = {
    { "backbone.", "" },
    { "decode_head.convs.0.conv.", "last_layer.0." },
    { "decode_head.convs.0.bn.", "last_layer.1." },
    { "decode_head.conv_seg.", "last_layer.3." },
    { "auxiliary_head.", NULL },
    { NULL, NULL },
};

static const Family families[] = {
    { "the authors' code", "conv1.weight", authors_rules, NULL, NULL },
    { "MMSegmentation", "backbone.conv1.weight", mmseg_rules, "decode_head.",
      "of MMSegmentation's heads, FCNHead with one convolution is supported" },
};

static const Family *find_family(const HrnetSource *source, const gchar **wrapping)
{
    for (guint w = 0; w < G_N_ELEMENTS(wrappings); w++)
        for (guint f = 0; f < G_N_ELEMENTS(families); f++) {
            g_autofree gchar *sign = g_strconcat(wrappings[w], families[f].sign, NULL);
            if (hrnet_source_find(source, sign)) {
                *wrapping = wrappings[w];
                return &families[f];
            }
        }
    return NULL;
}

/* The name in the authors' code, or NULL where the tensor has no part in the network. */
static gchar *map_name(const Family *family, const gchar *wrapping, const gchar *name)
{
    if (!g_str_has_prefix(name, wrapping))
        return NULL;
    name += strlen(wrapping);
    for (const Rule *rule = family->rules; rule->from; rule++)
        if (g_str_has_prefix(name, rule->from))
            return rule->to ? g_strconcat(rule->to, name + strlen(rule->from), NULL) : NULL;
    return NULL;
}

gboolean hrnet_names_map(HrnetSource *source, GError **error)
{
    const gchar *wrapping;
    const Family *family = find_family(source, &wrapping);
    if (!family || (family->rules == authors_rules && !*wrapping))
        return TRUE;
    g_debug("%s: names of %s%s%s", source->path, family->family, *wrapping ? " behind " : "",
            wrapping);

    /* Its exchange units upsample in two steps. */
    if (family->rules == mmseg_rules &&
        !g_hash_table_contains(source->metadata, "hrnet.exchange_twice"))
        g_hash_table_insert(source->metadata, g_strdup("hrnet.exchange_twice"), g_strdup("true"));

    GHashTable *old = source->tensors;
    GHashTableIter iter;
    gpointer value;
    gboolean good = TRUE;
    source->tensors = hrnet_table_new(NULL, hrnet_stored_free);
    g_hash_table_iter_init(&iter, old);
    while (good && g_hash_table_iter_next(&iter, NULL, &value)) {
        HrnetStoredTensor *tensor = value;
        gchar *name = map_name(family, wrapping, tensor->name);
        if (family->foreign && g_str_has_prefix(tensor->name, wrapping) &&
            g_str_has_prefix(tensor->name + strlen(wrapping), family->foreign) && !name) {
            good = hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, source->path,
                                      "tensor %s: %s", tensor->name, family->refusal);
        } else if (!name) {
            g_debug("%s: tensor %s ignored", source->path, tensor->name);
        } else if (g_hash_table_contains(source->tensors, name)) {
            good = hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, source->path,
                                      "tensor %s would be there twice, as %s", name, tensor->name);
        } else {
            g_hash_table_iter_steal(&iter);
            g_free(tensor->name);
            tensor->name = g_steal_pointer(&name);
            g_hash_table_insert(source->tensors, tensor->name, tensor);
        }
        g_free(name);
    }
    g_hash_table_unref(old);
    return good;
}
