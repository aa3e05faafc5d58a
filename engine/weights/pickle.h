/* A pickle machine that can do nothing but build plain values.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Python's pickles are programs that may call anything. This machine knows dictionaries, lists,
 * tuples, texts, numbers, and PyTorch's records of tensors and storages; it has no way to call. A
 * global name is looked up in a table: a few stand for the records, those of what executes end the
 * reading with an error that names them, and all others make objects of which nothing is known but
 * what they hold. Memory and time are bounded whatever the input.
 *
 * The opcodes are those of CPython's Lib/pickletools.py, the records those of
 * torch/serialization.py. */
#ifndef HRNET_WEIGHTS_PICKLE_H
#define HRNET_WEIGHTS_PICKLE_H

#include "weights/source.h"

typedef enum {
    HRNET_PICKLE_NONE,
    HRNET_PICKLE_BOOL,
    HRNET_PICKLE_INT,
    HRNET_PICKLE_FLOAT,
    HRNET_PICKLE_TEXT, /* Unicode or bytes */
    HRNET_PICKLE_TUPLE,
    HRNET_PICKLE_LIST,
    HRNET_PICKLE_DICT, /* items: key, value, key, value, ... */
    HRNET_PICKLE_GLOBAL,
    HRNET_PICKLE_STORAGE,
    HRNET_PICKLE_TENSOR,
    HRNET_PICKLE_OPAQUE, /* an object of any class; items: what it was made of, and its state */
} HrnetPickleKind;

typedef struct HrnetPickleValue HrnetPickleValue;

typedef struct {
    const gchar *key; /* in the file's own numbering; lives as long as the pickle */
    HrnetDtype dtype;
    const gchar *dtype_name; /* static */
    guint element_bytes;
    guint64 n_elements;
    guint64 view_offset; /* elements; of a view within the storage, else 0 */
} HrnetPickleStorage;

typedef struct {
    const HrnetPickleStorage *storage;
    guint64 offset; /* elements */
    guint n_dims;
    guint64 dims[HRNET_TENSOR_MAX_DIMS], strides[HRNET_TENSOR_MAX_DIMS];
} HrnetPickleTensor;

struct HrnetPickleValue {
    HrnetPickleKind kind;
    guint n_items;
    guint items_room;
    union {
        gint64 integer; /* of BOOL too */
        gdouble real;
        gchar *text; /* n_items bytes and a zero */
        HrnetPickleValue **items;
        guint global; /* index of the machine's table */
        HrnetPickleStorage *storage;
        HrnetPickleTensor *tensor;
    };
};

typedef struct HrnetPickle HrnetPickle;

/* Where the bytes come from; as HrnetFile's reading. */
typedef gboolean (*HrnetPickleRead)(gpointer data, guint64 offset, void *out, gsize n_bytes,
                                    GError **error);

/* A machine for the bytes start..end-1. path: for messages. budget: pays for steps and values, and
 * has to outlive the machine. */
HrnetPickle *hrnet_pickle_new(const gchar *path, HrnetBudget *budget, HrnetPickleRead read,
                              gpointer data, guint64 start, guint64 end);
void hrnet_pickle_free(HrnetPickle *pickle);

/* Runs one pickle up to its STOP; the next call goes on behind it. Values belong to the machine.
 * NULL on error. */
const HrnetPickleValue *hrnet_pickle_load(HrnetPickle *pickle, GError **error);

/* The offset behind the last pickle. */
guint64 hrnet_pickle_position(const HrnetPickle *pickle);

/* Calls func for every storage that the pickles so far mention. */
void hrnet_pickle_each_storage(const HrnetPickle *pickle,
                               void (*func)(const HrnetPickleStorage *storage, gpointer data),
                               gpointer data);

/* A dictionary's value under a text key, or NULL; NULL too where `dict` is no dictionary. */
const HrnetPickleValue *hrnet_pickle_lookup(const HrnetPickleValue *dict, const gchar *key);

#endif
