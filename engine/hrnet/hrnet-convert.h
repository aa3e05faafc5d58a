/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_CONVERT_H
#define HRNET_CONVERT_H

#include <hrnet/hrnet-model.h>

G_BEGIN_DECLS

/**
 * HrnetConvertFlags:
 * @HRNET_CONVERT_NONE: each tensor in 16 or 32 bits as it was (64 become 32), nothing added
 * @HRNET_CONVERT_HALF: the convolutions' weights in 16 bits; biases and normalisation as they were
 * @HRNET_CONVERT_SELFTEST: the file holds a self-test for hrnet_model_selftest()
 * @HRNET_CONVERT_FLOAT: every tensor in 32 bits; not together with %HRNET_CONVERT_HALF
 *
 * How hrnet_model_convert() writes a model.
 */
typedef enum {
    HRNET_CONVERT_NONE = 0,
    HRNET_CONVERT_HALF = 1 << 0,
    HRNET_CONVERT_SELFTEST = 1 << 1,
    HRNET_CONVERT_FLOAT = 1 << 2,
} HrnetConvertFlags;

HRNET_API gboolean hrnet_model_convert(const gchar *name, const gchar *const *options,
                                       const gchar *path, HrnetConvertFlags flags, GError **error);

HRNET_API gboolean hrnet_model_selftest(HrnetModel *model, GError **error);

G_END_DECLS

#endif
