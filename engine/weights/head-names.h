/* Finds a head by the names of its tensors, in other code's words for the authors' own.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A family of names is one more row of the tables in head-names.c. */
#ifndef HRNET_WEIGHTS_HEAD_NAMES_H
#define HRNET_WEIGHTS_HEAD_NAMES_H

#include "weights/source.h"

typedef struct HrnetHeadParts HrnetHeadParts;

typedef struct {
    const gchar *family;
    const HrnetHeadParts *head;
    const gchar *const *parts; /* what their names begin with, in the order of head's */
    const gchar *whole; /* a name that begins so and is none of the parts makes it another head */
    gboolean contexts;  /* a head of object contexts (graph/ocr.c) */
    gboolean authors;   /* the names are the authors' own */
    gboolean twice;     /* exchange units upsample in two steps */
} HrnetHeadNames;

/* A head whose parts bear the names of a family, behind any prefix, or NULL. names: all, sorted.
 * Free *prefix with g_free(). */
const HrnetHeadNames *hrnet_head_find_by_name(const HrnetSource *source, const GPtrArray *names,
                                              const gchar *trunk, gchar **prefix);

/* Notes what the parts are called. FALSE with an error where there is more than them. */
gboolean hrnet_head_check_names(const HrnetHeadNames *names_of, const gchar *prefix,
                                HrnetSource *source, const GPtrArray *names, GError **error);

#endif
