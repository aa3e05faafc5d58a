/* PyTorch's checkpoints: the zip archive of 1.6 and later, and the stream of pickles before it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_PTH_H
#define HRNET_WEIGHTS_PTH_H

#include "weights/file.h"
#include "weights/pickle.h"

/* Take the file over, on failure as well. Nothing but the pickles is read before a tensor is asked
 * for. */
HrnetSource *hrnet_pth_zip_open(HrnetFile *file, GError **error);
HrnetSource *hrnet_pth_legacy_open(HrnetFile *file, GError **error);

/* Where a storage's bytes are. n_bytes: as many as there are. */
typedef gboolean (*HrnetPthLocate)(HrnetSource *source, const HrnetPickleStorage *storage,
                                   guint *blob, guint64 *offset_bytes, guint64 *n_bytes,
                                   GError **error);

/* Adds the network's tensors, wherever the pickle holds them: pth-state.h. */
gboolean hrnet_pth_add_state(HrnetSource *source, const HrnetPickleValue *root,
                             HrnetPthLocate locate, GError **error);

#endif
