/* What a network computes, in 64 bits: whether ranges that were measured for one are of another.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It is made of the layers' numbers, normalisation folded in, and of the options that change what
 * the network computes of a frame. Against slips, not against forgery. */
#ifndef HRNET_NET_FINGERPRINT_H
#define HRNET_NET_FINGERPRINT_H

#include "net/layer_buffer.h"

/* Of the layer that the buffer holds. */
guint64 hrnet_fingerprint_layer(const HrnetNode *node, const HrnetLayerBuffer *buffer);

/* Of all, marks being the layers' by node, 0 where there is none. */
guint64 hrnet_fingerprint_join(const HrnetConfig *config, const guint64 *marks, guint n);

#endif
