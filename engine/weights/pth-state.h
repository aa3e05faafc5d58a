/* Finds a network's tensors in what a pickle holds: a state dict anywhere within a training
 * checkpoint, or the attributes of a pickled module.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_PTH_STATE_H
#define HRNET_WEIGHTS_PTH_STATE_H

#include "weights/pickle.h"
#include "weights/source.h"

typedef struct {
    gchar *name;
    const HrnetPickleTensor *tensor;
} HrnetPthTensor;

/* The tensors of the network, or of the largest collection where none has a network's names; NULL
 * with an error where there are no tensors by name. Of several, one beside a teacher, an average or
 * an optimiser. Elements: HrnetPthTensor. Free with g_array_unref(). */
GArray *hrnet_pth_find_state(HrnetSource *source, const HrnetPickleValue *root, GError **error);

/* Puts the classes' names and colours that MMSegmentation's checkpoints have under "meta" into the
 * source's metadata, as "meta.classes" and "meta.palette". */
void hrnet_pth_note_classes(HrnetSource *source, const HrnetPickleValue *root);

#endif
