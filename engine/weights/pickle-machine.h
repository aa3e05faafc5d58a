/* The pickle machine's state: its opcodes are in pickle.c, what REDUCE makes in pickle-records.c.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_PICKLE_MACHINE_H
#define HRNET_WEIGHTS_PICKLE_MACHINE_H

#include "weights/pickle.h"

struct HrnetPickle {
    gchar *path;
    HrnetBudget *budget;
    HrnetPickleRead read;
    gpointer data;
    guint64 position, end;
    guint8 window[4096]; /* bytes window_start.. of the input */
    guint64 window_start;
    guint window_bytes;

    GPtrArray *values; /* all ever made, owned */
    GPtrArray *stack;
    GArray *marks;        /* guint: heights of the stack */
    GHashTable *memo;     /* guint -> value */
    const gchar *trouble; /* of an opcode that failed without an error of its own; static */
};

/* Where these fail they set `trouble`, or the error if they have one, or the budget is overdrawn.
 */

/* A new value. */
HrnetPickleValue *hrnet_pickle_make(HrnetPickle *pickle, HrnetPickleKind kind);
/* Appends to a list, or a key or value to a dictionary. */
gboolean hrnet_pickle_append(HrnetPickle *pickle, HrnetPickleValue *list, HrnetPickleValue *item);

/* A little-endian number of up to 8 bytes. */
gboolean hrnet_pickle_take_number(HrnetPickle *pickle, guint n_bytes, guint64 *number,
                                  GError **error);
HrnetPickleValue *hrnet_pickle_take_text(HrnetPickle *pickle, guint64 n_bytes, GError **error);
/* Up to the end of a line, which is taken but not part of the text. */
HrnetPickleValue *hrnet_pickle_take_line(HrnetPickle *pickle, GError **error);

/* FALSE for NULL. */
gboolean hrnet_pickle_push(HrnetPickle *pickle, HrnetPickleValue *value);
HrnetPickleValue *hrnet_pickle_pop(HrnetPickle *pickle);
HrnetPickleValue *hrnet_pickle_top(HrnetPickle *pickle);
/* The stack's height at the last mark, or 0; nothing below is popped. */
guint hrnet_pickle_floor(const HrnetPickle *pickle);
/* Moves what lies above the last mark into `list`, and takes the mark away. */
gboolean hrnet_pickle_collect(HrnetPickle *pickle, HrnetPickleValue *list);

/* callable(args): the table of globals decides what it stands for; nothing is called. */
HrnetPickleValue *hrnet_pickle_reduce(HrnetPickle *pickle, const HrnetPickleValue *callable,
                                      const HrnetPickleValue *args);
/* A persistent id: ("storage", type, key, location, number of elements, view), or a class. */
HrnetPickleValue *hrnet_pickle_storage(HrnetPickle *pickle, const HrnetPickleValue *id);

#endif
