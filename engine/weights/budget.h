/* What reading a file may cost, whatever stands in it.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A few bytes of a pickle or a graph can ask for any amount of memory and time: copy this list,
 * look at that tensor again. So every reader pays for what it builds, before it does, out of one
 * budget that the file's size gives; a sound file needs a small part of it. It covers the tables
 * and what they are made from, not the weights, which are counted apart:
 * hrnet_source_check_weights(). */
#ifndef HRNET_WEIGHTS_BUDGET_H
#define HRNET_WEIGHTS_BUDGET_H

#include "weights/failure.h"

typedef struct {
    guint64 file_bytes;
    guint64 left_bytes;
    guint64 left_steps;   /* each a small piece of work: a name hashed, a value made */
    const gchar *trouble; /* what was overdrawn, static; NULL: nothing yet */
    gboolean no_memory;   /* the system had none for what was paid */
} HrnetBudget;

/* 8 times the file and 40 MiB; 20 million steps and one for each 16 bytes of the file. */
void hrnet_budget_init(HrnetBudget *budget, guint64 file_bytes);

/* Pays. FALSE where too little is left, now and from then on. */
gboolean hrnet_budget_take(HrnetBudget *budget, guint64 n_bytes, guint64 n_steps);

/* Gets back what was paid for memory that is freed again. */
void hrnet_budget_give_back(HrnetBudget *budget, guint64 n_bytes);

/* Overdraws it: the system has no memory for what was paid. FALSE. */
gboolean hrnet_budget_run_out(HrnetBudget *budget);

/* Sets the error of a budget that is overdrawn; FALSE. */
gboolean hrnet_budget_fail(const HrnetBudget *budget, const gchar *path, GError **error);

#endif
