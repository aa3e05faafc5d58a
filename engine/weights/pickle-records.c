/* What a pickle's global names stand for: OrderedDict, tensors, parameters, storages.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "weights/pickle-globals.h"
#include "weights/pickle-machine.h"

static HrnetPickleValue *trouble(HrnetPickle *pickle, const gchar *what)
{
    pickle->trouble = what;
    return NULL;
}

/* OrderedDict() or, of Python 2, OrderedDict([[key, value], ...]). */
static HrnetPickleValue *make_dict(HrnetPickle *pickle, const HrnetPickleValue *args)
{
    HrnetPickleValue *dict = hrnet_pickle_make(pickle, HRNET_PICKLE_DICT);
    if (!dict || args->n_items == 0)
        return dict;
    const HrnetPickleValue *pairs = args->items[0];
    if (args->n_items != 1 || pairs->kind != HRNET_PICKLE_LIST)
        return trouble(pickle, "OrderedDict of something else than a list of pairs");
    for (guint i = 0; i < pairs->n_items; i++) {
        const HrnetPickleValue *pair = pairs->items[i];
        if ((pair->kind != HRNET_PICKLE_LIST && pair->kind != HRNET_PICKLE_TUPLE) ||
            pair->n_items != 2)
            return trouble(pickle, "OrderedDict of something else than a list of pairs");
        if (!hrnet_pickle_append(pickle, dict, pair->items[0]) ||
            !hrnet_pickle_append(pickle, dict, pair->items[1]))
            return NULL;
    }
    return dict;
}

static gboolean whole_numbers(const HrnetPickleValue *tuple, guint64 *out)
{
    if (tuple->kind != HRNET_PICKLE_TUPLE || tuple->n_items > HRNET_TENSOR_MAX_DIMS)
        return FALSE;
    for (guint i = 0; i < tuple->n_items; i++) {
        if (tuple->items[i]->kind != HRNET_PICKLE_INT || tuple->items[i]->integer < 0)
            return FALSE;
        out[i] = (guint64)tuple->items[i]->integer;
    }
    return TRUE;
}

/* f(storage, offset, dims, strides, ...). Whether the elements lie in the storage is for the
 * container's reader. */
static HrnetPickleValue *make_tensor(HrnetPickle *pickle, const HrnetPickleValue *args)
{
    if (args->n_items < 4 || args->items[0]->kind != HRNET_PICKLE_STORAGE ||
        args->items[1]->kind != HRNET_PICKLE_INT || args->items[1]->integer < 0)
        return trouble(pickle, "a tensor record without storage and offset");
    HrnetPickleTensor tensor = { .storage = args->items[0]->storage };
    tensor.offset = (guint64)args->items[1]->integer;
    tensor.n_dims = args->items[2]->n_items;
    if (!whole_numbers(args->items[2], tensor.dims) ||
        !whole_numbers(args->items[3], tensor.strides) || args->items[3]->n_items != tensor.n_dims)
        return trouble(pickle,
                       "a tensor record whose sizes and strides are no tuples of whole numbers");
    HrnetPickleValue *value = hrnet_pickle_make(pickle, HRNET_PICKLE_TENSOR);
    if (!value || !hrnet_budget_take(pickle->budget, sizeof tensor, 0))
        return NULL;
    value->tensor = g_memdup2(&tensor, sizeof tensor);
    return value;
}

/* An object, which holds what it was made of. */
static HrnetPickleValue *make_opaque(HrnetPickle *pickle, const HrnetPickleValue *args)
{
    HrnetPickleValue *value = hrnet_pickle_make(pickle, HRNET_PICKLE_OPAQUE);
    for (guint i = 0; value && i < args->n_items; i++)
        if (!hrnet_pickle_append(pickle, value, args->items[i]))
            return NULL;
    return value;
}

/* A tensor of a class of its own: (function, class, its arguments, state). */
static HrnetPickleValue *make_subclass(HrnetPickle *pickle, const HrnetPickleValue *args)
{
    const HrnetPickleValue *of = args->n_items >= 3 ? args->items[0] : NULL;
    if (!of || of->kind != HRNET_PICKLE_GLOBAL ||
        hrnet_global_get(of->global)->kind != HRNET_GLOBAL_TENSOR ||
        args->items[2]->kind != HRNET_PICKLE_TUPLE)
        return make_opaque(pickle, args);
    return make_tensor(pickle, args->items[2]);
}

HrnetPickleValue *hrnet_pickle_reduce(HrnetPickle *pickle, const HrnetPickleValue *callable,
                                      const HrnetPickleValue *args)
{
    if (args->kind != HRNET_PICKLE_TUPLE || callable->kind != HRNET_PICKLE_GLOBAL)
        return trouble(pickle, "a call of something that is no known name");
    switch (hrnet_global_get(callable->global)->kind) {
    case HRNET_GLOBAL_DICT:
        return make_dict(pickle, args);
    case HRNET_GLOBAL_TENSOR:
        return make_tensor(pickle, args);
    case HRNET_GLOBAL_PARAMETER:
        if (args->n_items < 1 || args->items[0]->kind != HRNET_PICKLE_TENSOR)
            return trouble(pickle, "a parameter record without a tensor");
        return args->items[0];
    case HRNET_GLOBAL_INERT:
        return make_opaque(pickle, args);
    case HRNET_GLOBAL_SUBCLASS:
        return make_subclass(pickle, args);
    case HRNET_GLOBAL_STORAGE:
        break;
    }
    return trouble(pickle, "a call of a storage's type");
}

/* None, or (key, offset, number of elements) of a view that files before PyTorch 0.4 may have. */
static gboolean read_view(const HrnetPickleValue *view, HrnetPickleStorage *storage)
{
    if (view->kind == HRNET_PICKLE_NONE)
        return TRUE;
    guint64 n_all = storage->n_elements;
    if (view->kind != HRNET_PICKLE_TUPLE || view->n_items != 3 ||
        view->items[1]->kind != HRNET_PICKLE_INT || view->items[2]->kind != HRNET_PICKLE_INT ||
        view->items[1]->integer < 0 || (guint64)view->items[1]->integer > n_all ||
        view->items[2]->integer < 0 ||
        (guint64)view->items[2]->integer > n_all - (guint64)view->items[1]->integer)
        return FALSE;
    storage->view_offset = (guint64)view->items[1]->integer;
    return TRUE;
}

/* ("module", class, file, source): a class, with its source, in streams of pickles. */
static gboolean is_class(const HrnetPickleValue *id)
{
    return id->kind == HRNET_PICKLE_TUPLE && id->n_items == 4 &&
           id->items[0]->kind == HRNET_PICKLE_TEXT && strcmp(id->items[0]->text, "module") == 0 &&
           id->items[1]->kind == HRNET_PICKLE_GLOBAL;
}

HrnetPickleValue *hrnet_pickle_storage(HrnetPickle *pickle, const HrnetPickleValue *id)
{
    if (is_class(id))
        return id->items[1];
    if (id->kind != HRNET_PICKLE_TUPLE || id->n_items < 5 ||
        id->items[0]->kind != HRNET_PICKLE_TEXT || strcmp(id->items[0]->text, "storage") != 0 ||
        id->items[1]->kind != HRNET_PICKLE_GLOBAL ||
        hrnet_global_get(id->items[1]->global)->kind != HRNET_GLOBAL_STORAGE ||
        id->items[2]->kind != HRNET_PICKLE_TEXT || id->items[4]->kind != HRNET_PICKLE_INT ||
        id->items[4]->integer < 0)
        return trouble(pickle, "a persistent id that is no storage record");
    const HrnetGlobal *type = hrnet_global_get(id->items[1]->global);
    HrnetPickleStorage storage = { id->items[2]->text,
                                   type->dtype,
                                   type->dtype_name,
                                   type->element_bytes,
                                   (guint64)id->items[4]->integer,
                                   0 };
    if (id->n_items > 5 && !read_view(id->items[5], &storage))
        return trouble(pickle, "a storage record with a view beyond the storage");
    HrnetPickleValue *value = hrnet_pickle_make(pickle, HRNET_PICKLE_STORAGE);
    if (!value || !hrnet_budget_take(pickle->budget, sizeof storage, 0))
        return NULL;
    value->storage = g_memdup2(&storage, sizeof storage);
    return value;
}
