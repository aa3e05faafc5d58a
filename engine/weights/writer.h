/* Writing a checkpoint in the native form: safetensors with the authors' names.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_WRITER_H
#define HRNET_WEIGHTS_WRITER_H

#include "base/output.h"
#include "weights/source.h"

/* Elements of tensors. KEEP: F16 and BF16 as they were, all else F32. HALF: F16 for the weights of
 * convolutions; biases and normalisation, which are few and may be tiny or large, are kept. */
typedef enum {
    HRNET_WRITTEN_KEEP,
    HRNET_WRITTEN_HALF,
    HRNET_WRITTEN_FLOAT,
} HrnetWritten;

/* Writes the network's tensors, not folded, in the order of its layers, and the metadata in force:
 * the file's own, the side file's, the options'. selftest: the value of hrnet.selftest, or NULL for
 * none; one that the input had is left out. output: at its beginning; path: its name, for messages.
 */
gboolean hrnet_weights_write(HrnetWeights *weights, HrnetOutput *output, const gchar *path,
                             HrnetWritten written, const gchar *selftest, GError **error);

/* Where the tensors come from; owned by the weights. */
HrnetSource *hrnet_weights_source(HrnetWeights *weights);

#endif
