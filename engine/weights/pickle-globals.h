/* The global names that a pickle may use, and what they make.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_PICKLE_GLOBALS_H
#define HRNET_WEIGHTS_PICKLE_GLOBALS_H

#include "weights/source.h"

typedef enum {
    HRNET_GLOBAL_DICT,      /* OrderedDict() */
    HRNET_GLOBAL_TENSOR,    /* f(storage, offset, dims, strides, ...) */
    HRNET_GLOBAL_PARAMETER, /* f(tensor, ...) */
    HRNET_GLOBAL_SUBCLASS,  /* f(f of a tensor, its class, its arguments, ...) */
    HRNET_GLOBAL_STORAGE,   /* a type of storage */
    HRNET_GLOBAL_INERT,     /* makes a value that nothing here looks at */
} HrnetGlobalKind;

typedef struct {
    const gchar *module, *name;
    HrnetGlobalKind kind;
    HrnetDtype dtype; /* of a storage */
    const gchar *dtype_name;
    guint element_bytes;
} HrnetGlobal;

/* Index of a name. Those that the table has not stand for objects of no use here, all alike; but
 * what would run programs or read files, were it called, has no index: -1. */
gint hrnet_global_find(const gchar *module, const gchar *name);
const HrnetGlobal *hrnet_global_get(guint index);

#endif
