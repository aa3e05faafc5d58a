/* Steps of a network in bytes: net/step.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_NET_INT8_STEP_H
#define HRNET_NET_INT8_STEP_H

#include "net/step.h"

/* As hrnet_step_make(), of a network that has its layers in bytes. */
gboolean hrnet_int8_step_make(const HrnetStepContext *context, guint first, HrnetStep *step);

#endif
