/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/pth-state.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "weights/names.h"

#define UNSUPPORTED HRNET_WEIGHTS_ERROR_UNSUPPORTED
#define DEEPEST     24

static void tensor_clear(gpointer tensor)
{
    g_free(((HrnetPthTensor *)tensor)->name);
}

/* One walk over all that the pickle holds. */
typedef struct {
    HrnetSource *source;
    GHashTable *seen; /* values: shared ones and circles are walked once */
    GArray *best;     /* HrnetPthTensor; NULL: nothing yet */
    gboolean best_trunk, best_shadow;
} Search;

static GArray *tensors_new(void)
{
    GArray *tensors = g_array_new(FALSE, FALSE, sizeof(HrnetPthTensor));
    g_array_set_clear_func(tensors, tensor_clear);
    return tensors;
}

static gboolean add_tensor(Search *search, GArray *tensors, const gchar *prefix, const gchar *name,
                           const HrnetPickleTensor *tensor)
{
    if (!hrnet_budget_take(&search->source->budget,
                           sizeof(HrnetPthTensor) + strlen(prefix) + strlen(name) + 32, 4))
        return FALSE;
    HrnetPthTensor added = { g_strconcat(prefix, name, NULL), tensor };
    g_array_append_val(tensors, added);
    return TRUE;
}

static const HrnetPickleValue *text_key(const HrnetPickleValue *dict, guint i)
{
    return dict->items[i]->kind == HRNET_PICKLE_TEXT ? dict->items[i] : NULL;
}

/* Takes the tensors over if they are better than the best so far: a network's names count first,
 * then that it is not in a shadow, then their number. */
static void offer(Search *search, GArray *tensors, gboolean shadow)
{
    gboolean trunk = FALSE;
    for (guint i = 0; i < tensors->len && !trunk; i++)
        trunk = hrnet_names_is_trunk(g_array_index(tensors, HrnetPthTensor, i).name);
    const gboolean better =
        !search->best || (trunk != search->best_trunk     ? trunk
                          : shadow != search->best_shadow ? !shadow
                                                          : tensors->len > search->best->len);
    if (tensors->len == 0 || !better) {
        g_array_unref(tensors);
        return;
    }
    if (search->best)
        g_array_unref(search->best);
    search->best = tensors;
    search->best_trunk = trunk;
    search->best_shadow = shadow;
}

static gboolean gather(Search *search, GArray *tensors, const HrnetPickleValue *module,
                       const gchar *prefix, guint depth);

/* The tensors of one of a module's dictionaries, and its modules'. */
static gboolean gather_dict(Search *search, GArray *tensors, const HrnetPickleValue *dict,
                            const gchar *prefix, guint depth)
{
    for (guint i = 0; dict && dict->kind == HRNET_PICKLE_DICT && i + 1 < dict->n_items; i += 2) {
        const HrnetPickleValue *key = text_key(dict, i), *value = dict->items[i + 1];
        if (key && value->kind == HRNET_PICKLE_TENSOR) {
            if (!add_tensor(search, tensors, prefix, key->text, value->tensor))
                return FALSE;
        } else if (key && value->kind == HRNET_PICKLE_OPAQUE) {
            g_autofree gchar *inner = g_strconcat(prefix, key->text, ".", NULL);
            if (!gather(search, tensors, value, inner, depth + 1))
                return FALSE;
        }
    }
    return TRUE;
}

/* A module of Python has its tensors in dictionaries by kind, one of TorchScript as attributes. */
static gboolean gather(Search *search, GArray *tensors, const HrnetPickleValue *module,
                       const gchar *prefix, guint depth)
{
    static const gchar *const kinds[] = { "_parameters", "_buffers", "_modules" };
    if (depth > DEEPEST || !g_hash_table_add(search->seen, (gpointer)module))
        return TRUE;
    for (guint i = 0; i < module->n_items; i++) {
        const HrnetPickleValue *state = module->items[i];
        if (state->kind != HRNET_PICKLE_DICT)
            continue;
        if (!hrnet_pickle_lookup(state, "_modules")) {
            if (!gather_dict(search, tensors, state, prefix, depth))
                return FALSE;
            continue;
        }
        for (guint k = 0; k < G_N_ELEMENTS(kinds); k++)
            if (!gather_dict(search, tensors, hrnet_pickle_lookup(state, kinds[k]), prefix, depth))
                return FALSE;
    }
    return TRUE;
}

static gboolean walk(Search *search, const HrnetPickleValue *value, guint depth, gboolean shadow);

static gboolean walk_dict(Search *search, const HrnetPickleValue *dict, guint depth,
                          gboolean shadow)
{
    GArray *tensors = tensors_new();
    gboolean good = TRUE;
    for (guint i = 0; good && i + 1 < dict->n_items; i += 2) {
        const HrnetPickleValue *key = text_key(dict, i), *inner = dict->items[i + 1];
        if (key && inner->kind == HRNET_PICKLE_TENSOR)
            good = add_tensor(search, tensors, "", key->text, inner->tensor);
    }
    offer(search, tensors, shadow);
    for (guint i = 0; good && i + 1 < dict->n_items; i += 2) {
        const HrnetPickleValue *key = text_key(dict, i);
        const gboolean dark = shadow || (key && hrnet_names_is_shadow(key->text));
        good = walk(search, dict->items[i + 1], depth + 1, dark);
    }
    return good;
}

/* FALSE where the budget is overdrawn. */
static gboolean walk(Search *search, const HrnetPickleValue *value, guint depth, gboolean shadow)
{
    const gboolean holds = value->kind == HRNET_PICKLE_DICT || value->kind == HRNET_PICKLE_LIST ||
                           value->kind == HRNET_PICKLE_TUPLE || value->kind == HRNET_PICKLE_OPAQUE;
    if (!holds || depth > DEEPEST || g_hash_table_contains(search->seen, value))
        return TRUE;
    if (!hrnet_budget_take(&search->source->budget, 60, value->n_items + 1))
        return FALSE;
    if (value->kind == HRNET_PICKLE_OPAQUE) {
        GArray *tensors = tensors_new();
        if (!gather(search, tensors, value, "", 0)) {
            g_array_unref(tensors);
            return FALSE;
        }
        offer(search, tensors, shadow);
    }
    g_hash_table_add(search->seen, (gpointer)value);
    if (value->kind == HRNET_PICKLE_DICT)
        return walk_dict(search, value, depth, shadow);
    for (guint i = 0; i < value->n_items; i++)
        if (!walk(search, value->items[i], depth + 1, shadow))
            return FALSE;
    return TRUE;
}

GArray *hrnet_pth_find_state(HrnetSource *source, const HrnetPickleValue *root, GError **error)
{
    Search search = { source, g_hash_table_new(NULL, NULL), NULL, FALSE, FALSE };
    const gboolean good = walk(&search, root, 0, FALSE);
    g_hash_table_unref(search.seen);
    if (good && search.best)
        return search.best;
    if (search.best)
        g_array_unref(search.best);
    if (!good)
        hrnet_budget_fail(&source->budget, source->path, error);
    else
        hrnet_weights_fail(error, UNSUPPORTED, source->path,
                           "holds no state dict: nowhere in it are tensors by name; save "
                           "model.state_dict()");
    return NULL;
}

/* A list of texts as a JSON array, or NULL. */
static gchar *texts_as_json(const HrnetPickleValue *list)
{
    if (!list || (list->kind != HRNET_PICKLE_LIST && list->kind != HRNET_PICKLE_TUPLE) ||
        list->n_items == 0 || list->n_items > 255)
        return NULL;
    g_autoptr(JsonArray) array = json_array_new();
    for (guint i = 0; i < list->n_items; i++) {
        if (list->items[i]->kind != HRNET_PICKLE_TEXT ||
            !g_utf8_validate(list->items[i]->text, -1, NULL))
            return NULL;
        json_array_add_string_element(array, list->items[i]->text);
    }
    g_autoptr(JsonNode) node = json_node_init_array(json_node_alloc(), array);
    return json_to_string(node, FALSE);
}

/* Three numbers of a byte each as "#rrggbb". */
static gboolean color_as_text(const HrnetPickleValue *color, gchar text[8])
{
    gint64 parts[3];
    if ((color->kind != HRNET_PICKLE_LIST && color->kind != HRNET_PICKLE_TUPLE) ||
        color->n_items != 3)
        return FALSE;
    for (guint c = 0; c < 3; c++) {
        parts[c] = color->items[c]->kind == HRNET_PICKLE_INT ? color->items[c]->integer : -1;
        if (parts[c] < 0 || parts[c] > 255)
            return FALSE;
    }
    g_snprintf(text, 8, "#%02x%02x%02x", (guint)parts[0], (guint)parts[1], (guint)parts[2]);
    return TRUE;
}

static gchar *colors_as_json(const HrnetPickleValue *list)
{
    if (!list || (list->kind != HRNET_PICKLE_LIST && list->kind != HRNET_PICKLE_TUPLE) ||
        list->n_items == 0 || list->n_items > 255)
        return NULL;
    g_autoptr(GString) json = g_string_new("[");
    for (guint i = 0; i < list->n_items; i++) {
        gchar text[8];
        if (!color_as_text(list->items[i], text))
            return NULL;
        g_string_append_printf(json, "%s\"%s\"", i ? "," : "", text);
    }
    return g_strconcat(json->str, "]", NULL);
}

static const HrnetPickleValue *either(const HrnetPickleValue *dict, const gchar *one,
                                      const gchar *other)
{
    const HrnetPickleValue *value = dict ? hrnet_pickle_lookup(dict, one) : NULL;
    return value || !dict ? value : hrnet_pickle_lookup(dict, other);
}

void hrnet_pth_note_classes(HrnetSource *source, const HrnetPickleValue *root)
{
    const HrnetPickleValue *meta = hrnet_pickle_lookup(root, "meta");
    const HrnetPickleValue *newer = meta ? hrnet_pickle_lookup(meta, "dataset_meta") : NULL;
    const HrnetPickleValue *from = newer ? newer : meta;
    gchar *classes = texts_as_json(either(from, "classes", "CLASSES"));
    gchar *palette = colors_as_json(either(from, "palette", "PALETTE"));
    if (classes)
        g_hash_table_insert(source->metadata, g_strdup("meta.classes"), classes);
    if (palette)
        g_hash_table_insert(source->metadata, g_strdup("meta.palette"), palette);
}
