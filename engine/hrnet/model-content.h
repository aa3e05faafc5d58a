/* The weights in memory that models share.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Elements of one process often name the same model. Its packed weights are there once, as long as
 * any HrnetModel uses them:
 *
 * - A file is told by device, inode, size and time stamps, those of the file beside it (PATH.json)
 *   and of the measured plans included; with the same options that finds the weights without a look
 *   into the file. Stamps younger than the clock that file systems take them from are not believed:
 *   a file that is replaced or written anew is loaded anew.
 * - A load under way is waited for.
 * - What has been loaded is compared with what is there, bit by bit; of equal contents, copies of a
 *   file for one, a single one stays. */
#ifndef HRNET_MODEL_CONTENT_H
#define HRNET_MODEL_CONTENT_H

#include "net/network.h"
#include "weights/weights.h"

/* Not to be changed by those who share it. */
typedef struct {
    HrnetWeights *weights; /* configuration and metadata */
    HrnetNetwork *network; /* in fp32 */
} HrnetModelContent;

/* The file's content, for hrnet_model_content_release(). Errors are the weights'. Any thread. */
HrnetModelContent *hrnet_model_content_acquire(const gchar *path, const gchar *const *options,
                                               GError **error);
/* The network in int8, by the ranges that the file holds. It is made when first asked for, from the
 * file, which must still hold the same weights, and lives as long as the content. Errors are the
 * weights'. Any thread. */
const HrnetNetwork *hrnet_model_content_int8(HrnetModelContent *content, GError **error);

/* Frees it with its last user. */
void hrnet_model_content_release(HrnetModelContent *content);

/* Contents in memory or being loaded, and loads that were started since the process began. */
void hrnet_model_content_count(guint *n_contents, guint *n_loads);

#endif
