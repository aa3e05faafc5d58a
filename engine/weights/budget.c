/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/budget.h"

#define BYTES_A_FILE_BYTE 8u
#define SPARE_BYTES       (40u << 20)
#define SPARE_STEPS       20000000u
#define FILE_BYTES_A_STEP 16u

void hrnet_budget_init(HrnetBudget *budget, guint64 file_bytes)
{
    *budget = (HrnetBudget){
        .file_bytes = file_bytes,
        .left_bytes =
            MIN(file_bytes, G_MAXINT64 / BYTES_A_FILE_BYTE) * BYTES_A_FILE_BYTE + SPARE_BYTES,
        .left_steps = file_bytes / FILE_BYTES_A_STEP + SPARE_STEPS,
    };
}

gboolean hrnet_budget_take(HrnetBudget *budget, guint64 n_bytes, guint64 n_steps)
{
    if (!budget->trouble && n_bytes > budget->left_bytes)
        budget->trouble = "memory";
    else if (!budget->trouble && n_steps > budget->left_steps)
        budget->trouble = "work";
    if (budget->trouble)
        return FALSE;
    budget->left_bytes -= n_bytes;
    budget->left_steps -= n_steps;
    return TRUE;
}

void hrnet_budget_give_back(HrnetBudget *budget, guint64 n_bytes)
{
    budget->left_bytes += n_bytes;
}

gboolean hrnet_budget_run_out(HrnetBudget *budget)
{
    budget->trouble = "memory";
    budget->no_memory = TRUE;
    return FALSE;
}

gboolean hrnet_budget_fail(const HrnetBudget *budget, const gchar *path, GError **error)
{
    if (budget->no_memory)
        return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_NO_MEMORY, path,
                                  "no memory for what describes its tensors");
    return hrnet_weights_fail(error, HRNET_WEIGHTS_ERROR_INVALID, path,
                              "asks for too much %s for a file of %" G_GUINT64_FORMAT " bytes",
                              budget->trouble, budget->file_bytes);
}
