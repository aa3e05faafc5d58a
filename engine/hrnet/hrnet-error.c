/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet.h"

G_DEFINE_QUARK(hrnet - error - quark, hrnet_error)
