/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_INFO_H
#define HRNET_INFO_H

#include <glib-object.h>
#include <hrnet/hrnet-visibility.h>

G_BEGIN_DECLS

HRNET_API const gchar *hrnet_get_version(void);
HRNET_API const gchar *hrnet_get_isa(void);
HRNET_API const gchar *hrnet_get_cpu(void);
HRNET_API gdouble hrnet_measure_peak(guint n_threads);

G_END_DECLS

#endif
