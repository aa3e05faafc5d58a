/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_CONVERT_H
#define HRNET_CONVERT_H

#include <hrnet/hrnet-model.h>

G_BEGIN_DECLS

/**
 * HrnetConvertFlags:
 * @HRNET_CONVERT_NONE: 32-bit weights, nothing added
 * @HRNET_CONVERT_HALF: the convolutions' weights in 16 bits; biases and normalisation keep 32
 * @HRNET_CONVERT_SELFTEST: the file holds a self-test for hrnet_model_selftest()
 *
 * How hrnet_model_convert() writes a model.
 */
typedef enum {
    HRNET_CONVERT_NONE = 0,
    HRNET_CONVERT_HALF = 1 << 0,
    HRNET_CONVERT_SELFTEST = 1 << 1,
} HrnetConvertFlags;

HRNET_API gboolean hrnet_model_convert(const gchar *name, const gchar *const *options,
                                       const gchar *path, HrnetConvertFlags flags, GError **error);

HRNET_API gboolean hrnet_model_selftest(HrnetModel *model, GError **error);

G_END_DECLS

#endif
