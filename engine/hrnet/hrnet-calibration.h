/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_CALIBRATION_H
#define HRNET_CALIBRATION_H

#include <hrnet/hrnet-image.h>
#include <hrnet/hrnet-model.h>

G_BEGIN_DECLS

/**
 * HrnetCalibration:
 *
 * Finds what a model has to know to run in int8: between which numbers the network's tensors lie,
 * over pictures like those that it is for. One thread at a time may use it.
 */
typedef struct _HrnetCalibration HrnetCalibration;

#define HRNET_TYPE_CALIBRATION (hrnet_calibration_get_type())
HRNET_API GType hrnet_calibration_get_type(void);

HRNET_API HrnetCalibration *hrnet_calibration_new(HrnetModel *model, guint n_threads,
                                                  GError **error);
HRNET_API HrnetCalibration *hrnet_calibration_ref(HrnetCalibration *calibration);
HRNET_API void hrnet_calibration_unref(HrnetCalibration *calibration);

HRNET_API gboolean hrnet_calibration_add(HrnetCalibration *calibration, const HrnetImage *image,
                                         GError **error);
HRNET_API gchar **hrnet_calibration_get_options(HrnetCalibration *calibration, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HrnetCalibration, hrnet_calibration_unref)

G_END_DECLS

#endif
