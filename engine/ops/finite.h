/* Whether a tensor holds numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_OPS_FINITE_H
#define HRNET_OPS_FINITE_H

#include "base/workers.h"
#include "ops/tensor.h"

#include <stdbool.h>

/* False where an element is infinite or no number. Reads the tensor once: of the scores of 19
 * classes, a few thousandths of the network's time. */
bool hrnet_tensor_is_finite(const HrnetTensor *tensor, HrnetWorkers *workers);

#endif
