/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/head-shape.h"

#include <string.h>

#include "weights/names.h"

#define UNSUPPORTED HRNET_WEIGHTS_ERROR_UNSUPPORTED
#define WEIGHT      "weight"
#define VARIANCE    "running_var"

typedef struct {
    HrnetSource *source;
    GPtrArray *beside; /* HrnetStoredTensor *: what is not the trunk's */
    guint64 width;     /* of all branches together */
    guint64 highest;   /* of the first */
} Search;

/* Output channels of the last module's branch, by the last convolution of its first block. */
static guint64 branch_width(const HrnetSource *source, const gchar *trunk, guint i)
{
    for (guint last = 3; last >= 2; last--) {
        g_autofree gchar *name =
            g_strdup_printf("%sstage4.0.branches.%u.0.conv%u.weight", trunk, i, last);
        const HrnetStoredTensor *tensor = hrnet_source_find(source, name);
        if (tensor && tensor->n_dims == 4)
            return tensor->dims[0];
    }
    return 0;
}

static gboolean is_conv(const HrnetStoredTensor *tensor)
{
    return tensor->n_dims == 4 && g_str_has_suffix(tensor->name, "." WEIGHT);
}

/* The first convolution and classifier, if there is one such pair. */
static guint find_pair(const Search *search, const HrnetStoredTensor **mix,
                       const HrnetStoredTensor **classifier)
{
    guint n = 0;
    for (guint a = 0; a < search->beside->len; a++) {
        const HrnetStoredTensor *first = search->beside->pdata[a];
        if (!is_conv(first) ||
            (first->dims[1] != search->width && first->dims[1] != search->highest))
            continue;
        for (guint b = 0; b < search->beside->len; b++) {
            const HrnetStoredTensor *second = search->beside->pdata[b];
            if (a == b || !is_conv(second) || second->dims[1] != first->dims[0])
                continue;
            *mix = first;
            *classifier = second;
            n++;
        }
    }
    return n;
}

static const HrnetStoredTensor *find_norm(const Search *search, guint64 channels)
{
    const HrnetStoredTensor *found = NULL;
    for (guint i = 0; i < search->beside->len; i++) {
        const HrnetStoredTensor *tensor = search->beside->pdata[i];
        if (g_str_has_suffix(tensor->name, "." VARIANCE) &&
            !g_str_has_suffix(tensor->name, "._tmp_" VARIANCE) && tensor->n_dims == 1 &&
            tensor->dims[0] == channels)
            found = tensor;
    }
    return found;
}

static gchar *without(const HrnetStoredTensor *tensor, const gchar *kind)
{
    return tensor ? g_strndup(tensor->name, strlen(tensor->name) - strlen(kind)) : NULL;
}

static gboolean fail_without_head(const Search *search, guint n_pairs, GError **error)
{
    const HrnetStoredTensor *example = NULL;
    for (guint i = 0; i < search->beside->len && !example; i++)
        if (is_conv(search->beside->pdata[i]))
            example = search->beside->pdata[i];
    if (n_pairs > 1)
        return hrnet_weights_fail(error, UNSUPPORTED, search->source->path,
                                  "more than one segmentation head fits its trunk");
    if (example)
        return hrnet_weights_fail(error, UNSUPPORTED, search->source->path,
                                  "a backbone and no segmentation head that is supported, which is "
                                  "one convolution over all branches and a classifier; tensor %s "
                                  "is of another",
                                  example->name);
    return hrnet_weights_fail(error, UNSUPPORTED, search->source->path,
                              "a backbone and no segmentation head (no convolutions but the "
                              "trunk's)");
}

gboolean hrnet_head_find_by_shape(HrnetSource *source, const GPtrArray *names, const gchar *trunk,
                                  GError **error)
{
    g_autoptr(GPtrArray) beside = g_ptr_array_new();
    Search search = { source, beside, 0, branch_width(source, trunk, 0) };
    const HrnetStoredTensor *mix = NULL, *classifier = NULL;
    const gboolean shadow = hrnet_names_is_shadow(trunk);
    for (guint i = 0; i < 4; i++)
        search.width += branch_width(source, trunk, i);
    for (guint i = 0; i < names->len; i++) {
        const gchar *name = names->pdata[i];
        if (!hrnet_names_is_trunk_tensor(name, trunk) && (shadow || !hrnet_names_is_shadow(name)))
            g_ptr_array_add(beside, (gpointer)hrnet_source_find(source, name));
    }
    const guint n_pairs = find_pair(&search, &mix, &classifier);
    if (n_pairs != 1)
        return fail_without_head(&search, n_pairs, error);
    hrnet_source_add_part(source, "last_layer.0.", without(mix, WEIGHT));
    hrnet_source_add_part(source, "last_layer.1.",
                          without(find_norm(&search, mix->dims[0]), VARIANCE));
    hrnet_source_add_part(source, "last_layer.3.", without(classifier, WEIGHT));
    return TRUE;
}
