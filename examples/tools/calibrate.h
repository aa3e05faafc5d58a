/* Ranges for int8 from pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TOOLS_CALIBRATE_H
#define HRNET_TOOLS_CALIBRATE_H

#include <hrnet/hrnet.h>

/* Pictures to calibrate with, and others to measure the result on. */
typedef struct {
    GPtrArray *used, *held_out; /* gchar *, owned */
} CalibrationPictures;

/* places: files, and folders whose pictures, by their names, all count. Of
 * more than enough, some that are spread evenly; every fifth is held out. */
gboolean calibration_pictures_find(gchar *const *places, CalibrationPictures *pictures,
                                   GError **error);
void calibration_pictures_clear(CalibrationPictures *pictures);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CalibrationPictures, calibration_pictures_clear)

/* The model's ranges, as options for hrnet_model_convert(). Tells of its progress on standard error
 * where that is a terminal. */
gchar **calibrate(HrnetModel *model, const CalibrationPictures *pictures, GError **error);

#endif
