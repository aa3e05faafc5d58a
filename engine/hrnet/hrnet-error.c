/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet.h"

/* Not G_DEFINE_QUARK(), whose static variable threads write side by side. */
GQuark hrnet_error_quark(void)
{
    return g_quark_from_static_string("hrnet-error-quark");
}
