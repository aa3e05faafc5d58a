/* The configuration of a network, read off the names and shapes of its tensors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_INFER_H
#define HRNET_WEIGHTS_INFER_H

#include "weights/source.h"

/* Fills in what stands above "metadata" in HrnetConfig, and checks that every tensor of that
 * network is there in its shape and that no part of another network is there besides. Other tensors
 * are named in a debug line. Names are the authors' own. */
gboolean hrnet_config_infer(const HrnetSource *source, HrnetConfig *config, GError **error);

/* Trainable parameters: weights, biases, gamma and beta. */
guint64 hrnet_config_count_parameters(const HrnetSource *source, const HrnetConfig *config);

#endif
